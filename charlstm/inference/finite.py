"""Checks that no infinite or NaN number is reported, however large the weights are."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlstm.errors import CheckpointError


def check_finite(values: NDArray[Any]) -> NDArray[Any]:
    """Return an array computed with a model's weights, if it is finite.

    Raises:
        CheckpointError: If an element is infinite or NaN.
    """
    if not np.isfinite(values).all():
        raise _error()
    return values


def check_record(record: Any) -> None:
    """Check every number of a nested result.

    Raises:
        CheckpointError: If a number is infinite or NaN.
    """
    if isinstance(record, float):
        if not math.isfinite(record):
            raise _error()
    elif isinstance(record, dict | list | tuple):
        for member in record.values() if isinstance(record, dict) else record:
            check_record(member)


def _error() -> CheckpointError:
    return CheckpointError(
        "the weights of the model lead to numbers that are infinite or NaN; restore the weights from a copy, or choose another "
        "checkpoint"
    )
