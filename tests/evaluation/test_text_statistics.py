"""Tests of the statistics of a text."""

import numpy as np
import pytest

from charlstm.evaluation import text_statistics as text_statistics_module
from charlstm.evaluation.repetition import TextLoop
from charlstm.evaluation.text_statistics import text_statistics
from charlstm.text.vocabulary import RareCharacters, Vocabulary

CORPUS = "one fish\ntwo fish\nred fish\nblue fish\n"


def test_longest_passage_has_its_line_number():
    vocabulary = Vocabulary.of(CORPUS)
    found = text_statistics("the red fishes bled", Vocabulary.of(CORPUS + "the"), Vocabulary.of(CORPUS + "the").encode(CORPUS))
    assert (found.passage, found.line) == ("red fish", 3)
    assert found.novelty is not None
    assert found.novelty.longest is not None
    assert CORPUS[found.novelty.longest.place :].startswith("red fish")
    assert text_statistics("fish", vocabulary, vocabulary.encode(CORPUS)).line == 1


def test_final_line_end_does_not_hide_a_loop():
    vocabulary = Vocabulary("\nab ")
    assert text_statistics("ab " * 9 + "a\n", vocabulary, None).loop == TextLoop(3, 0)
    assert text_statistics("ab\n" * 9, vocabulary, None).loop == TextLoop(3, 0)


def test_no_novelty_without_a_training_text():
    found = text_statistics("ab" * 20, Vocabulary("ab"), None)
    assert (found.novelty, found.passage, found.loop) == (None, "", TextLoop(2, 0))
    assert found.distinct_4_grams == pytest.approx(2 / 37)


def test_no_passage_and_vocabulary_without_line_end():
    vocabulary = Vocabulary("abc")
    assert text_statistics("ccc", vocabulary, vocabulary.encode("abab")).passage == ""
    assert text_statistics("bc", vocabulary, vocabulary.encode("aab")).line == 1


def test_only_the_start_of_a_long_text_is_analysed(monkeypatch):
    monkeypatch.setattr(text_statistics_module, "MAX_COUNTED", 6)
    found = text_statistics("abcabcabab", Vocabulary("abc"), Vocabulary("abc").encode("abab"))
    assert (found.characters, found.passage) == (6, "ab")


def test_rare_characters_are_distinguished():
    vocabulary = Vocabulary("ab", RareCharacters("xy", (2, 2)))
    found = text_statistics("axbyb渡", vocabulary, vocabulary.encode_any("bbaxbxb").astype(np.uint8))
    assert found.passage == "axb"
    assert found.novelty.new[0] == pytest.approx(2 / 6)


def test_ids_beyond_the_dtype_of_the_training_text():
    vocabulary = Vocabulary("".join(map(chr, range(256))))
    assert text_statistics("ab\xff", vocabulary, vocabulary.encode("ab" * 20)).passage == "ab"
