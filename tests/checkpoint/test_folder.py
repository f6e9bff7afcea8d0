"""Checkpoint folders: creation without overwriting, listing and lookup."""

from pathlib import Path

import pytest

from charlstm.checkpoint.config_file import CONFIG
from charlstm.checkpoint.folder import check_new, find_checkpoint, list_checkpoints, new_checkpoint
from charlstm.checkpoint.weights import WEIGHTS
from charlstm.errors import CheckpointError
from tests.checkpoint.conftest import create


def test_existing_checkpoint_is_not_overwritten(tmp_path, make):
    folder = make("story")
    before = (folder / CONFIG).read_bytes()
    for attempt in (check_new, create):
        with pytest.raises(CheckpointError) as error:
            attempt(tmp_path, "story")
        assert str(error.value).startswith(f"{folder} already exists and was not changed; choose another `name`, or resume")
        assert "`resume='story'`" in str(error.value)
    assert {path.name for path in folder.iterdir()} == {CONFIG, WEIGHTS}
    assert (folder / CONFIG).read_bytes() == before


def test_check_new_creates_nothing(tmp_path):
    root = tmp_path / "not" / "yet"
    assert check_new(root, "story") == root / "story"
    assert list(tmp_path.iterdir()) == []
    folder = create(root, "story")
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")) == [CONFIG, "resume", "resume/lock"]
    assert [path.name for path in root.iterdir()] == ["story"]


def test_failed_creation_leaves_nothing_and_can_be_repeated(tmp_path):
    def fail() -> None:
        with new_checkpoint(tmp_path, "story") as folder:
            (folder / CONFIG).touch()
            (folder / f".{CONFIG}.0123abcd.tmp").touch()
            raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            fail()
        assert list_checkpoints(tmp_path) == ([], [])
        assert not (tmp_path / "story").exists()
    assert not (create(tmp_path, "story") / f".{CONFIG}.0123abcd.tmp").exists()


def test_refused_write_leaves_no_temporary_folder(tmp_path):
    def fail() -> None:
        with new_checkpoint(tmp_path, "story") as folder:
            (folder / CONFIG).write_text("{}")
            raise CheckpointError("config.json cannot be written (No space left on device); free disk space")

    with pytest.raises(CheckpointError, match="cannot be written"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_link_in_place_of_the_temporary_folder_is_kept(tmp_path):
    victim = tmp_path / "victim"
    (victim / "sub").mkdir(parents=True)
    (victim / "sub" / "precious.txt").write_text("precious")
    (tmp_path / ".story.new").symlink_to(victim)
    with pytest.raises(CheckpointError, match=r"\.story\.new is a link or has files that charlstm did not write; remove it"):
        create(tmp_path, "story")
    assert [path.name for path in victim.rglob("*")] == ["sub", "precious.txt"]


@pytest.mark.parametrize("name", ["notes.txt", "resume/notes.txt", "deep/config.json", "config.json.tmp"])
def test_foreign_files_in_the_temporary_folder_are_kept(tmp_path, name):
    path = tmp_path / ".story.new" / name
    path.parent.mkdir(parents=True)
    path.write_text("precious")
    with pytest.raises(CheckpointError, match="files that charlstm did not write"):
        create(tmp_path, "story")
    assert path.read_text() == "precious"


def test_second_creation_of_the_same_checkpoint_is_refused(tmp_path):
    with new_checkpoint(tmp_path, "story"), pytest.raises(CheckpointError, match="story is being created by another process"):
        create(tmp_path, "story")
    with pytest.raises(CheckpointError, match="already exists"), new_checkpoint(tmp_path, "saga"):
        (tmp_path / "saga").mkdir()


def test_lock_is_held_until_the_checkpoint_appears(tmp_path, monkeypatch):
    def rename(path, target, original=Path.rename):
        with pytest.raises(CheckpointError, match="is being created by another process"):
            create(tmp_path, "story")
        return original(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    with new_checkpoint(tmp_path, "story") as folder:
        (folder / CONFIG).write_text("{}")
    assert (tmp_path / "story" / CONFIG).read_text() == "{}"


def test_folder_that_cannot_be_created_is_named(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(CheckpointError, match="cannot be created") as error:
        create(tmp_path / "file", "story")
    assert "`checkpoints`" in str(error.value)


def test_list_has_newest_first_and_damaged_ones_apart(tmp_path, make):
    made = [make("old", 1), make("new", 3), make("middle", 2, trained=False)]
    (make("broken", 9) / CONFIG).write_text("{")
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    found, (error,) = list_checkpoints(tmp_path)
    assert "broken" in str(error)
    assert [folder for folder, _ in found] == [made[1], made[2], made[0]]
    assert [config.created[8:10] for _, config in found] == ["03", "02", "01"]


def test_default_is_the_newest_checkpoint_with_weights(tmp_path, make):
    make("z-oldest", 1)
    newest = make("b-newest", 5)
    make("a-middle", 3)
    make("c-untrained", 9, trained=False)
    assert find_checkpoint(tmp_path, None) == newest


@pytest.mark.parametrize("root", [".", "missing"])
def test_message_without_checkpoints_advises_training(tmp_path, root):
    with pytest.raises(CheckpointError) as error:
        find_checkpoint(tmp_path / root, None)
    assert str(error.value).startswith(f"found no trained checkpoint in {tmp_path / root}; train a model first")
    assert "`checkpoints`" in str(error.value)


def test_checkpoint_is_found_by_name_or_path(tmp_path, make, monkeypatch):
    inside, outside = make("root/story"), make("elsewhere/other")
    root = tmp_path / "root"
    monkeypatch.chdir(tmp_path)
    assert find_checkpoint(root, "story") == inside
    assert find_checkpoint(root, str(outside)) == outside
    assert find_checkpoint(root, "elsewhere/other").resolve() == outside
    assert find_checkpoint(root, "story/") == inside


def test_name_takes_precedence_over_path(tmp_path, make, monkeypatch):
    inside, _ = make("root/story"), make("story")
    monkeypatch.chdir(tmp_path)
    assert find_checkpoint(tmp_path / "root", "story") == inside


@pytest.mark.parametrize("wanted", ["storey", "", "a/b/c", "../..", "a\0b", "x" * 300], ids=lambda name: ascii(name)[:9])
def test_message_for_missing_checkpoint_lists_existing_ones(tmp_path, make, wanted):
    make("story", 1)
    make("ferry", 2)
    with pytest.raises(CheckpointError) as error:
        find_checkpoint(tmp_path, wanted)
    assert str(error.value) == f"checkpoint {wanted!r} does not exist; {tmp_path} contains: ferry, story"


def test_message_for_an_empty_folder_lists_none(tmp_path):
    with pytest.raises(CheckpointError, match="contains: none"):
        find_checkpoint(tmp_path, "story")


def test_message_for_a_folder_that_does_not_exist_says_so(tmp_path):
    with pytest.raises(CheckpointError, match="nor does the folder of checkpoints"):
        find_checkpoint(tmp_path / "nowhere", "story")
