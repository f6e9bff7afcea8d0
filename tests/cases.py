"""Selections of test cases."""

from collections.abc import Iterable
from itertools import product
from typing import Any

import pytest


def slow(*values: Any) -> Any:
    """Return a case of a parametrised test that only `make test-all` runs."""
    return pytest.param(*values, marks=pytest.mark.slow)


def every_pair(*axes: Iterable[Any]) -> list[Any]:
    """Return all combinations of the axes' values; those with an odd sum of places are slow tests.

    The fast cases have every value of two axes, and every pair of values of two of three axes.
    """
    axes = tuple(tuple(axis) for axis in axes)
    return [
        pytest.param(
            *(axis[place] for axis, place in zip(axes, places, strict=True)),
            marks=pytest.mark.slow if sum(places) % 2 else (),
        )
        for places in product(*(range(len(axis)) for axis in axes))
    ]


def every_eleventh(*axes: Iterable[Any]) -> list[Any]:
    """Return all combinations of the axes' values; ten of eleven are slow tests.

    Eleven is prime to the lengths of the axes here, so that the fast cases have every value of every axis.
    """
    places = enumerate(product(*axes))
    return [pytest.param(*values, marks=() if number % 11 == 0 else pytest.mark.slow) for number, values in places]
