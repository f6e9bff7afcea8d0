"""Smoothing, ranges and ticks of learning curves, against plain definitions."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.report.learning_curves import Series, loss_range, smoothed, ticks


@given(st.lists(st.one_of(st.just(math.nan), st.floats(-100, 100)), max_size=40), st.integers(1, 50))
def test_smoothing_is_the_trailing_mean_of_what_is_known(values, width):
    for place, mean in enumerate(smoothed(values, width)):
        known = [value for value in values[max(0, place - width + 1) : place + 1] if not math.isnan(value)]
        assert mean == pytest.approx(sum(known) / len(known) if known else math.nan, abs=1e-9, nan_ok=True)


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 10))
def test_ticks_are_few_evenly_spaced_and_inside(least, span, most):
    found = ticks(least, least + span, most)
    assert 1 <= len(found) <= most + 1
    slack = 1e-6 * (abs(least) + span)
    assert all(least - slack <= tick <= least + span + slack for tick in found)
    gaps = [second - first for first, second in pairwise(found)]
    assert all(gap == pytest.approx(gaps[0], rel=1e-4, abs=1e-9) for gap in gaps)


def test_an_empty_range_has_one_tick():
    assert ticks(2.0, 2.0) == [2.0]
    assert ticks(0.0, math.inf) == [0.0]


def test_range_leaves_out_the_steep_start_of_training_and_no_score():
    steep = Series(range(100), [9.0] * 4 + [2.0] * 95 + [1.0])
    low, high = loss_range([steep], [Series([1], [2.5])])
    assert 0.9 < low < 1.0
    assert 2.5 < high < 2.6
    assert loss_range([], []) == (0.0, 1.0)
