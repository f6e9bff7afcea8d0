"""Weights in the precision of an exported file: the rounding, and the bytes that the browser engine reads."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlstm.checkpoint.weights import Weights
from charlstm.choices import WeightsFormat
from charlstm.errors import ConfigError

LARGEST_FLOAT16 = 65504
"""The largest finite number in float16."""


def round_weights(weights: Weights, weights_format: WeightsFormat) -> Weights:
    """Return float32 weights as an exported file has them: each rounded to the nearest number of the format, ties to even.

    >>> round_weights({"dense/bias": np.array([0.1, 1.0], np.float32)}, "float16")["dense/bias"].tolist()
    [0.0999755859375, 1.0]

    Raises:
        ConfigError: If a weight is too large for the format.
    """
    if weights_format == "float32":
        return weights
    return {name: _float16(name, value).astype(np.float32) for name, value in weights.items()}


def pack_weights(weights: Weights, weights_format: WeightsFormat) -> bytes:
    """Return weights as little-endian bytes, one array after another in the order of the mapping.

    >>> pack_weights({"dense/bias": np.array([1.0, -2.0], np.float32)}, "float16").hex()
    '003c00c0'

    Raises:
        ConfigError: If a weight is too large for the format.
    """
    if weights_format == "float32":
        return b"".join(np.ascontiguousarray(value, "<f4").tobytes() for value in weights.values())
    return b"".join(_float16(name, value).tobytes() for name, value in weights.items())


def _float16(name: str, value: NDArray[np.float32]) -> NDArray[Any]:
    with np.errstate(over="ignore"):  # reported below
        rounded = np.ascontiguousarray(value, "<f2")
    if not np.isfinite(rounded).all():
        raise ConfigError(
            f"{name} has {value.flat[np.abs(value).argmax()]:,g}, but float16 holds numbers up to ±{LARGEST_FLOAT16:,}; choose "
            "`weights='float32'`",
            setting="weights",
        )
    return rounded
