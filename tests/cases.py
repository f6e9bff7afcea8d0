"""Selections of test cases."""

from collections.abc import Iterable
from itertools import product
from typing import Any

import pytest


def every_fifth(*axes: Iterable[Any]) -> list[Any]:
    """Return all combinations of the axes' values; four of five are slow tests.

    Five is prime to the lengths of the axes here, so that the fast cases have every value of every axis.
    """
    return [
        pytest.param(*values, marks=() if number % 5 == 0 else pytest.mark.slow) for number, values in enumerate(product(*axes))
    ]
