"""``charlstm export`` and ``Model.export``: the paths that can be written to."""

from dataclasses import replace
from pathlib import Path

import pytest

import charlstm
from charlstm.checkpoint.config_file import read_config, write_config
from charlstm.errors import ConfigError
from charlstm.text.corpus import read_corpus
from tests.conftest import PANGRAM


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


def test_weights_are_scored_on_a_corpus_in_another_text_encoding(charlstm, refusal, tmp_path, make_checkpoint):
    folder = make_checkpoint(tmp_path / "checkpoints" / "tale")
    (tmp_path / "moved.txt").write_text(PANGRAM * 30, encoding="utf-16")
    text, config = read_corpus([str(tmp_path / "moved.txt")], "utf-16"), read_config(folder)
    record = replace(config.corpus, fingerprint=text.fingerprint, characters=len(text.ids))
    write_config(folder, replace(config, corpus=record))
    command = ("export", "--checkpoint", "tale", "--to", "page.html", "--corpus", "moved.txt")
    assert "moved.txt is UTF-16" in refusal(*command)
    for name in ("utf-16", "utf16"):
        assert "held-out characters" in charlstm(*command, "--text-encoding", name).stderr
    assert charlstm(*command[:5], "--text-encoding", "utf-16").exit_code == 2


@pytest.mark.parametrize("to", ["tale.py", "tale.keras", "tale.onnx", "tale.tflite"])
def test_a_corpus_that_scores_nothing_is_refused(refusal, tmp_path, make_checkpoint, to):
    make_checkpoint(tmp_path / "checkpoints" / "tale")
    sentence = refusal("export", "--checkpoint", "tale", "--to", to, "--corpus", "nowhere.txt")
    assert sentence.startswith("--corpus: it scores rounded weights")
    assert not (tmp_path / to).exists()
