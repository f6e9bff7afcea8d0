"""The choice of learned characters, compared with counts made in Python."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.errors import ConfigError
from charlstm.planning.rare_characters import BaseCut, cut_vocabulary, min_count_of
from charlstm.text.corpus import Corpus, recoded
from charlstm.text.vocabulary import RareCharacters, Vocabulary


def corpus_of(text: str, more: str = "") -> Corpus:
    vocabulary = Vocabulary.of(text + more)
    return Corpus("a.txt", vocabulary, vocabulary.encode(text).copy(), "0" * 64, ("a.txt",))


def common(size: int, first: int = 0x4E00) -> str:
    return "".join(map(chr, range(first, first + size)))


@given(st.text("abcdefghij", min_size=2), st.text("abcdefghijkl"), st.integers(1, 5))
def test_characters_below_the_count_are_rare(learned, held_out, fewest):
    text, counts = learned + held_out, Counter(learned)
    expected = {character for character in set(text) if counts[character] >= fewest}
    if not any(counts[character] < fewest for character in counts):
        expected = set(text)
    if len(expected) < 2:
        with pytest.raises(ConfigError, match="a model needs at least two"):
            cut_vocabulary(corpus_of(text), len(learned), fewest)
        return
    corpus = corpus_of(text)
    vocabulary = cut_vocabulary(corpus, len(learned), fewest).vocabulary
    assert set(vocabulary.characters) == expected
    rare = {character: count for character, count in counts.items() if character not in expected}
    assert (vocabulary.rare is None) == (not rare)
    if rare:
        assert dict(zip(vocabulary.rare.characters, vocabulary.rare.counts, strict=True)) == rare
        assert list(vocabulary.rare.characters) == sorted(rare)
    assert vocabulary.decode(recoded(corpus, vocabulary).ids) == text


def test_auto_learns_all_of_a_small_vocabulary():
    text = common(254) * 6_000 + "ab"
    assert cut_vocabulary(corpus_of(text), len(text), "auto").vocabulary == Vocabulary.of(text)
    assert cut_vocabulary(corpus_of(text), len(text), "auto").notes == ()


@pytest.mark.parametrize(("length", "fewest"), [(999_000, 1), (1_500_000, 2), (2_500_000, 3)])
def test_auto_learns_characters_above_a_millionth_of_the_text(length, fewest):
    text = common(250) * (length // 250) + "é" * 3 + "ü" * 2 + common(10, 0x400)
    cut = cut_vocabulary(corpus_of(text), len(text), "auto")
    learned = {**dict.fromkeys(common(10, 0x400), 1), "é": 3, "ü": 2}
    assert set(cut.vocabulary.characters) == {*common(250), *(c for c, count in learned.items() if count >= fewest)}


def test_auto_learns_at_least_999_of_1000_characters():
    most = 1_998_000
    rare = common(1_500, 0x3400)  # once each, 0.075 %
    text = common(400) * (most // 400) + rare
    cut = cut_vocabulary(corpus_of(text), len(text), "auto")
    assert cut.vocabulary.characters == common(400)
    assert cut.notes == (
        "1,900 distinct characters; 400 of them make 99.92 % of the text and are learned, the rest share a placeholder "
        "(`min_count=1` learns all).",
    )
    text = common(400) * (most // 400) + common(2_100, 0x3400)  # 0.105 %
    cut = cut_vocabulary(corpus_of(text), len(text), "auto")
    assert cut.vocabulary == Vocabulary.of(text)
    assert cut.notes == (
        "2,500 distinct characters, all of which are learned; with `min_count=2` the 2,100 that occur once share a "
        "placeholder.",
    )


@pytest.mark.parametrize("each", [1, 2])
def test_auto_drops_scattered_characters_of_a_large_vocabulary(each):
    text = common(65) * 17_000 + common(5_000 // each, 0x3400) * each  # 0.45 % of 1.1 million
    vocabulary = cut_vocabulary(corpus_of(text), len(text), "auto").vocabulary
    assert vocabulary.characters == common(65)
    assert vocabulary.rare == RareCharacters(common(5_000 // each, 0x3400), (each,) * (5_000 // each))


def test_auto_keeps_scattered_characters_above_a_hundredth():
    text = common(65) * 1_000 + common(700, 0x3400)
    assert cut_vocabulary(corpus_of(text), len(text), "auto").vocabulary == Vocabulary.of(text)


@pytest.mark.parametrize("length", [20_000, 200_000, 900_000])
def test_auto_keeps_a_vocabulary_that_is_large_as_in_chinese(length):
    ranks = np.arange(1, 4_001)
    chosen = np.random.default_rng(0).choice(ranks, length, p=1 / ranks / (1 / ranks).sum())  # frequencies as in Chinese
    text = "".join(map(chr, 0x4E00 + chosen))
    vocabulary = cut_vocabulary(corpus_of(text), len(text), "auto").vocabulary
    assert vocabulary == Vocabulary.of(text)


def test_auto_does_not_replace_a_single_character():
    text = common(300) * 5_000 + "é"
    assert cut_vocabulary(corpus_of(text), len(text), "auto").vocabulary.rare is None
    assert cut_vocabulary(corpus_of(text + "ü"), len(text) + 1, "auto").vocabulary.rare == RareCharacters("éü", (1, 1))


def test_a_short_text_in_chinese_keeps_its_characters():
    text = (Path(__file__).parents[2] / "data" / "liu-du.txt").read_text("utf-8")
    cut = cut_vocabulary(corpus_of(text), round(0.9 * len(text)), "auto")
    assert cut.vocabulary == Vocabulary.of(text)
    assert len(cut.vocabulary) == 1_530


@pytest.mark.parametrize("fewest", [1, 7, "auto"])
def test_held_out_characters_are_learned_if_none_is_rare(fewest):
    assert cut_vocabulary(corpus_of("ab" * 10 + "cd"), 20, fewest).vocabulary == Vocabulary("abcd")


def test_note_says_that_no_character_is_rare():
    (note,) = cut_vocabulary(corpus_of("ab" * 10), 20, 5).notes
    assert note == "No character of the text is rarer than `min_count=5`: all are learned."


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "many", None])
def test_an_invalid_min_count_is_refused(value):
    with pytest.raises(ConfigError) as error:
        min_count_of({"min_count": value})
    assert (error.value.setting, error.value.found) == ("min_count", value)


def test_min_count_is_auto_by_default():
    assert (min_count_of({}), min_count_of({"min_count": "auto"}), min_count_of({"min_count": 7})) == ("auto", "auto", 7)


PLAIN = BaseCut(Vocabulary("abc"), 1_000)
WITH_RARE = BaseCut(Vocabulary("abc", RareCharacters("xyz", (4, 2, 1))), 1_000)


def test_learned_characters_of_a_base_stay_learned():
    text = "ab" * 10 + "c" + "d" * 9 + "e"
    vocabulary = cut_vocabulary(corpus_of(text, "abc"), len(text), 5, PLAIN).vocabulary
    assert vocabulary == Vocabulary("abcd", RareCharacters("e", (1,)))


def test_counts_of_characters_that_are_rare_in_both_texts_add_up():
    text = "ab" * 10 + "x" * 3 + "y" * 9 + "w"
    vocabulary = cut_vocabulary(corpus_of(text, "abc"), len(text), 5, WITH_RARE).vocabulary
    assert vocabulary == Vocabulary("abcy", RareCharacters("wxz", (1, 7, 1)))


def test_the_placeholder_of_a_base_stays_without_rare_characters():
    text = "abxyz" * 10
    vocabulary = cut_vocabulary(corpus_of(text, "abc"), len(text), 5, WITH_RARE).vocabulary
    assert vocabulary == Vocabulary("abcxyz", RareCharacters("", ()))


def test_auto_keeps_the_cut_of_a_base_on_the_same_text():
    text = "abc" * 331 + "x" * 4 + "yyz"
    vocabulary = cut_vocabulary(corpus_of(text), len(text), "auto", WITH_RARE).vocabulary
    assert vocabulary == Vocabulary("abc", RareCharacters("xyz", (8, 4, 2)))


def test_auto_learns_a_rare_character_that_became_frequent():
    text = "abc" * 331 + "x" * 5 + "yz"
    vocabulary = cut_vocabulary(corpus_of(text), len(text), "auto", WITH_RARE).vocabulary
    assert vocabulary == Vocabulary("abcx", RareCharacters("yz", (3, 2)))


def test_auto_learns_new_characters_unless_they_are_few_and_rare():
    text = "abc" * 1_000 + "é" * 3  # 3 of 3,003, as rare as the base's
    assert cut_vocabulary(corpus_of(text), len(text), "auto", WITH_RARE).vocabulary.characters == "abc"
    text = "abc" * 1_000 + common(30)  # one in a hundred
    assert set(cut_vocabulary(corpus_of(text), len(text), "auto", WITH_RARE).vocabulary.characters) == {*"abc", *common(30)}


@pytest.mark.parametrize("beyond", ["", "渡"])
def test_ids_are_recoded_in_place_if_their_type_allows(beyond):
    corpus = corpus_of("abcab" + beyond)
    vocabulary = Vocabulary("ab", RareCharacters("c", (1,)))
    found = recoded(corpus, vocabulary)
    assert np.shares_memory(found.ids, corpus.ids) == (not beyond)
    assert found.ids.dtype == (np.uint16 if beyond else np.uint8)
    assert vocabulary.decode(found.ids) == "abcab" + beyond
    assert (found.vocabulary, found.fingerprint, found.paths) == (vocabulary, corpus.fingerprint, corpus.paths)
