"""Characters to ids and back, and which characters are not known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.errors import UnknownCharacterError
from charlstm.text.vocabulary import Vocabulary, code_points, id_dtype

SURROGATES = range(0xD800, 0xE000)
any_text = st.text(st.characters(exclude_categories=()))  # lone surrogates too


def characters(size: int) -> str:
    """That many different characters."""
    return "".join([chr(code) for code in range(size + len(SURROGATES)) if code not in SURROGATES][:size])


@given(any_text.filter(bool))
def test_a_text_comes_back_from_its_ids(text):
    vocabulary = Vocabulary.of(text)
    ids = vocabulary.encode(text)
    assert vocabulary.decode(ids) == vocabulary.decode(ids.tolist()) == text
    ordered = sorted(set(text))
    assert ids.tolist() == [ordered.index(character) for character in text]
    assert len(vocabulary) == len(ordered)


@given(any_text)
def test_code_points_are_what_python_says(text):
    assert code_points(text).tolist() == [ord(character) for character in text]


def test_the_order_is_that_of_code_points_beyond_the_basic_plane():
    # In UTF-16 the surrogates of the first would come before the second.
    vocabulary = Vocabulary.of("\U0001f600\uffe5z")
    assert vocabulary.characters == "z\uffe5\U0001f600"
    assert vocabulary.codes.tolist() == [0x7A, 0xFFE5, 0x1F600]


@pytest.mark.parametrize(
    ("size", "bytes_each"),
    [(2, 1), (255, 1), (256, 1), (257, 2), (65535, 2), (65536, 2), (65537, 4), (1_114_112, 4)],
)
def test_ids_are_as_small_as_they_can_be(size, bytes_each):
    dtype = id_dtype(size)
    assert (dtype.kind, dtype.itemsize) == ("u", bytes_each)
    assert np.iinfo(dtype).max >= size - 1


@pytest.mark.parametrize("size", [256, 257, 65536, 65537])
def test_the_first_and_the_last_id_survive_their_type(size):
    vocabulary = Vocabulary.of(characters(size))
    text = vocabulary.characters[0] + vocabulary.characters[-1]
    ids = vocabulary.encode(text)
    assert ids.dtype == id_dtype(size)
    assert ids.tolist() == [0, size - 1]
    assert vocabulary.decode(ids) == text


@pytest.mark.parametrize("ids", [[], (), np.array([], np.uint8), np.array([], np.int64)], ids=repr)
def test_no_ids_are_an_empty_text(ids):
    assert Vocabulary.of("ab").decode(ids) == ""


def test_an_empty_text_has_no_ids():
    ids = Vocabulary.of("ab").encode("")
    assert (ids.shape, ids.dtype) == ((0,), np.uint8)


@pytest.mark.parametrize("unknown", ["!", "c", "z", "\U0001f600", "\ud800"], ids=ascii)
def test_an_unknown_character_is_refused_wherever_it_sorts(unknown):
    with pytest.raises(UnknownCharacterError) as error:
        Vocabulary.of("bdbd").encode("db" + unknown + "b")
    sentence = str(error.value)
    assert f"does not know {unknown!r};" in sentence
    assert "'b' 'd'" in sentence
    assert "--on-unknown skip" in sentence


def test_a_long_list_of_unknown_characters_is_cut():
    with pytest.raises(UnknownCharacterError, match="and 60 more") as error:
        Vocabulary.of("\n ").encode(characters(200)[100:])
    assert len(str(error.value)) < 600


def test_unknown_characters_are_named_once_in_order_of_appearance():
    assert Vocabulary.of("ab").unknown("zaybzya\n") == "zy\n"
    assert Vocabulary.of("ab").unknown("abba") == ""
