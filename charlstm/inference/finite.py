"""Numbers that weights of any size lead to: none is shown that is infinite or NaN."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlstm.errors import CheckpointError


def finite(values: NDArray[Any]) -> NDArray[Any]:
    """Return numbers that a model has led to, if they are finite.

    Raises:
        CheckpointError: If one is infinite or NaN.
    """
    if not np.isfinite(values).all():
        raise _refusal()
    return values


def check_record(record: Any) -> None:
    """Check every number of a result before any of it is shown.

    Raises:
        CheckpointError: If one is infinite or NaN.
    """
    if isinstance(record, float):
        if not math.isfinite(record):
            raise _refusal()
    elif isinstance(record, dict | list | tuple):
        for member in record.values() if isinstance(record, dict) else record:
            check_record(member)


def _refusal() -> CheckpointError:
    return CheckpointError(
        "the weights of the model lead to numbers that are infinite or NaN, of which nothing can be said; restore them from a "
        "copy, or choose another checkpoint"
    )
