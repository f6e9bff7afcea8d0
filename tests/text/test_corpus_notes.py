"""Tests of notes on a text that was read: mixed line ends, byte order marks and markup."""

import pytest

from charlstm.text import decoding
from charlstm.text.corpus import read_corpus, read_text
from tests.text.conftest import text_of, with_lf


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("one\r\ntwo\n", ["CRLF, LF"]),
        ("one\rtwo\n", ["CR, LF"]),
        ("one\rtwo\r\n", ["CR, CRLF"]),
        ("one\n" * 9 + "two\r\nthree\r", ["CR, CRLF, LF"]),
        ("one\ufefftwo", ["1 byte order mark (U+FEFF) inside the text; it is left out"]),
        ("foo\ufeffbar baz\r\nqux\r\n", ["1 byte order mark (U+FEFF) inside the text; it is left out"]),
        ("\ufeffone\r\ntwo\ufeffthree\r\n", ["it is left out, and 1 line end is added where a joined file began"]),
        ("\ufeffone\ufefftwo\rthree\ufefffour", ["they are left out, and 2 line ends are added where a joined file"]),
        ("\ufeffone\r\ntwo\ufeffthree\n", ["CRLF, LF", "it is left out, and 1 line end is added"]),
        ("one\r\n\ufefftwo\n\ufeff", ["CRLF, LF", "2 byte order marks"]),
        ("one\r\ntwo\r\n", []),
        ("one\rtwo\r", []),
        ("\ufeffone\ntwo", []),
        ("one\x0btwo\u2028", []),
    ],
    ids=ascii,
)
def test_unusual_line_ends_and_marks_are_reported_once(make_file, monkeypatch, text, words, encoding):
    monkeypatch.setattr(decoding, "BLOCK_BYTES", 3)
    path, told = make_file(text.encode(encoding)), []
    read_text(path, encoding, told.append)
    assert read_corpus([path], encoding).notes == tuple(told)
    assert len(told) == len(words)
    assert all(str(path) in note and word in note for note, word in zip(told, words, strict=True))


@pytest.mark.parametrize("text", ["one\ufefftwo\r\nthree\r\n", "one \ufefftwo", "one\ufeff\ufefftwo\rthree\r"], ids=ascii)
def test_mark_in_a_file_without_one_at_its_start_adds_nothing(make_file, text):
    corpus = read_corpus([make_file(text.encode())])
    assert text_of(corpus) == with_lf(text.replace("\ufeff", ""))
    (note,) = corpus.notes
    assert note.endswith("left out.")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize(("end", "added"), [("", 1), ("\r\n", 0)])
def test_files_joined_with_cat_are_separated(make_file, encoding, end, added):
    content = ("one\r\ntwo" + end).encode(encoding) + "three\r\n".encode(encoding)
    corpus = read_corpus([make_file(content)], encoding)
    assert text_of(corpus) == "one\ntwo\nthree\n"
    (note,) = corpus.notes
    assert "1 byte order mark (U+FEFF) inside" in note
    assert ("1 line end is added" in note) == bool(added)


def test_file_with_mixed_line_ends_is_named(make_file):
    paths = [make_file(b"one\ntwo\n", "unix.txt"), make_file(b"one\r\ntwo\n", "mixed.txt"), make_file(b"a\r\n", "windows.txt")]
    (note,) = read_corpus(paths).notes
    assert "mixed.txt" in note


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf"], ids=["no bytes", "only a byte order mark"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_empty_file_among_several_is_named(make_file, content, place):
    paths = [make_file(b"one\n", "first.txt"), make_file(b"two\n", "last.txt")]
    paths.insert(place, make_file(content, "chapter.txt"))
    (note,) = read_corpus(paths).notes
    assert "chapter.txt is empty" in note


@pytest.mark.parametrize("content", ["<!DOCTYPE html>\n<p>a", " <html><p>a", "<?xml version='1.0'?><html>", "<HTML>a"])
def test_html_is_read_with_a_note(make_file, content):
    (note,) = read_corpus([make_file(content.encode())]).notes
    assert "text.txt is HTML: its markup is read together with its words" in note


@pytest.mark.parametrize("content", ["<3 is a heart", "{a: 1}", "# a heading", "a <html> tag", "a,b,c\n1,2,3"])
def test_plain_text_is_read_without_a_note(make_file, content):
    assert read_corpus([make_file(content.encode())]).notes == ()
