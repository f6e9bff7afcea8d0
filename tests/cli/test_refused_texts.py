"""Invalid texts and settings: exit code 1, one sentence on stderr, and no files."""

import gzip
import os
import re
from pathlib import Path

import pytest

BRIEFLY = ("--units", "4", "--epochs", "0.01")  # keeps a failing test short
STORY = "Once upon a time there was a ferry.\n" * 60


@pytest.fixture
def tale(tmp_path, make_checkpoint):
    return make_checkpoint(tmp_path / "checkpoints" / "tale")


def inside(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


UNREADABLE = {
    "empty": (b"", ["is empty"]),
    "byte order mark alone": (b"\xef\xbb\xbf", ["is empty"]),
    "binary": (b"ledger" + bytes(40), ["binary", "NUL", "character 6", "--text-encoding"]),
    "not UTF-8": ("Ein Fährmann".encode("cp1252"), ["0xe4", "offset 5", "--text-encoding"]),
    "cp1251": ("Паром пришёл утром.\n".encode("cp1251") * 60, ["0xcf", "Паром пришёл утром.", "\n  cp1251 "]),
    "UTF-16": ("A ferry".encode("utf-16"), ["UTF-16", "--text-encoding utf-16"]),
    "gzip, cut off": (gzip.compress(STORY.encode())[:-20], ["gzip", "damaged or cut off"]),
    "gzip twice": (gzip.compress(gzip.compress(STORY.encode())), ["gzip", "gunzip"]),
    "zip": (b"PK\x03\x04rest", ["zip", "unzip"]),
    "PDF": (b"%PDF-1.7\n", ["PDF", "plain text"]),
    "a program": (b"\x7fELF\x02\x01\x01" + bytes(40), ["Linux program", "plain text"]),
    "one distinct character": (b"aaaaaaaa" * 500, ["one distinct character", "'a'", "at least two"]),
}


@pytest.mark.parametrize("how", ["file", "stdin"])
@pytest.mark.parametrize(("content", "words"), UNREADABLE.values(), ids=UNREADABLE)
def test_binary_corpus_is_refused(refusal, tmp_path, how, content, words):
    (tmp_path / "corpus.txt").write_bytes(content)
    sentence = refusal("train", "corpus.txt" if how == "file" else "-", *BRIEFLY, stdin=content)
    for word in [*words, "corpus.txt" if how == "file" else "standard input"]:
        assert word in sentence
    assert inside(tmp_path) == ["corpus.txt"]


def test_missing_corpus_is_refused(refusal, tmp_path):
    sentence = refusal("train", "corpse.txt")
    assert "corpse.txt does not exist" in sentence
    assert inside(tmp_path) == []


def test_bad_file_among_good_ones_is_named(refusal, tmp_path):
    (tmp_path / "good.txt").write_text(STORY)
    (tmp_path / "bad.txt").write_bytes(b"abc\xff")
    assert refusal("train", "good.txt", "bad.txt").startswith("bad.txt is not utf-8: byte 0xff at offset 3")


def test_folder_without_texts_is_refused_with_advice(refusal, tmp_path):
    (tmp_path / "books").mkdir()
    sentence = refusal("train", "books")
    assert "books is a directory with no .txt file in it" in sentence
    assert "books/**/*.txt" in sentence


def test_unmatched_pattern_is_refused(refusal):
    assert refusal("train", "books/*.txt").startswith("books/*.txt matches no file")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is unreadable to root")
def test_unreadable_file_is_refused(refusal, tmp_path):
    (tmp_path / "corpus.txt").write_text(STORY)
    (tmp_path / "corpus.txt").chmod(0)
    assert "corpus.txt cannot be read (Permission denied)" in refusal("train", "corpus.txt")


def test_impossible_file_name_is_refused(refusal):
    assert "cannot be read (File name too long)" in refusal("train", "a" * 300)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="a file that opens and cannot be read is not to be had")
@pytest.mark.parametrize(
    "arguments", [["train", "/proc/self/mem"], ["generate", "--seed-file", "/proc/self/mem"]], ids=" ".join
)
def test_read_error_is_refused(refusal, tale, arguments):
    assert "/proc/self/mem cannot be read" in refusal(*arguments)


@pytest.mark.parametrize(
    "encoding", ["utf-99", "", "hex", "undefined", "punycode", "idna", "rot13", "base64", "utf-8\0", "\udcff"]
)
def test_unknown_encoding_is_refused(refusal, tmp_path, encoding):
    (tmp_path / "corpus.txt").write_text(STORY)
    said = refusal("train", "corpus.txt", *BRIEFLY, "--text-encoding", encoding)
    assert f"{encoding!r} is not a text encoding that charlstm reads; try utf-8" in said


@pytest.mark.parametrize(
    ("settings", "least", "lower"),
    [
        # 100 characters, of which the first 90 are trained on.
        ("--seq-len 90", 91, "--seq-len"),
        ("--seq-len 40 --batch-size 3", 121, "--batch-size"),
        ("--seq-len 90 --batches windows", 91, "--seq-len"),
        ("--seq-len 90 --batches windows --targets last", 91, "--seq-len"),
        ("--preset classic", 101, "--seq-len"),
    ],
)
def test_too_short_text_names_the_minimum(refusal, advice, tmp_path, settings, least, lower):
    (tmp_path / "corpus.txt").write_text("0123456789" * 10)
    sentence = refusal("train", "corpus.txt", *settings.split())
    assert "90 characters" in sentence
    assert re.search(rf"needs? {least}\b", sentence)
    assert lower in advice("train", sentence)
    assert inside(tmp_path) == ["corpus.txt"]


SETTINGS = {
    "--units 0": ["--units: ", "; found 0"],
    "--units 8,-1": ["--units: ", "; found 8, -1"],
    "--seq-len 0": ["--seq-len: ", "0"],
    "--dropout 1": ["--dropout: ", "1.0"],
    "--batch-size 0": ["--batch-size: ", "0"],
    "--learning-rate 0": ["--learning-rate: ", "0.0"],
    "--learning-rate nan": ["--learning-rate: ", "nan"],
    "--epochs -1": ["--epochs: ", "-1"],
    "--minutes 0": ["--minutes: ", "0"],
    "--validation-split 0.95": ["--validation-split: ", "0.95"],
    "--num-evaluations 0": ["--num-evaluations: ", "0"],
    "--name ../tale": ["'../tale'", "letters"],
    "--name ": ["''", "letters"],
}


@pytest.mark.parametrize(("arguments", "words"), SETTINGS.items(), ids=SETTINGS)
def test_out_of_range_settings_are_refused_early(refusal, tmp_path, arguments, words):
    (tmp_path / "corpus.txt").write_text(STORY)
    briefly = () if "--minutes" in arguments else BRIEFLY  # the two budgets exclude each other
    sentence = refusal("train", "corpus.txt", *briefly, *arguments.split(" "))
    for word in words:
        assert word in sentence
    assert inside(tmp_path) == ["corpus.txt"]
