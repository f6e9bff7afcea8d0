"""Counts and logarithms of frequencies, against Python's own Counter."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.text import frequencies
from charlstm.text.frequencies import log_frequencies, occurrences


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
