"""Tests of refused sources: binary, missing or changing files, and unknown encodings."""

import bz2
import gzip
import io
import lzma
import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from charlstm.text import corpus as module
from charlstm.text.corpus import read_corpus, read_text
from tests.text.conftest import TEXT, refusal


def zipped(text: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("text.txt", text)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "found", "advice"),
    [
        # A fixed time: the current time would change the bytes, and so the name of the test.
        (gzip.compress(gzip.compress(TEXT.encode(), mtime=0), mtime=0), "a gzip file", "gunzip"),
        (zipped(TEXT), "a zip archive", "unzip"),
        (gzip.compress(lzma.compress(TEXT.encode()), mtime=0), "an xz file", "unxz"),
        (gzip.compress(bz2.compress(TEXT.encode()), mtime=0), "a bzip2 file", "bunzip2"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "a PDF", "plain text"),
        (TEXT.encode("utf-16"), "UTF-16, not UTF-8", "`text_encoding='utf-16'`"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "UTF-16, not UTF-8", "`text_encoding='utf-16'`"),
        (TEXT.encode("utf-16-le"), "in another encoding: it has a NUL at character 1;", "\n  utf-16-le "),
        (TEXT.encode("utf-16-be"), "in another encoding: it has a NUL at character 0;", "\n  utf-16-be "),
        (TEXT.encode("utf-32"), "UTF-32, not UTF-8", "`text_encoding='utf-32'`"),
        (TEXT.encode("utf-32-le"), "in another encoding: it has a NUL at character 1;", "\n  utf-32-le "),
        (bytes(40), "a binary file, or in another encoding: it has a NUL at character 0;", "plain text"),
        (
            TEXT.encode() * 2_000 + b"\0",
            "a binary file, or in another encoding: it has a NUL at character 1040000;",
            "plain text",
        ),
        (("é" * 20).encode() + b"\xff\n", "most of the rest is UTF-8", "remove the bytes that are not UTF-8"),
        ("渡口一年\n".encode() * 5_000 + "渡".encode()[:2], "is cut off: after 65,000 bytes", "get the whole file"),
        (b"", "is empty", "at least a few thousand characters"),
        (b"\xef\xbb\xbf", "is empty", "at least a few thousand characters"),
        (b"aaaa", "has one distinct character, 'a'", "at least two"),
        (b"\r\n\r\n", "has one distinct character, '\\n'", "at least two"),
    ],
)
def test_binary_files_are_refused_with_their_type(make_file, content, found, advice):
    sentence = refusal([make_file(content)])
    assert "text.txt" in sentence
    assert found in sentence
    assert advice in sentence


@pytest.mark.parametrize("text", ["BZhivago had a ferry", "%PDF is not what this is", "PK and I", "%!PS too"])
def test_a_text_that_begins_like_an_archive_is_accepted(make_file, text):
    assert read_text(make_file(text.encode())) == text


def test_a_bad_second_file_is_named(make_file):
    good, bad = make_file(b"good text", "good.txt"), make_file(b"bad \xff text", "bad.txt")
    sentence = refusal([good, bad])
    assert "bad.txt is not utf-8: byte 0xff at offset 4" in sentence
    assert "good.txt" not in sentence


def test_invalid_standard_input_is_named(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"abc\xff")))
    assert refusal(["-"]).startswith("standard input is not utf-8: byte 0xff at offset 3")


def test_empty_standard_input_is_named(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert refusal(["-"]).startswith("standard input is empty")


def test_a_folder_without_texts_is_refused_with_advice(tmp_path):
    (tmp_path / "novel.md").write_text(TEXT)
    sentence = refusal([tmp_path])
    assert sentence.startswith(f"{tmp_path} is a directory with no .txt file in it; ")
    assert f"'{tmp_path}/**/*.txt'" in sentence


def test_a_missing_file_is_refused_with_advice(tmp_path):
    path = tmp_path / "nothing.txt"
    assert refusal([path]) == f"{path} does not exist; give the path of a text file, or - for standard input"


@pytest.mark.parametrize("name", ["x" * 300, "loop"])
def test_a_path_that_cannot_be_opened_is_refused(tmp_path, name):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert f"{name} cannot be read (" in refusal([tmp_path / name])


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that opens and cannot be read")
def test_a_file_that_fails_while_it_is_read_is_refused():
    assert "/proc/self/mem cannot be read (Input/output error)" in refusal(["/proc/self/mem"])


@pytest.mark.parametrize("encoding", ["nonsense", "", "base64", "rot13", "undefined"])
def test_an_unknown_encoding_is_refused(make_file, encoding):
    sentence = refusal([make_file(b"a text")], encoding)
    assert repr(encoding) in sentence
    assert "utf-8" in sentence
    assert "gb18030" in sentence


@pytest.mark.parametrize(("encoding", "content"), [("utf-7", b"a+2AA-b"), ("unicode_escape", b"ab\\ud800")])
def test_a_lone_surrogate_is_refused(make_file, encoding, content):
    assert "text.txt" in refusal([make_file(content)], encoding)


@pytest.mark.parametrize(
    "after", [TEXT + "and more", TEXT[:-1], TEXT.replace("six", "ten")], ids=["longer", "shorter", "as long"]
)
def test_a_file_changed_while_it_is_read_is_refused(make_file, monkeypatch, after):
    path = make_file(TEXT.encode())
    between_the_passes(monkeypatch, lambda: path.write_bytes(after.encode()), path)
    sentence = refusal([path])
    assert sentence.startswith(f"{path} changed while it was read; ")
    assert "copy it" in sentence


@pytest.mark.skipif(os.name == "nt", reason="there a file that is open cannot be removed")
def test_a_file_removed_while_it_is_read_is_read_completely(make_file, monkeypatch):
    path = make_file(TEXT.encode())
    between_the_passes(monkeypatch, path.unlink, path)
    read = read_corpus([path])
    assert read.vocabulary.decode(read.ids) == TEXT


def between_the_passes(monkeypatch: pytest.MonkeyPatch, change: Callable[[], object], path: Path) -> None:
    """Call ``change`` between the two reading passes, after the characters are counted and before ids are made."""
    original = module.id_dtype

    def changing(size: int) -> object:
        change()
        if path.exists():
            later = path.stat().st_mtime + 5
            os.utime(path, (later, later))  # a later modification time, as after a while
        return original(size)

    monkeypatch.setattr(module, "id_dtype", changing)


def test_an_empty_file_is_named_by_its_path():
    assert refusal(["/dev/null"]).startswith("/dev/null is empty; ")
