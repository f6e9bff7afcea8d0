"""Tests of random numbers by seed and position."""

from itertools import combinations

import numpy as np
import pytest

from charlstm.text.random_streams import random_stream


@pytest.mark.parametrize("random_seed", [0, 5, 2**31 - 1])
@pytest.mark.parametrize("place", [(0,), (7,), (1, 3)])
def test_seeds_below_two_to_the_31_give_the_same_numbers_as_before(random_seed, place):
    assert random_stream(random_seed, *place).random() == np.random.default_rng([random_seed, *place]).random()


def test_seeds_and_positions_have_distinct_numbers():
    seeds = [5, 6, 5 + 2**31, 5 + 2**32, 6 + 2**32, 5 + 2**33, 5 + 2**62, 2**63 - 1]
    drawn = [random_stream(seed, place).random() for seed in seeds for place in range(4)]
    drawn += [random_stream(seed, 1, step).random() for seed in seeds for step in range(1, 4)]
    assert all(one != other for one, other in combinations(drawn, 2))
