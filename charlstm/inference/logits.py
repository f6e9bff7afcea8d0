"""Logits in float64: probabilities from them, and what to do with NaN and infinities.

All functions work on logits ``[..., V]``; an excluded character has ``-inf``.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float64]

LARGE_VOCABULARY = 3_000
"""Vocabulary size from which noise and nucleus are computed only for characters that can be chosen; below, that is slower."""

MARGIN = 1e-9
"""A number that exceeds every rounding error in float64."""

_GREATEST = 1e39  # replaces +inf; greater than any float32


def log_softmax(logits: Logits) -> Logits:
    """Return the natural logarithms of the probabilities: ``[..., V]``."""
    result: Logits = logits - logits.max(-1, keepdims=True)
    result -= np.log(np.exp(result).sum(-1, keepdims=True))
    return result


def shift(logits: Logits) -> Logits:
    """Subtract each row's greatest logit in place, and return the logits; no probability changes."""
    logits -= logits.max(-1, keepdims=True)
    return logits


def replace_nonfinite(logits: NDArray[Any]) -> Logits:
    """Return logits in float64 without NaN and +inf: NaN becomes ``-inf``, +inf a number greater than any other.

    A row in which every character is excluded becomes uniform.
    """
    result = np.nan_to_num(logits.astype(np.float64), nan=-np.inf, posinf=_GREATEST, neginf=-np.inf)
    result[~np.isfinite(result).any(-1)] = 0.0
    return result
