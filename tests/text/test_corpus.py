"""Tests of reading texts: every character is preserved, from every kind of source."""

import hashlib
import io
import os
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from charlstm.text import corpus as module
from charlstm.text import decoding
from charlstm.text.corpus import read_again, read_corpus, read_text
from charlstm.text.vocabulary import RareCharacters, Vocabulary
from tests.text.conftest import text_of, with_lf

DATA = Path(__file__).parents[2] / "data"
# Line ends and characters of one to four bytes, so that many of them are cut by a block's border.
mixed = st.text(st.sampled_from("\r\n\r\nabé渡\U0001f600\u2028\x85\x0c\t")).filter(bool)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@given(mixed, st.integers(1, 9))
@example("a\r\r\n\r", 2)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_decoded_ids_equal_the_text_with_lf_line_ends(make_file, text, block):
    path, expected = make_file(text.encode()), with_lf(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "BLOCK_BYTES", block)
        corpus = read_corpus([path], extra_characters="ab")
        assert read_text(path) == text_of(corpus) == expected
    assert corpus.vocabulary.characters == "".join(sorted({*expected, "a", "b"}))
    assert corpus.fingerprint == sha256(expected)


@pytest.mark.parametrize("beyond", range(-3, 4))
@pytest.mark.parametrize("piece", ["é", "渡", "\U0001f600", "\r\n", "\r\r\n", "\r", "x\r"])
def test_characters_across_block_borders_are_read(make_file, piece, beyond):
    text = "a" * (decoding.BLOCK_BYTES + beyond) + piece + "z"
    corpus = read_corpus([make_file(text.encode())])
    assert text_of(corpus) == with_lf(text)


@pytest.mark.parametrize("block", [1, 2, 3, 7, 1 << 20])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        *[
            (encoding, "A ferry,\nÉté 渡口一年。\n\U0001f600 end")
            for encoding in ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "gb18030"]
        ],
        *[(encoding, "Été à\nGruyère") for encoding in ["latin-1", "cp1252", "cp850", "mac-roman"]],
        *[(encoding, "渡口\n一年") for encoding in ["gbk", "big5", "hz", "euc-jp"]],
        *[(encoding, "さくら\nさくら") for encoding in ["shift-jis", "iso2022-jp"]],
        ("koi8-r", "Жили-были\nдед да баба"),
        ("euc-kr", "나룻배\n나루"),
    ],
)
def test_result_does_not_depend_on_encoding_or_line_ends(make_file, monkeypatch, encoding, text, line_end, block):
    monkeypatch.setattr(decoding, "BLOCK_BYTES", block)
    path = make_file(text.replace("\n", line_end).encode(encoding))
    corpus = read_corpus([path], encoding)
    assert text_of(corpus) == read_text(path, encoding) == text
    assert corpus.fingerprint == sha256(text)


@pytest.mark.parametrize("block", [1, 3, 1 << 20])
@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("\ufeffab", "ab"),
        ("a\ufeffb", "ab"),
        ("foo \ufeffbar \u200bbaz\n", "foo bar \u200bbaz\n"),
        ("\ufeffa\ufeffb", "a\nb"),
        ("\ufeffone\r\ntwo\ufeffthree\r\n", "one\ntwo\nthree\n"),
        ("\ufeffClara\n\ufeffDora", "Clara\nDora"),
        ("a\ufeff\ufeffb\r\ufeffc", "ab\nc"),
        ("\ufeffa\ufeff\ufeffb\r\ufeffc", "a\nb\nc"),
        ("ab\ufeff", "ab"),
        ("\ufeff\ufeffab\ufeff\r\n\ufeff", "ab\n"),
        ("ab\r\ufeff\nc", "ab\nc"),
        ("a\rb", "a\nb"),
        ("ab\r", "ab\n"),
        ("\ra\r\r\nb\n\r", "\na\n\nb\n\n"),
        ("a \t\x0b\x0c\x85\u2028\u2029b", "a \t\x0b\x0c\x85\u2028\u2029b"),
        ("e\u0301 \u00e9 ﬁ", "e\u0301 \u00e9 ﬁ"),
    ],
    ids=ascii,
)
def test_only_byte_order_marks_and_line_ends_change(make_file, monkeypatch, content, text, block):
    monkeypatch.setattr(decoding, "BLOCK_BYTES", block)
    assert text_of(read_corpus([make_file(content.encode())])) == text


@pytest.mark.parametrize("block", [1, 1 << 20])
@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["Anna\nClara", "Dora\nEva\n"], "Anna\nClara\nDora\nEva\n"),
        (["Clara", "", "\ufeff", "Dora"], "Clara\nDora"),
        (["", "Clara", ""], "Clara"),
        (["Clara\r", "Dora\r\n", "Eva\n", "Fine"], "Clara\nDora\nEva\nFine"),
        (["Clara", "\nDora"], "Clara\n\nDora"),
        (["渡口", "一年"], "渡口\n一年"),
    ],
    ids=ascii,
)
def test_joined_files_are_separated_by_a_line_end(make_file, monkeypatch, pieces, text, block):
    monkeypatch.setattr(decoding, "BLOCK_BYTES", block)
    paths = [make_file(piece.encode(), f"{number}.txt") for number, piece in enumerate(pieces)]
    joined, whole = read_corpus(paths), read_corpus([make_file(text.encode())])
    assert text_of(joined) == text
    assert joined.name == " + ".join(path.name for path in paths)
    assert joined.paths == tuple(map(str, paths))
    empty = [path for path, piece in zip(paths, pieces, strict=True) if piece in ("", "\ufeff")]
    assert joined.notes == tuple(f"{path} is empty; nothing is read from it." for path in empty)
    assert joined.fingerprint == whole.fingerprint
    assert joined.vocabulary == whole.vocabulary
    np.testing.assert_array_equal(joined.ids, whole.ids)


def test_byte_order_mark_of_each_file_is_removed(make_file):
    paths = [make_file(text.encode("utf-8-sig"), name) for text, name in [("one ", "a"), ("two", "b")]]
    assert text_of(read_corpus(paths)) == "one \ntwo"


def test_the_same_file_twice_is_read_twice(make_file):
    path = make_file(b"ab")
    assert text_of(read_corpus([path, path])) == "ab\nab"


@pytest.mark.parametrize("lines", [1, 1000, 200_000])
def test_a_dash_is_standard_input(make_file, monkeypatch, lines):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("é\r\n渡".encode() * lines)))
    corpus = read_corpus([make_file(b"before "), "-"])
    assert text_of(corpus) == "before \n" + "é\n渡" * lines
    assert corpus.name == "text.txt + standard input"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("lines", [1, 1000, 200_000])
def test_a_pipe_is_read_once_and_completely(tmp_path, lines):
    fifo, text = tmp_path / "pipe", "渡口 ferry\n" * lines
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_bytes, args=(text.encode(),), daemon=True)
    writer.start()
    corpus = read_corpus([fifo])
    writer.join()
    assert text_of(corpus) == text
    assert corpus.name == "pipe"


def test_files_are_closed(make_file, monkeypatch):
    paths, opened, original = [make_file(b"ab", "a"), make_file(b"cd", "b")], [], Path.open
    monkeypatch.setattr(Path, "open", lambda path, mode: opened.append(original(path, mode)) or opened[-1])
    read_corpus(paths)
    read_text(paths[0])
    assert [file.closed for file in opened] == [True] * 3


@pytest.mark.parametrize(("size", "dtype"), [(2, "uint8"), (256, "uint8"), (257, "uint16"), (65537, "uint32")])
def test_id_type_is_the_smallest_for_the_vocabulary(make_file, size, dtype):
    text = "".join(map(chr, [*range(1, 0xD), *range(0xE, 0xD800), *range(0xE000, 0xFEFF), *range(0xFF00, 0x14000)][:size])) * 2
    corpus = read_corpus([make_file(text.encode())])
    assert corpus.ids.dtype == dtype
    assert corpus.ids.shape == (2 * size,)
    assert text_of(corpus) == text


def test_extra_characters_do_not_change_the_text(make_file):
    corpus = read_corpus([make_file(b"banana")], extra_characters="xyza渡")
    assert corpus.vocabulary.characters == "abnxyz渡"
    assert text_of(corpus) == "banana"
    assert corpus.fingerprint == read_corpus([make_file(b"banana")]).fingerprint


@pytest.mark.parametrize(("limit", "mapped"), [(0, True), (11, True), (12, False)])
def test_large_ids_are_mapped_from_an_unlinked_file(make_file, monkeypatch, tmp_path, limit, mapped):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.setattr(module, "MEMORY_MAP_BYTES", limit)
    corpus = read_corpus([make_file(b"abracadabra\n")])
    assert isinstance(corpus.ids, np.memmap) is mapped
    assert text_of(corpus) == "abracadabra\n"
    assert list(scratch.iterdir()) == []


def test_name_of_many_files_is_shortened(make_file):
    paths = [make_file(b"ab\n", f"{number:04}.txt") for number in range(1_000)]
    corpus = read_corpus(paths)
    assert len(corpus.ids) == 3_000
    assert corpus.name == " + ".join(f"{number:04}.txt" for number in range(9)) + " + 991 more"
    assert len(corpus.paths) == 1_000


def test_shipped_chinese_text_is_read_exactly():
    content = (DATA / "liu-du.txt").read_bytes().decode("utf-8")
    corpus = read_corpus([DATA / "liu-du.txt"])
    assert text_of(corpus) == content
    assert set(corpus.vocabulary.characters) == set(content)
    assert corpus.ids.dtype == np.uint16
    assert corpus.ids.nbytes == 2 * len(content)
    assert corpus.fingerprint == sha256(content)


def test_a_text_is_read_with_the_vocabulary_of_a_model(tmp_path):
    path = tmp_path / "story.txt"
    path.write_text("abcé渡\nab")
    vocabulary = Vocabulary("\nab", RareCharacters("cé", (1, 1)))
    found = read_again([path], "utf-8", vocabulary)
    assert found.vocabulary == vocabulary
    assert found.ids.tolist() == vocabulary.encode_any("abcé渡\nab").tolist()
    assert found.fingerprint == read_corpus([path]).fingerprint
    assert read_again([path], "utf-8", Vocabulary("\nabd")).vocabulary == Vocabulary("\nabcdé渡")
