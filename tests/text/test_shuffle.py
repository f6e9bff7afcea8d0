"""Tests of the computed order: a uniform permutation of any size, different in each epoch."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.text.shuffle import Shuffle
from tests.cases import slow

POWERS = [2**bits + offset for bits in range(4, 18) for offset in (-1, 0, 1)]


def order(size: int, random_seed: int = 0, epoch: int = 0) -> list[int]:
    return Shuffle(size, random_seed, epoch)(np.arange(size)).tolist()


@pytest.mark.parametrize("size", [*range(1, 70), *(power for power in POWERS if power >= 70), 10_007, 100_000])
def test_order_is_a_permutation(size):
    assert sorted(order(size)) == list(range(size))


@given(st.integers(1, 3000), st.integers(0, 2**63 - 1), st.integers(0, 10**9))
def test_order_is_a_permutation_for_any_seed(size, random_seed, epoch):
    assert sorted(order(size, random_seed, epoch)) == list(range(size))


@given(st.lists(st.integers(0, 999), max_size=20))
def test_any_part_of_the_order_can_be_computed(positions):
    whole = order(1000, 5, 2)
    part = Shuffle(1000, 5, 2)(np.array(positions, np.int64))
    assert part.tolist() == [whole[position] for position in positions]
    assert part.dtype == np.int64


def test_the_given_positions_are_not_modified():
    positions = np.arange(100, dtype=np.uint64)
    Shuffle(100, 0, 0)(positions)
    np.testing.assert_array_equal(positions, np.arange(100))


def test_a_huge_size_needs_no_memory():
    part = Shuffle(2**40 + 1, 0, 0)(np.arange(2000))
    assert len(set(part.tolist())) == 2000
    assert 0 <= part.min()
    assert part.max() <= 2**40
    assert abs(part.mean() / 2**40 - 0.5) < 0.05


def test_order_depends_on_epoch_and_seed_and_is_repeatable():
    orders = [order(100, seed, epoch) for seed in range(6) for epoch in range(6)]
    assert len({tuple(shuffled) for shuffled in orders}) == 36
    assert orders == [order(100, seed, epoch) for seed in range(6) for epoch in range(6)]


@pytest.mark.parametrize("size", [2, 3, *map(slow, (7, 8, 16, 17, 50))])
def test_every_position_has_every_item_equally_often(size):
    epochs = 2000
    counts, expected = np.zeros((size, size)), epochs / size
    for epoch in range(epochs):
        counts[np.arange(size), order(size, 0, epoch)] += 1
    freedom = (size - 1) ** 2
    chi_squared = ((counts - expected) ** 2 / expected).sum()
    assert chi_squared < freedom + 5 * np.sqrt(2 * freedom)


@pytest.mark.parametrize("size", [1000, 4096, 65_537])
def test_neighbours_are_far_apart_in_the_order(size):
    shuffled = order(size, 3, 1)
    # The mean distance of two random positions is a third of the length; without shuffling it would be 1.
    assert np.mean([abs(a - b) for a, b in pairwise(shuffled)]) / size == pytest.approx(1 / 3, abs=0.02)
    assert abs(np.corrcoef(shuffled, np.arange(size))[0, 1]) < 5 / np.sqrt(size)
