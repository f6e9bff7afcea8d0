"""``charlstm export`` and ``Model.export``: the paths that can be written to."""

from pathlib import Path

import pytest

import charlstm
from charlstm.errors import ConfigError


@pytest.fixture
def refused(tmp_path, make_checkpoint, refusal):
    """Return a function that exports to a path, which must be refused without a change."""
    make_checkpoint(tmp_path / "checkpoints" / "tale")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "loop.html").symlink_to("loop.html")

    def export(to: str) -> str:
        before = sorted(tmp_path.rglob("*"))
        sentence = refusal("export", "--checkpoint", "tale", "--to", to)
        assert sorted(tmp_path.rglob("*")) == before
        return sentence

    return export


@pytest.mark.parametrize("to", ["loop", "loop/site"])
def test_a_folder_that_is_a_link_to_itself_is_in_the_way(refused, to):
    assert refused(to).endswith("loop is in the way; found '" + to + "'")


@pytest.mark.parametrize("to", ["x" * 300, "x" * 300 + ".html", "x" * 300 + "/page.html"])
def test_a_name_that_is_too_long_needs_a_shorter_one(refused, to):
    assert refused(to) == f"--to: {to} cannot be used (File name too long); choose a shorter name"


def test_a_page_that_ends_with_a_slash_is_refused(refused):
    assert refused("page.html/") == "--to: expected a file such as page.html; found 'page.html/'"


def test_the_library_names_the_folder_that_does_not_exist(refused, tmp_path):
    model = charlstm.load("tale", checkpoints=tmp_path / "checkpoints")
    for to, found in {
        "nowhere/page.html": "the folder nowhere does not exist",
        "checkpoints/tale/config.json/page.html": "the folder checkpoints/tale/config.json is not a folder",
        "loop/page.html": "the folder loop does not exist",
        "loop.html": "loop.html is a link to loop.html, which does not exist",
    }.items():
        with pytest.raises(ConfigError) as error:
            model.export(to)
        assert found in str(error.value)
        assert not Path("nowhere").exists()


def test_a_name_that_is_only_a_suffix_is_a_page(charlstm, tmp_path, make_checkpoint):
    make_checkpoint(tmp_path / "checkpoints" / "tale")
    assert charlstm("export", "--checkpoint", "tale", "--to", ".html").exit_code == 0
    assert (tmp_path / ".html").read_text().startswith("<!doctype html>")
