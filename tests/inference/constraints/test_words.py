"""Tests of word lists."""

import numpy as np
import pytest

from charlstm.inference.constraints.words import capitalised, find_words, words_automaton
from charlstm.text.vocabulary import Vocabulary

VOCABULARY = Vocabulary.of("abcdefhklnotAOBDT '\"’.,!\n-")
EVERYTHING = np.ones(len(VOCABULARY), bool)


def accepts(words: str, text: str, seed: str = "") -> bool:
    return words_automaton(VOCABULARY, words.split(), seed, EVERYTHING).accepts(VOCABULARY.encode(text))


def test_words_have_letters_digits_and_inner_apostrophes():
    assert find_words("Don't 'look' at_the 7 o’clock boat-house!") == {
        "Don't",
        "look",
        "at",
        "the",
        "7",
        "o’clock",
        "boat",
        "house",
    }


@pytest.mark.parametrize(
    ("text", "obeys"),
    [
        ("the boat", False), ("a boat, a dock", True), ("a boa", False), ("aboat", False), ("boat-dock!", True),
        ("can't dock", True), ("can dock", False), ("a 'boat' a", True), ("boat't", False), ("a 'bo", False),
        ("boat''dock", True), ("can't'", True), ("can'dock", False), ("boat’dock", False), ("", True),
    ],
)  # fmt: skip
def test_only_words_of_the_list_occur(text, obeys):
    assert accepts("a boat dock can't", text) is obeys


@pytest.mark.parametrize(
    ("text", "obeys"),
    [
        ("A boat. A dock", True), ("A boat, A dock", False), ('a boat "A dock', True), ("a\nBoat", True), ("a BOAT", False),
        ("a!  A", True), ("a, Ada", True), ("ada", False),
    ],
)  # fmt: skip
def test_capitals_begin_sentences_and_lines(text, obeys):
    assert accepts("a boat dock Ada", text) is obeys


def test_a_sentence_of_the_seed_goes_on():
    assert accepts("a boat", "A", seed="Boat. ")
    assert not accepts("a boat", "A", seed="Boat, ")
    assert accepts("a boat", "at", seed="A bo")


def test_an_apostrophe_of_the_seed_can_be_a_quotation_mark_or_in_a_word():
    assert accepts("can't can", "t", seed="can'")
    assert accepts("can't can", " can", seed="can'")
    assert accepts("boat", " boat", seed="boat'")


@pytest.mark.parametrize(("word", "expected"), [("boat", "Boat"), ("Ada", "Ada"), ("ßa", "ßa"), ("7a", "7a")])
def test_a_capital_replaces_one_character(word, expected):
    assert capitalised(word) == expected


def test_equal_endings_are_shared():
    many = [first + second + "ation" for first in "abcdef" for second in "lno"]
    assert len(words_automaton(Vocabulary.of("abcdeflnotiABDT "), many, "", np.ones(16, bool)).accepting) < 40
