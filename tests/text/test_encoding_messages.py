"""Tests of encoding detection: the right encoding is among those shown, and a wrong one is noted."""

import io
import re

import pytest

from charlstm.errors import CorpusError
from charlstm.text.corpus import read_corpus, read_text
from charlstm.text.encoding_sample import SAMPLE_BYTES, sample_of
from tests.text.passages import ENCODED, PASSAGES, passage


def refusal(path, encoding: str = "utf-8") -> str:
    with pytest.raises(CorpusError) as error:
        read_corpus([path], encoding)
    return str(error.value)


def notes(path, encoding: str) -> list[str]:
    told: list[str] = []
    read_text(path, encoding, told.append)
    return told


@pytest.mark.parametrize(("language", "encoding"), ENCODED)
def test_right_encoding_is_shown_first(make_file, language, encoding):
    text = passage(language, encoding)
    path = make_file(text.encode(encoding))
    sentence = refusal(path)
    _, first, *others, advice = sentence.split("\n")
    assert text[:20] in first
    assert len(others) <= 2
    assert re.search(r"is not utf-8: byte 0x[89a-f][0-9a-f] at offset [0-9]+ does not decode; ", sentence)
    assert all(len(line) <= 80 for line in sentence.split("\n")[1:])
    assert advice == "name the one that looks right with `text_encoding`"
    assert read_text(path, first.split()[0]) == text  # the first suggestion decodes the text


@pytest.mark.parametrize("times", [1, 1_500])
@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *[("Паром пришёл утром.\n", encoding) for encoding in ["cp1251", "koi8-r", "cp866"]],
        *[("渡し船は朝に着いた。\n", encoding) for encoding in ["shift_jis", "euc_jp"]],
        ("吾輩は猫である。名前はまだ無い。\n", "euc_jp"),
        *[("渡船早上到了。\n", encoding) for encoding in ["gb18030", "big5"]],
        *[("Το πορθμείο ήρθε.\n", encoding) for encoding in ["cp1253", "iso8859-7"]],
        *[("Die Fähre kam früh.\n", encoding) for encoding in ["cp1252", "latin-1"]],
    ],
)
def test_short_or_repetitive_text_is_detected(make_file, text, encoding, times):
    first, *others = refusal(make_file((text * times).encode(encoding))).split("\n")[1:-1]
    assert text.strip() in first
    assert len(others) <= 2


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Cześć, jak się masz? Żółć gęślą jaźń.\n", "iso8859_2"),
        ("Doña Inés comió jamón y pidió más.\n", "cp1252"),
        ("café à la crème, naïve\n", "cp1252"),
    ],
)
def test_ambiguous_encodings_are_all_shown(make_file, text, encoding):
    rows = refusal(make_file((text * 500).encode(encoding))).split("\n")[1:-1]
    assert any(row.split()[0] == encoding.replace("_", "-") or row.split()[0] == encoding for row in rows)
    assert any(text.strip() in row for row in rows)


@pytest.mark.parametrize("before", [0, SAMPLE_BYTES, (1 << 20) - 7, 3 << 20])
@pytest.mark.parametrize(("language", "encoding"), [("Russian", "cp1251"), ("Japanese", "shift_jis"), ("German", "cp1252")])
def test_sample_is_taken_where_the_text_is_not_ascii(make_file, language, encoding, before):
    plain = b"The ferry crosses at six.\n" * (before // 26) + b"x" * (before % 26) + b"\n"
    content = plain + PASSAGES[language].encode(encoding)
    sentence = refusal(make_file(content))
    assert PASSAGES[language][:20] in sentence.split("\n")[1]
    assert len(sample_of(io.BytesIO(content))) <= len(content) - len(plain)


def test_a_late_non_ascii_character_is_shown_in_context(make_file):
    sentence = refusal(make_file(("It is long before anything comes that is not ASCII, such as a café.\n").encode("cp1252")))
    assert re.search(r'cp1252 +"…ASCII, such as a café\."', sentence)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_text_in_ascii_is_shown_too(make_file, encoding):
    sentence = refusal(make_file(b"The ferry crosses at six.\n" * 100 + b"x"), encoding)
    assert 'utf-8  "The ferry crosses at six."' in sentence


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", ["Café déjà", "1 é à è ï", "Ó Ó Ó Ó"])
def test_wide_text_of_few_and_odd_words_is_not_read_in_narrow_encodings(make_file, text, encoding):
    sentence = refusal(make_file(f"{text}\n".encode(encoding) * 2000))
    first, *others = sentence.split("\n")[1:-1]
    assert encoding in first
    assert text in first
    assert all(" utf-" in line for line in others)


def test_control_characters_are_ignored_and_not_printed(make_file):
    sentence = refusal(make_file("\x1b[31mДверь открылась, и паромщик вошёл.\x07\n".encode("cp1251")))
    assert "Дверь открылась" in sentence.split("\n")[1]
    (note,) = notes(make_file("The “ferry” – it’s late…\n".encode("cp1252")), "latin-1")
    assert r"The \x93ferry\x94 \x96 it\x92s late\x85" in note
    assert all(character.isprintable() or character == "\n" for character in sentence + note)


@pytest.mark.parametrize(
    ("language", "encoding", "named"),
    [
        *[("Russian", "cp1251", named) for named in ["cp1252", "latin-1", "koi8-r", "cp1250", "mac-roman"]],
        *[("Russian", "koi8-r", named) for named in ["cp1251", "cp1252", "cp866"]],
        *[("Japanese", encoding, "gb18030") for encoding in ["shift_jis", "euc_jp"]],
        *[("Chinese", "gb18030", named) for named in ["cp1251", "latin-1", "mac-roman"]],
        *[("Taiwanese", "big5", named) for named in ["gb18030", "latin-1"]],
        *[("Greek", "cp1253", named) for named in ["cp1252", "cp1251"]],
        *[("Hebrew", "cp1255", named) for named in ["latin-1", "cp1251"]],
        *[("English", "cp1252", named) for named in ["latin-1", "koi8-r"]],
        *[("German", "utf-8", named) for named in ["cp1252", "latin-1"]],
        *[(language, "utf-8", "latin-1") for language in ["Russian", "English", "Chinese"]],
    ],
)
def test_doubtful_encoding_is_noted_with_both_readings(make_file, language, encoding, named):
    text = passage(language, encoding)
    path = make_file(text.encode(encoding))
    (note,) = notes(path, named)
    _, wrong, right, advice = note.split("\n")
    assert wrong.split()[0] == named
    assert text[:20] in right
    assert text[:20] not in wrong
    better = advice.rpartition("`text_encoding=")[2].removesuffix("`.")
    assert read_text(path, better) == text
    assert read_corpus([path], named).notes == (note,)


@pytest.mark.parametrize(("language", "encoding"), ENCODED)
def test_right_encoding_has_no_note(make_file, language, encoding):
    text = passage(language, encoding)
    assert notes(make_file(text.encode(encoding)), encoding) == []
    for line in text.splitlines():
        assert notes(make_file(line.encode(encoding)), encoding) == []


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-16", "utf-16-le", "utf-32", "utf-32-be", "utf-7", "utf-8-sig", "gb18030", "unicode_escape"]
)
@pytest.mark.parametrize("text", [*PASSAGES.values(), "The ferry crosses at six.\n"], ids=[*PASSAGES, "ASCII"])
def test_right_unicode_encoding_has_no_note(make_file, text, encoding):
    assert notes(make_file(text.encode(encoding)), encoding) == []


@pytest.mark.parametrize("text", ["Паром пришёл утром.\n" * 1500, "渡口一年，船夫很忙。\n" * 99, "Η βάρκα ήρθε το πρωί. " * 50])
def test_utf_7_without_hyphens_is_recognised(make_file, text):
    (note,) = notes(make_file(text.encode("utf-7")), "utf-8")
    assert text[:8] in note
    assert "`text_encoding='utf-7'`" in note


@pytest.mark.parametrize("times", [1, 400])
@pytest.mark.parametrize(("text", "other"), [("Die Fähre kam früh.\n", "latin-1"), ("L’été, à l’écluse…\n", "cp1252")])
def test_a_file_joined_from_utf_8_and_another_encoding_is_named_so(make_file, text, other, times):
    message = refusal(make_file(text.encode() * times + text.encode(other) * times))
    assert "joined from files in several encodings" in message


@pytest.mark.parametrize("language", ["French", "German", "English", "Polish"])
def test_utf_7_is_distinguished_from_ascii(make_file, language):
    path = make_file(PASSAGES[language].encode("utf-7"))
    (note,) = notes(path, "utf-8")
    assert PASSAGES[language][:8] in note
    assert "`text_encoding='utf-7'`" in note
    assert notes(path, "utf-7") == []


@pytest.mark.parametrize(
    "text",
    [
        "1 +abc- 2 +foo-bar 3 + 4 +xyz-",
        "x+abc-y and C++ with -+abc- +def- +ghi-",
        "arriv+AOk-, a single one",
        "-old\n+new-line\n+two-three\n+four-five\n" * 9,
        "+49-30-1234, +49-30-5678, +44-20-7946, +33-1-4567",
    ],
)
def test_plus_and_hyphen_are_not_utf_7(make_file, text):
    assert notes(make_file(text.encode()), "utf-8") == []


@pytest.mark.parametrize("encoding", ["cp037", "cp500"])
@pytest.mark.parametrize("language", ["French", "German", "English"])
@pytest.mark.parametrize("line_end", ["\n", "\x85"], ids=ascii)
def test_ebcdic_is_offered_first(make_file, language, encoding, line_end):
    text = passage(language, encoding).replace("\n", line_end)
    path = make_file(text.encode(encoding))
    first, *others = refusal(path).split("\n")[1:-1]
    assert re.fullmatch(r'  cp(037|500)  "…?(.{15}).*"', first)[2] in text
    assert len(others) <= 2
    assert notes(path, encoding) == []


@pytest.mark.parametrize(
    "content",
    [bytes(range(0x80, 0xA0)) * 9, b"\x81\x8d\x8f\x90\x9d " * 40, b"\x81@\x82\x90\x85@\x9f\x99 \x9d" * 30],
    ids=["C1", "undefined", "EBCDIC of nothing"],
)
def test_readings_with_control_or_private_characters_are_not_offered(make_file, content):
    sentence = refusal(make_file(content))
    for line in sentence.split("\n")[1:-1]:
        assert not re.search(r"\\x[89]|\\u[ef]", line)
    assert "in likelier encodings" in sentence or "no likely encoding was found" in sentence


@pytest.mark.parametrize(
    ("text", "encoding", "begin"),
    [
        (PASSAGES["Japanese"], "iso2022_jp", "渡し船は朝に着いた。"),
        (PASSAGES["Korean"], "iso2022_kr", PASSAGES["Korean"][:10]),
    ],
)
def test_iso_2022_is_distinguished_from_ascii(make_file, text, encoding, begin):
    path = make_file(text.encode(encoding))
    (note,) = notes(path, "utf-8")
    assert begin in note
    assert f"`text_encoding={encoding!r}`" in note
    assert notes(path, encoding) == []


def test_other_escape_sequences_are_not_iso_2022(make_file):
    assert notes(make_file(b"A colour: \x1b[31mred\x1b[0m, a price: \x1b$5\n"), "utf-8") == []
