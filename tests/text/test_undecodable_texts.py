"""Tests of texts that do not decode: the first bad byte is named with its offset."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from charlstm.errors import CorpusError
from charlstm.text import decoding
from charlstm.text.corpus import read_text
from tests.text.conftest import TEXT, refusal

# Whole and broken characters: bytes that never occur, stray continuations, cut sequences, overlong and surrogate forms.
pieces = st.sampled_from([b"a", "é".encode(), "渡".encode(), "\U0001f600".encode(), b"\r\n"])


broken = st.sampled_from([b"\xff", b"\xfe", b"\x80", b"\xc3", b"\xe6\xb8", b"\xf0\x9f\x98", b"\xc0\xaf", b"\xed\xa0\x80"])


def first_bad_byte(content: bytes, encoding: str) -> int | None:
    """Return the offset of the first bad byte according to Python's decoder."""
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start
    return None


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


@pytest.mark.parametrize("block", [3, 1 << 20])
def test_a_nul_is_found_in_any_block_and_counted_in_characters(make_file, monkeypatch, block):
    monkeypatch.setattr(decoding, "BLOCK_BYTES", block)
    assert "it has a NUL at character 7;" in refusal([make_file("渡口é abc\0".encode())])


def test_invalid_utf_16_is_reported(make_file):
    assert "text.txt is not utf-16" in refusal([make_file(TEXT.encode())], "utf-16")
