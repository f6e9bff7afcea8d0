"""Tests of text that was encoded twice."""

import pytest

from charlstm.text.mojibake import encoded_twice

FRENCH = "Le bac est arrivé tôt à l’île, été comme hiver."
RUSSIAN = "Паром пришёл утром. Река была тихой и тёплой."


def read_as(text: str, encoding: str) -> str:
    return "".join(
        bytes([byte]).decode(encoding) if encoding != "cp1252" or byte not in b"\x81\x8d\x8f\x90\x9d" else chr(byte)
        for byte in text.encode()
    )


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (FRENCH, "arrivé"),
        ("Über den Fluß gehört die Fähre", "Über"),
        ("“Go,” she said — “now…”", "“Go,”"),
        ("渡し船が来た。 川は静かだ。 朝だ。 夜だ。", "渡し船が来た。"),
        ("mañana señor niño año", "mañana"),
    ],
)
def test_utf8_read_as_cp1252_is_reported_and_repaired(text, word):
    encoding, before, after = encoded_twice(read_as(text, "cp1252"))
    assert (encoding, before) == ("cp1252", read_as(text, "cp1252").split()[text.split().index(word)])
    assert after == word


def test_utf8_read_as_cp1251_is_reported():
    text = RUSSIAN.replace("И", "и")  # only И has the byte 0x98, which cp1251 leaves undefined
    assert encoded_twice(read_as(text, "cp1251")) == ("cp1251", read_as("Паром", "cp1251"), "Паром")


@pytest.mark.parametrize(
    "text",
    [
        "", "plain English, with no accents at all", FRENCH, RUSSIAN, "Ça, là-bas: NOËL, GARÇON, CRÈME BRÛLÉE, À ÉTÉ",
        "渡し船が来た。川は静かだ。", "ÃÃÃ ÂÂÂ ÃÂÃ", "Πλοίο έφτασε νωρίς", "الباخرة وصلت باكرا",
        "São Paulo, manhã, irmã, ÃO, NÃO",
        "The byte pair Ã© stands for é.", "🚣🚣‍♀️ 🛶",
    ],
    ids=ascii,
)  # fmt: skip
def test_ordinary_text_has_no_note(text):
    assert encoded_twice(text) is None
