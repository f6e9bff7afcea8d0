"""Texts given to the commands: notes on stderr, folders and patterns."""

import json

import pytest

from charlstm.checkpoint.config_file import read_config
from tests.cli.conftest import SMALL
from tests.text.passages import PASSAGES

pytestmark = pytest.mark.usefixtures("idle_training")
STORY = "Once upon a time there was a ferry.\n" * 60
RUSSIAN = PASSAGES["Russian"] * 10


@pytest.fixture
def trained(charlstm, tmp_path):
    """Train on a text, and return the lines on stderr."""

    def run(content, *options, name="corpus.txt"):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        result = charlstm("train", name, *SMALL, *options)
        assert result.exit_code == 0, result.stderr
        return result.stderr.split("\n")

    return run


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        (STORY, "Once upon a time there was a ferry. Once upon a time there was a"),
        ("\n\n  渡口\n\n\t\x1b[31m一年\n" * 200, r"渡口 \t\x1b[31m一年 渡口 \t\x1b[31m一年"),
    ],
    ids=["words", "control characters"],
)
def test_first_words_are_shown_at_the_start(trained, text, beginning):
    (line,) = [line for line in trained(text) if line.startswith("Text begins: ")]
    assert line.startswith(f'Text begins: "{beginning}')
    assert line.endswith('…"')
    assert len(line) <= 80


@pytest.mark.slow
def test_first_words_are_shown_on_resume(charlstm, trained):
    trained(STORY)
    result = charlstm("train", "--resume", "corpus", "--epochs", "0.03")
    assert result.exit_code == 0
    assert 'Text begins: "Once upon a time' in result.stderr


def test_wrong_encoding_shows_both_readings(trained):
    said = trained(RUSSIAN.encode("cp1251"), "--text-encoding", "cp1252")
    at = said.index("corpus.txt looks wrong in cp1252, and better in cp1251:")
    assert "Ïàðîì ïðèø¸ë óòðîì." in said[at + 1]
    assert "Паром пришёл утром." in said[at + 2]
    assert said[at + 3].endswith("start again with --text-encoding cp1251.")
    assert any(line.startswith('Text begins: "Ïàðîì') for line in said)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("one\r\ntwo\nthree\n" * 90, "different line ends (CRLF, LF)"),
        ("one\rtwo\nthree\n" * 90, "different line ends (CR, LF)"),
        (("\ufeff" + STORY) * 2, "1 byte order mark (U+FEFF) inside"),
        ("<!doctype html>" + STORY, "is HTML: its markup is read together"),
        (json.dumps({"cells": [{"cell_type": "code", "source": STORY}]}), "is a Jupyter notebook"),
    ],
    ids=lambda value: ascii(value[:20]),
)
def test_unusual_texts_have_one_note(trained, content, words):
    assert len([line for line in trained(content) if words in line]) == 1


def test_carriage_returns_become_line_ends(trained, tmp_path):
    trained(STORY.replace("\n", "\r"))
    assert set(read_config(tmp_path / "checkpoints" / "corpus").vocabulary.characters) == set(STORY)


@pytest.mark.parametrize("source", ["books/", pytest.param("b*/[ab].txt", marks=pytest.mark.slow)])
def test_folder_or_pattern_is_trained_and_resumed(charlstm, tmp_path, source):
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "b.txt").write_text(STORY + "Dora")
    (tmp_path / "books" / "a.txt").write_text(STORY + "Clara")
    result = charlstm("train", source, *SMALL)
    assert result.exit_code == 0
    assert f"{source}: 2 files, a.txt, b.txt." in result.stderr
    assert f"a.txt + b.txt: {2 * len(STORY) + 10:,} characters" in result.stderr
    (folder,) = (tmp_path / "checkpoints").iterdir()
    assert folder.name == ("a" if "*" in source else "books")
    (tmp_path / "books" / "c.txt").write_text("added later")
    assert charlstm("train", "--resume", folder.name, "--epochs", "0.03").exit_code == 0
    elsewhere = charlstm("evaluate", "--sample", "20")
    assert elsewhere.exit_code == 1
    assert "say where it is with --corpus" in elsewhere.stderr
    assert str(tmp_path / "books" / "a.txt") in elsewhere.stderr
    files = ("--corpus", "books/a.txt", "--corpus", "books/b.txt")
    assert charlstm("evaluate", "--sample", "20", *files).exit_code == 0
    (tmp_path / "books" / "c.txt").unlink()
    assert charlstm("evaluate", "--sample", "20", "--corpus", source).exit_code == 0
    assert charlstm("train", source, "--resume", folder.name, "--epochs", "0.04").exit_code == 0


@pytest.mark.parametrize("source", ["texts", "texts/*.txt"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["generate", "--length", "3", "--seed-file"],
        ["compare", "--length", "3", "--sample", "20", "--text"],
        ["evaluate", "--sample", "20"],
        ["inspect", "step", "--text-file"],
    ],
    ids=" ".join,
)
def test_other_commands_read_folders_and_patterns(charlstm, tale, tmp_path, arguments, source):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "1.txt").write_bytes(b"The quick\r\nbrown fox\n" * 5)
    (tmp_path / "texts" / "2.txt").write_bytes(b"quick")
    (tmp_path / "texts" / "page.html").write_bytes(b"<p>")
    result = charlstm(*arguments, source)
    assert result.exit_code == 0
    assert f"{source}: 2 files, 1.txt, 2.txt." in result.stderr
    assert "1.txt has different line ends (CRLF, LF)" in result.stderr
    assert "matches no file" in charlstm(*arguments, "texts/*.md").stderr
    assert "is a directory with no .txt file in it" in charlstm(*arguments, "checkpoints").stderr


def test_text_encoded_twice_is_noted_with_the_repair(trained):
    text = "The café was closed, the thé cold, the été over. Où est l'île ?\n" * 100
    said = trained(text.encode().decode("cp1252").encode())
    (note,) = (line for line in said if "read as cp1252 and saved again" in line)
    assert "cafÃ© was probably café" in note
    assert "`iconv -f utf-8 -t cp1252`" in note
    assert not any("saved again" in line for line in trained(text.encode(), "--name", "right"))
