"""Tests of unknown characters: equivalent spellings, nearest characters, and the notes on them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.text.replacement import replace_unknown
from charlstm.text.vocabulary import Vocabulary

any_text = st.text(st.characters(exclude_categories=()))  # lone surrogates too
ALPHABET = Vocabulary.of(" 'aceABn.-\"\n")
POLICIES = ("error", "skip", "replace")


def composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def replaced(known: str, text: str) -> str:
    return replace_unknown(Vocabulary.of(known), text, "replace").text


def test_skip_omits_unknown_characters():
    found = replace_unknown(ALPHABET, "cabbage, né", "skip")
    assert found.text == "caae n"
    assert found.left_out == ("b", "g", ",", "é")
    assert found.replaced == found.respelled == ()


def test_error_policy_does_not_change_the_text():
    found = replace_unknown(ALPHABET, "cabbage", "error")
    assert (found.text, found.respelled, found.replaced, found.left_out) == ("cabbage", (), (), ())


EQUIVALENT = {
    "accent, decomposed": decomposed("é"),
    "two accents, decomposed": decomposed("ế"),
    "Korean syllable, decomposed": decomposed("한"),
    "Indic vowel sign, decomposed": decomposed("\u0995\u09cb"),
    "kana with a voicing mark, decomposed": decomposed("が"),
    "accent, composed": composed("é"),
    "Korean syllable, composed": "한",
    "Ångström sign": "\u212b",
    "Kelvin sign": "\u212a",
    "Ohm sign": "\u2126",
    "compatibility ideograph": "\uf92d",
}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("spelling", EQUIVALENT.values(), ids=EQUIVALENT)
def test_equivalent_spellings_are_converted_and_reported(spelling, policy):
    for known in {composed(spelling), decomposed(spelling), spelling} - {spelling}:
        for before, after in ((spelling, known), (known, spelling)):
            if set(before) <= set(after):
                continue
            found = replace_unknown(Vocabulary.of(after + " "), f" {before} {before}", policy)
            assert found.text == f" {after} {after}"
            assert found.respelled == ((before, after),)
            assert found.replaced == found.left_out == ()


def test_a_partly_composed_spelling_is_converted():
    assert replace_unknown(Vocabulary.of("\u00ea\u0301"), "ế", "error").text == "\u00ea\u0301"
    assert replace_unknown(Vocabulary.of("\u00ea\u0301"), decomposed("ế"), "error").text == "\u00ea\u0301"


def test_known_characters_are_not_respelled():
    text = decomposed("é") + composed("é")
    assert replace_unknown(Vocabulary.of(text), text, "replace").text == text
    assert replace_unknown(Vocabulary.of("\u00c5\u212b"), "\u212b\u00c5A\u030a", "error").text == "\u212b\u00c5\u00c5"


BOTH_WAYS = {
    "single quotation marks": ("‘don’t’", "'don't'"),
    "double quotation marks": ("“so” (“so”)", '"so" ("so")'),
    "low and high quotation marks": ("„so“", '"so"'),
    "guillemets": ("«so» — «so»", '"so" — "so"'),
    "single guillemets": ("‹so›", "'so'"),
    "corner brackets": ("「so」", '"so"'),
    "corner brackets and curly quotation marks": ("「so」『na』", "“so”‘na’"),
    "full-width quotation marks": ("＂so＂", '"so"'),
    "en dash": ("1–2", "1-2"),
    "em dash": ("so—so", "so-so"),
    "minus sign": ("−1", "-1"),
    "hyphen": ("so‐so", "so-so"),
    "no-break hyphen": ("so\u2011so", "so-so"),
    "horizontal bar": ("so―so", "so—so"),
    "ellipsis": ("so…", "so..."),
    "centred ellipsis": ("so⋯", "so…"),
    "full-width letters": ("Ｆｅｒｒｙ", "Ferry"),
    "full-width punctuation": ("（so！？）", "(so!?)"),
    "half-width katakana": ("ﾌｪﾘｰ", "フェリー"),
    "half-width katakana with voicing marks": ("ﾎﾟｶﾞ", "ポガ"),
    "ideographic full stop and comma": ("so。so、", "so.so,"),
    "full-width comma": ("so，", "so,"),
    "ideographic space": ("so\u3000so", "so so"),
    "no-break space": ("so\u00a0so", "so so"),
    "narrow no-break space": ("so\u202fso", "so so"),
    "wave dashes": ("so〜", "so～"),
    "middle dots": ("so・so", "so·so"),
    "micro sign": ("\u00b5", "\u03bc"),
    "other case": ("FERRY", "ferry"),
    "other case with an accent": ("É", "é"),
    "sharp s": ("ẞ", "ß"),
}


@pytest.mark.parametrize(("one", "other"), BOTH_WAYS.values(), ids=BOTH_WAYS)
def test_typographic_variants_replace_each_other(one, other):
    assert replaced(other, one) == other
    assert replaced(one, other) == one


ONE_WAY = {
    "base letter": ("é", "e"),
    "base letter of a decomposed one": (decomposed("é"), "e"),
    "base letter in the other case": ("É", "e"),
    "ligature": ("ﬁn", "fin"),
    "longer ligature": ("ﬃ", "ffi"),
    "letter e with letter a": ("Æon", "AEon"),
    "letter with a stroke": ("Łódź", "Lodz"),
    "sharp s as two letters": ("Straße", "Strasse"),
    "capital sharp s as two letters": ("STRAẞE", "STRASSE"),
    "long s": ("ſo", "so"),
    "superscript": ("m²", "m2"),
    "fraction": ("½", "1/2"),
    "trade mark": ("™", "TM"),
    "backtick": ("`so´", "'so'"),
    "primes": ("5′ 6″", "5' 6\""),
    "double marks as single ones": ("“so”", "'so'"),
    "bold letter": ("𝐀", "A"),
    "tab": ("so\tso", "so so"),
    "accented letter as base and mark": ("é", "e\u0301"),
}


@pytest.mark.parametrize(("text", "known"), ONE_WAY.values(), ids=ONE_WAY)
def test_a_character_may_become_several_or_lose_an_accent(text, known):
    assert replaced(known, text) == known


def test_the_nearer_of_two_candidates_is_used():
    assert replaced("-–", "—") == "–"
    assert replaced("eé", "É") == "é"
    assert replaced("eE", "É") == "E"
    assert replaced('"“”', "„") == "“"
    assert replaced(".。", "．") == "."


def test_straight_quotes_become_opening_or_closing_ones():
    assert replaced("“”‘’ ()so", "\"'so' so\" ('so')") == "“‘so’ so” (‘so’)"
    assert replaced("„“ so", '"so" "so"') == "„so“ „so“"
    assert replaced("rock ‘n’rol", "rock 'n' roll") == "rock ‘n’ roll"


NO_NEAREST = ["來", "z", "🦊", "\ud800", "#"]


@pytest.mark.parametrize("character", NO_NEAREST, ids=ascii)
def test_the_last_resort_is_a_space_or_nothing(character):
    assert replaced("来 \n", f"来{character}") == "来 "
    assert replaced("来\u3000\n", f"来{character}") == "来\u3000"
    found = replace_unknown(Vocabulary.of("\n来"), f"来{character}", "replace")
    assert (found.text, found.replaced, found.left_out) == ("来", (), (character,))


@pytest.mark.parametrize("character", ["\u2028", "\r", "\x85", "\x0b", "\x0c", "\u2029", "\u240a"], ids=ascii)
def test_a_line_end_does_not_replace_another(character):
    assert replaced("\na ", f"a{character}") == "a "
    assert replaced("\na", f"a{character}") == "a"


@pytest.mark.parametrize("character", ["\u200b", "\u00ad", "\ufeff", "\u200d", "\ufe0f", "\x07", "\u0301"], ids=ascii)
def test_invisible_characters_are_removed(character):
    assert replaced("ab ", f"a{character}b") == "ab"


def test_each_replacement_is_reported_once_in_order_of_kind():
    found = replace_unknown(Vocabulary.of('don\'t "so"e.'), "“don’t” so… “don’t” é", "replace")
    assert found.text == '"don\'t" so... "don\'t" e'
    assert found.replaced == (("“", '"'), ("’", "'"), ("”", '"'), ("…", "..."), ("é", "e"))


@given(any_text, any_text.filter(bool))
def test_a_converted_text_is_known_without_new_line_ends(text, known):
    vocabulary = Vocabulary.of(known)
    for policy in ("skip", "replace"):
        found = replace_unknown(vocabulary, text, policy)
        assert vocabulary.decode(vocabulary.encode(found.text)) == found.text
        assert found.text.count("\n") <= text.count("\n")
        if not vocabulary.unknown(text):
            assert found.text == text


@given(any_text, any_text.filter(bool))
def test_error_policy_keeps_the_canonical_text(text, known):
    found = replace_unknown(Vocabulary.of(known), text, "error")
    assert decomposed(found.text) == decomposed(text)


@pytest.mark.parametrize("text", ["“" * 200_000, '"' * 200_000, "e" + "\u0301" * 20_000, decomposed("é") * 50_000], ids=len)
def test_replacement_takes_linear_time(text):
    assert len(replaced("e.", text)) <= len(text)  # quadratic time would take hours here
