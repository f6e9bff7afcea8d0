"""Tests of vocabularies: characters to ids and back, and unknown characters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.errors import UnknownCharacterError
from charlstm.text.vocabulary import UNICODE, RareCharacters, Vocabulary, code_points, id_dtype
from charlstm.text.windows import model_ids

SURROGATES = range(0xD800, 0xE000)
any_text = st.text(st.characters(exclude_categories=()))  # lone surrogates too


def characters(size: int) -> str:
    """Return ``size`` different characters."""
    return "".join([chr(code) for code in range(size + len(SURROGATES)) if code not in SURROGATES][:size])


@given(any_text.filter(bool))
def test_decoding_the_ids_gives_the_text(text):
    vocabulary = Vocabulary.of(text)
    ids = vocabulary.encode(text)
    assert vocabulary.decode(ids) == vocabulary.decode(ids.tolist()) == text
    ordered = sorted(set(text))
    assert ids.tolist() == [ordered.index(character) for character in text]
    assert len(vocabulary) == len(ordered)


@given(any_text)
def test_code_points_equal_pythons(text):
    assert code_points(text).tolist() == [ord(character) for character in text]


def test_order_follows_code_points_beyond_the_basic_plane():
    # In UTF-16 the surrogates of the first would come before the second.
    vocabulary = Vocabulary.of("\U0001f600\uffe5z")
    assert vocabulary.characters == "z\uffe5\U0001f600"
    assert vocabulary.codes.tolist() == [0x7A, 0xFFE5, 0x1F600]


@pytest.mark.parametrize(
    ("size", "bytes_each"),
    [(2, 1), (255, 1), (256, 1), (257, 2), (65535, 2), (65536, 2), (65537, 4), (1_114_112, 4)],
)
def test_ids_have_the_smallest_type(size, bytes_each):
    dtype = id_dtype(size)
    assert (dtype.kind, dtype.itemsize) == ("u", bytes_each)
    assert np.iinfo(dtype).max >= size - 1


@pytest.mark.parametrize("size", [256, 257, 65536, 65537])
def test_first_and_last_id_fit_their_type(size):
    vocabulary = Vocabulary.of(characters(size))
    text = vocabulary.characters[0] + vocabulary.characters[-1]
    ids = vocabulary.encode(text)
    assert ids.dtype == id_dtype(size)
    assert ids.tolist() == [0, size - 1]
    assert vocabulary.decode(ids) == text


@pytest.mark.parametrize("ids", [[], (), np.array([], np.uint8), np.array([], np.int64)], ids=repr)
def test_decoding_no_ids_gives_an_empty_text(ids):
    assert Vocabulary.of("ab").decode(ids) == ""


def test_an_empty_text_has_no_ids():
    ids = Vocabulary.of("ab").encode("")
    assert (ids.shape, ids.dtype) == ((0,), np.uint8)


@pytest.mark.parametrize("unknown", ["!", "c", "z", "\U0001f600", "\ud800"], ids=ascii)
def test_an_unknown_character_is_refused_at_any_sort_position(unknown):
    with pytest.raises(UnknownCharacterError) as error:
        Vocabulary.of("bdbd").encode("db" + unknown + "b")
    sentence = str(error.value)
    assert f"does not know {unknown!r};" in sentence
    assert "'b' 'd'" in sentence
    assert "`on_unknown='skip'`" in sentence


def test_a_long_list_of_unknown_characters_is_cut():
    with pytest.raises(UnknownCharacterError, match="and 60 more") as error:
        Vocabulary.of("\n ").encode(characters(200)[100:])
    assert len(str(error.value)) < 600


def test_unknown_characters_are_named_once_in_order_of_appearance():
    assert Vocabulary.of("ab").unknown("zaybzya\n") == "zy\n"
    assert Vocabulary.of("ab").unknown("abba") == ""


@st.composite
def vocabularies_with_rare_characters(draw):
    """Draw a vocabulary with a placeholder, made from the characters of a text."""
    found = sorted(draw(st.sets(st.characters(exclude_categories=()), min_size=2, max_size=12)))
    kept = draw(st.sets(st.sampled_from(found), min_size=1))
    rare = [character for character in found if character not in kept]
    counts = draw(st.lists(st.integers(1, 50), min_size=len(rare), max_size=len(rare)))
    return Vocabulary("".join(sorted(kept)), RareCharacters("".join(rare), tuple(counts)))


@given(vocabularies_with_rare_characters(), st.data())
def test_decoding_with_rare_characters_gives_the_text(vocabulary, data):
    known = vocabulary.characters + vocabulary.rare.characters
    text = data.draw(st.text(st.one_of(st.sampled_from(known), st.characters(exclude_categories=()))))
    ids = vocabulary.encode_any(text)
    assert vocabulary.decode(ids) == vocabulary.decode(ids.tolist()) == text
    kept = [character in vocabulary.characters for character in text]
    assert (ids < len(vocabulary)).tolist() == kept
    expected = [vocabulary.characters.find(c) if c in vocabulary.characters else len(vocabulary) for c in text]
    assert model_ids(ids, vocabulary.model_size).tolist() == expected
    assert vocabulary.unknown(text) == "".join(c for c in dict.fromkeys(text) if c not in vocabulary.characters)


def test_rare_and_unseen_characters_have_ids():
    vocabulary = Vocabulary("ad", RareCharacters("bcé", (1, 2, 3)))
    assert vocabulary.encode_any("adbcéz\U0010ffff").tolist() == [0, 1, 2, 3, 4, 5 + ord("z"), 5 + 0x10FFFF]
    assert (len(vocabulary), vocabulary.model_size) == (2, 3)
    with pytest.raises(UnknownCharacterError, match="'b'"):
        vocabulary.encode("ab")


def test_unknown_characters_are_refused_without_rare_ones():
    vocabulary = Vocabulary("ab")
    assert vocabulary.encode_any("ba").dtype == np.uint8
    assert vocabulary.model_size == 2
    assert vocabulary.naming_nats(vocabulary.encode("abba")).tolist() == [0, 0, 0, 0]
    with pytest.raises(UnknownCharacterError):
        vocabulary.encode_any("c")


@pytest.mark.parametrize("rare", [RareCharacters("bcé", (1, 2, 40)), RareCharacters("", ())])
def test_name_probabilities_sum_to_one(rare):
    vocabulary = Vocabulary("ad", rare)
    others = "".join(map(chr, range(UNICODE))).replace("a", "").replace("d", "")
    probabilities = np.exp(-vocabulary.naming_nats(vocabulary.encode_any(others)))
    assert probabilities.sum() == pytest.approx(1, abs=1e-9)


def test_cost_of_a_name_follows_its_smoothed_frequency():
    vocabulary = Vocabulary("ad", RareCharacters("bc", (1, 3)))
    unlearned = UNICODE - 2
    nats = [0, -np.log((1 + 2 / unlearned) / 6), -np.log((3 + 2 / unlearned) / 6), -np.log(2 / unlearned / 6)]
    np.testing.assert_allclose(vocabulary.naming_nats(vocabulary.encode_any("abcz")), nats)
    assert vocabulary.naming_nats(np.array([0, 2], np.uint8))[1] == pytest.approx(nats[1])
