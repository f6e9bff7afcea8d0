"""The folders in which a model is searched for."""

import pytest

from charlstm.checkpoint import search
from charlstm.checkpoint.folder import list_checkpoints
from charlstm.checkpoint.search import BUNDLED, checkpoint_folders, find_model
from charlstm.errors import CheckpointError


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Return a current, a user's and a bundled folder, all empty."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(search, "user_data_path", lambda *_, **__: tmp_path / "user")
    monkeypatch.setattr(search, "BUNDLED", tmp_path / "bundled")
    return tmp_path / "checkpoints", tmp_path / "user" / "checkpoints", tmp_path / "bundled"


def test_the_demo_model_is_bundled():
    assert checkpoint_folders()[-1] == BUNDLED
    assert (BUNDLED / "ferry" / "model.safetensors").is_file()


def test_the_newest_model_of_the_first_folder_with_any_is_found(folders, make_checkpoint):
    for number, folder in reversed(list(enumerate(folders))):
        make_checkpoint(folder / "old", created="2026-01-01T00:00:00+00:00")
        make_checkpoint(folder / "new", created=f"2026-01-0{2 + number}T00:00:00+00:00")
        assert find_model().resolve() == folder / "new"


def test_a_name_is_found_in_the_first_folder_that_has_it(folders, make_checkpoint, tmp_path):
    current, user, bundled = folders
    make_checkpoint(current / "mine")
    make_checkpoint(bundled / "ferry")
    assert find_model("ferry") == bundled / "ferry"
    make_checkpoint(user / "ferry")
    assert find_model("ferry") == user / "ferry"
    make_checkpoint(current / "ferry")
    assert find_model("ferry").resolve() == current / "ferry"
    assert find_model(str(bundled / "ferry")) == bundled / "ferry"


def test_a_given_folder_is_the_only_one_searched(folders, make_checkpoint, tmp_path):
    make_checkpoint(folders[0] / "ferry")
    (tmp_path / "other").mkdir()
    with pytest.raises(CheckpointError, match="contains: none"):
        find_model("ferry", tmp_path / "other")
    with pytest.raises(CheckpointError, match="found no trained checkpoint in"):
        find_model(None, tmp_path / "other")


def test_a_missing_name_lists_the_models_of_all_folders(folders, make_checkpoint):
    make_checkpoint(folders[0] / "mine")
    make_checkpoint(folders[0] / "another")
    make_checkpoint(folders[2] / "ferry")
    with pytest.raises(CheckpointError) as error:
        find_model("nope")
    assert str(error.value) == (
        f"checkpoint 'nope' does not exist; checkpoints contains: another, mine; {folders[2]} contains: ferry"
    )


def test_a_checkpoint_without_its_configuration_is_not_said_to_be_missing(folders, make_checkpoint):
    for folder in folders:
        make_checkpoint(folder / "mine")
    for folder in folders[:2]:
        (folder / "mine" / "config.json").unlink()
    assert find_model("mine") == folders[2] / "mine"  # a whole one further on is found
    (folders[2] / "mine" / "config.json").unlink()
    said = r"checkpoints/mine has weights and no config\.json, without which they cannot be used; restore it from a copy"
    for folder in (None, folders[0]):
        with pytest.raises(CheckpointError, match=said):
            find_model("mine", folder)
    assert [str(error).partition(" has weights")[2] != "" for error in list_checkpoints(folders[0])[1]] == [True]


def test_no_model_at_all_is_one_sentence(folders):
    with pytest.raises(CheckpointError, match="found no trained checkpoint in checkpoints; train a model first"):
        find_model()
