"""Checkpoint folders: valid names, creation without overwriting, listing and lookup."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from charlstm.checkpoint.config_file import CONFIG, CheckpointConfig, write_config
from charlstm.checkpoint.folder import available_names, check_name, check_new, find_checkpoint, list_checkpoints, new_checkpoint
from charlstm.checkpoint.weights import WEIGHTS
from charlstm.errors import CheckpointError

Make = Callable[..., Path]


def create(root: Path, name: str) -> Path:
    with new_checkpoint(root, name) as folder:
        (folder / CONFIG).write_text("{}")
        assert not (root / name).exists()
    return root / name


@pytest.fixture
def make(tmp_path: Path, config: CheckpointConfig) -> Make:
    """Return a function that makes a checkpoint under ``tmp_path``, without weights if it is untrained."""

    def made(name: str, day: int = 1, trained: bool = True) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        write_config(folder, CheckpointConfig(**{**vars(config), "created": f"2026-01-{day:02}T00:00:00+00:00"}))
        if trained:
            (folder / WEIGHTS).write_bytes(b"")
        return folder

    return made


GOOD = ["a", "ferry-2", "Война_и_мир", "渡口一年", "v1.2", "9", "x" * 200, "con-man", "nulls", "two words"]
BAD = ["", ".", "..", ".hidden", "-rf", " a", "a ", "a.", "a/b", "/a", "a\\b", "C:", "a*", "a?", 'a"', "<a>", "a|b", "a\n"]


@pytest.mark.parametrize("name", GOOD, ids=ascii)
def test_valid_name_is_used_unchanged(tmp_path, name):
    assert check_name(name) == name
    assert create(tmp_path, name).name == name
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    "name", [*BAD, "\x7f", "\u202efoo", "a\u2028b", "\ufeffa", "\x9b31m", "a\0", "x" * 201, "渡" * 67], ids=ascii
)
def test_name_invalid_on_any_system_is_refused(tmp_path, name):
    for attempt in (lambda: check_name(name), lambda: check_new(tmp_path, name), lambda: create(tmp_path, name)):
        with pytest.raises(CheckpointError) as error:
            attempt()
        assert str(error.value).startswith(f"{name!r} cannot name a checkpoint; use letters")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["CON", "con", "nul", "Aux", "PRN", "com1", "LPT9", "nul.txt", "con.a.b"])
def test_name_of_a_windows_device_is_refused(name):
    with pytest.raises(CheckpointError, match="cannot name a checkpoint"):
        check_name(name)


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("novel", "novel"),
        ("my novel, part 1", "my-novel-part-1"),
        ("../../etc/passwd", "etc-passwd"),
        ("--draft--", "draft"),
        (".config", "config"),
        ("渡口一年", "渡口一年"),
        ("", "model"),
        ("...", "model"),
        ("con", "con-model"),
        ("caf\udce9", "caf"),
        ("a" * 100, "a" * 100),
        ("a" * 101, "a" * 100),
        ("é" * 51, "é" * 50),
        ("渡" * 34, "渡" * 33),  # 99 bytes, because a character takes 3
        ("a" + "é" * 50, "a" + "é" * 49),
    ],
    ids=ascii,
)
def test_default_name_is_derived_from_the_file_name(tmp_path, stem, name):
    assert next(available_names(tmp_path, stem)) == name


def test_used_name_gets_a_number(tmp_path, make):
    for expected in ["story", "story-2", "story-3"]:
        assert next(available_names(tmp_path, "story")) == expected
        make(expected)
    (tmp_path / "story-4").write_text("a file uses a name too")
    assert next(available_names(tmp_path, "story")) == "story-5"


@given(st.text())
@example("\U00020000" * 60)
@example("nul")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_default_name_is_valid(tmp_path, stem):
    assert check_name(next(available_names(tmp_path, stem)))


def test_existing_checkpoint_is_not_overwritten(tmp_path, make):
    folder = make("story")
    before = (folder / CONFIG).read_bytes()
    for attempt in (check_new, create):
        with pytest.raises(CheckpointError) as error:
            attempt(tmp_path, "story")
        assert str(error.value).startswith(f"{folder} already exists and was not changed; choose another `name`, or resume")
        assert "`resume=story`" in str(error.value)
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
