"""Counts and logarithms of frequencies, against Python's own Counter."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.evaluation.baselines import baselines
from charlstm.text import frequencies
from charlstm.text.frequencies import log_frequencies, occurrences, unigram_nats
from charlstm.text.vocabulary import RareCharacters, Vocabulary


@given(st.lists(st.integers(0, 300), max_size=60), st.integers(2, 260), st.integers(1, 9), st.sampled_from(["u2", "u4"]))
def test_every_id_is_counted_and_ids_out_of_range_share_the_last(ids, size, block, dtype):
    counts = Counter(min(number, size - 1) for number in ids)
    expected = [counts[number] for number in range(size)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frequencies, "_BLOCK", block)
        found = np.array(ids, dtype)
        assert occurrences(found, size).tolist() == expected
        chances = np.exp(log_frequencies(found, size).astype(float))
    np.testing.assert_allclose(chances, [(count + 10) / (len(ids) + 10 * size) for count in expected], rtol=1e-5)
    assert chances.sum() == pytest.approx(1, rel=1e-5)


def test_all_occurrences_of_a_one_byte_id_are_counted():
    assert occurrences(np.full(1_000, 255, "u1"), 256)[255] == 1_000


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=40), st.lists(st.integers(0, 5), min_size=2, max_size=20), st.booleans()
)
def test_unigram_nats_are_those_of_the_baseline(learned, held_out, rare):
    vocabulary = Vocabulary("abcd", RareCharacters("ef", (3, 1))) if rare else Vocabulary("abcdef")
    ids = np.array(learned, np.uint8), np.array(held_out, np.uint8)
    assert unigram_nats(*ids, vocabulary) == pytest.approx(baselines(*ids, vocabulary)["unigram"])


def test_a_single_character_has_no_unigram_score():
    assert unigram_nats(np.array([0, 1]), np.array([0]), Vocabulary("ab")) is None
