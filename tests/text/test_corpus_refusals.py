"""Tests of refused sources: binary, undecodable, missing or changing files."""

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
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from charlstm.errors import CorpusError
from charlstm.text import corpus as module
from charlstm.text import decoding
from charlstm.text.corpus import read_corpus, read_text

TEXT = "The ferry crosses at six.\n" * 20
# Whole and broken characters: bytes that never occur, stray continuations, cut sequences, overlong and surrogate forms.
pieces = st.sampled_from([b"a", "é".encode(), "渡".encode(), "\U0001f600".encode(), b"\r\n"])
broken = st.sampled_from([b"\xff", b"\xfe", b"\x80", b"\xc3", b"\xe6\xb8", b"\xf0\x9f\x98", b"\xc0\xaf", b"\xed\xa0\x80"])


def refusal(sources: list[str | Path], encoding: str = "utf-8") -> str:
    with pytest.raises(CorpusError) as error:
        read_corpus(sources, encoding)
    return str(error.value)


def first_bad_byte(content: bytes, encoding: str) -> int | None:
    """Return the offset of the first bad byte according to Python's decoder."""
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start
    return None


def zipped(text: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("text.txt", text)
    return file.getvalue()


@given(st.lists(pieces, max_size=8), broken, st.lists(pieces | broken, max_size=4), st.integers(1, 9))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_first_bad_byte_is_named_with_its_offset(make_file, before, bad, after, block):
    content = b"a" + b"".join([*before, bad, *after])
    offset = first_bad_byte(content, "utf-8")
    assume(offset is not None)  # pieces may add up to a character
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "BLOCK_BYTES", block)
        path = make_file(content)
        sentence = refusal([path])
        if "cut off" in sentence:
            assert f"{path} is cut off: after {offset} bytes of UTF-8" in sentence
            assert len(content) - offset < 4  # the longest character has four bytes
        else:
            assert f"{path} is not utf-8: byte 0x{content[offset]:02x} at offset {offset} does not decode" in sentence
            assert "`text_encoding`" in sentence or "repair it there" in sentence
        with pytest.raises(CorpusError, match=f"(at offset|after) {offset} "):
            read_text(path)


@pytest.mark.parametrize("ending", [b"\xc3", b"\xe6\xb8", b"\xf0\x9f\x98"])
@pytest.mark.parametrize("block", [3, 1 << 20])
def test_a_file_cut_off_inside_a_character_is_reported(make_file, monkeypatch, ending, block):
    monkeypatch.setattr(decoding, "BLOCK_BYTES", block)
    whole = "Ein Fährmann fährt über.\n".encode()
    path = make_file(whole + ending)
    assert refusal([path]) == (
        f"{path} is cut off: after {len(whole)} bytes of UTF-8 it ends inside a character; get the whole file, or remove "
        "the rest"
    )


def test_foreign_byte_at_the_end_is_not_reported_as_cut_off(make_file):
    assert "is not utf-8: byte 0xe9" in refusal([make_file(b"A caf\xe9")])  # cp1252


@pytest.mark.parametrize("ahead", [-4, -2, -1, 0, 1, 5])
@pytest.mark.parametrize("bad", [b"\xff", b"\xe6\xb8", b"\xf0\x9f\x98\xff"])
def test_offset_is_right_across_block_borders(make_file, ahead, bad):
    content = b"a" * (decoding.BLOCK_BYTES + ahead) + bad
    assert f"at offset {len(content) - len(bad)} " in refusal([make_file(content)])


@pytest.mark.parametrize("block", [2, 5, 1 << 20])
@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("utf-8", "\ufeffabc".encode() + b"\xff"),
        ("utf-8-sig", "abc".encode("utf-8-sig") + b"\xff"),
        ("utf-16", "abc".encode("utf-16") + b"\x41"),
        ("utf-16-le", "abc".encode("utf-16-le") + b"\x00\xdcx\x00"),
        ("utf-32-le", "abc".encode("utf-32-le") + b"\xff\xff\xff\xff"),
        ("gb18030", "渡口".encode("gb18030") + b"\xff"),
        ("big5", "渡口".encode("big5") + b"\xff\xff"),
        ("shift-jis", "さくら".encode("shift-jis") + b"\x81"),
        ("cp1252", b"abc\x81"),
        ("ascii", b"abcd\xe9"),
    ],
)
def test_offset_is_right_in_other_encodings(make_file, monkeypatch, encoding, content, block):
    monkeypatch.setattr(decoding, "BLOCK_BYTES", block)
    # Python counts from behind the mark that `utf-8-sig` removes.
    offset = first_bad_byte(content, "utf-8" if encoding == "utf-8-sig" else encoding)
    expected = f"is not {encoding}: byte 0x{content[offset]:02x} at offset {offset} "
    assert expected in refusal([make_file(content)], encoding)


@pytest.mark.parametrize(
    ("content", "found", "advice"),
    [
        # A fixed time: the current time would change the bytes, and so the name of the test.
        (gzip.compress(TEXT.encode(), mtime=0), "a gzip file", "gunzip"),
        (zipped(TEXT), "a zip archive", "unzip"),
        (lzma.compress(TEXT.encode()), "an xz file", "unxz"),
        (bz2.compress(TEXT.encode()), "a bzip2 file", "bunzip2"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "a PDF", "plain text"),
        (TEXT.encode("utf-16"), "UTF-16, not UTF-8", "`text_encoding=utf-16`"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "UTF-16, not UTF-8", "`text_encoding=utf-16`"),
        (TEXT.encode("utf-16-le"), "in another encoding: it has a NUL at character 1;", "\n  utf-16-le "),
        (TEXT.encode("utf-16-be"), "in another encoding: it has a NUL at character 0;", "\n  utf-16-be "),
        (TEXT.encode("utf-32"), "UTF-32, not UTF-8", "`text_encoding=utf-32`"),
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


@pytest.mark.parametrize("block", [3, 1 << 20])
def test_a_nul_is_found_in_any_block_and_counted_in_characters(make_file, monkeypatch, block):
    monkeypatch.setattr(decoding, "BLOCK_BYTES", block)
    assert "it has a NUL at character 7;" in refusal([make_file("渡口é abc\0".encode())])


def test_invalid_utf_16_is_reported(make_file):
    assert "text.txt is not utf-16" in refusal([make_file(TEXT.encode())], "utf-16")


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
    assert sentence.startswith("text.txt changed while it was read; ")
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
