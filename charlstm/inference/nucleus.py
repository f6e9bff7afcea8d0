"""The nucleus of top-p sampling: the fewest characters that together have a probability."""

import math

import numpy as np
from numpy.typing import NDArray

from charlstm.inference.logits import LARGE_VOCABULARY, MARGIN, Logits, log_softmax


def nucleus(logits: Logits, p: float) -> NDArray[np.bool_]:
    """Return a mask of the fewest characters that together have at least probability p: ``[B, V]``.

    The likeliest character is always one of them.
    """
    if logits.shape[-1] < LARGE_VOCABULARY:
        return _sorted_nucleus(logits, p)
    return np.stack([_large_nucleus(row, p) for row in logits])


def _sorted_nucleus(logits: Logits, p: float) -> NDArray[np.bool_]:
    """Return the mask for logits ``[..., V]``; sort all characters."""
    order = np.argsort(-logits, -1, kind="stable")
    before = _before(log_softmax(np.take_along_axis(logits, order, -1)))
    keep = np.empty_like(logits, bool)
    np.put_along_axis(keep, order, before < p, -1)
    np.put_along_axis(keep, order[..., :1], True, -1)
    return keep


def _large_nucleus(logits: Logits, p: float) -> NDArray[np.bool_]:
    """Return the same mask for logits ``[V]``; sort only the characters that can be in it.

    Characters with less than ``(1 - p) / V`` add up to less than ``1 - p``, so the others have more than p.
    """
    log_probabilities = log_softmax(logits)
    possible = np.flatnonzero(log_probabilities >= math.log((1 - p) / len(logits)) - MARGIN)
    order = possible[np.argsort(-logits[possible], kind="stable")]
    before = _before(log_probabilities[order])
    if np.abs(before - p).min() < MARGIN:
        return _sorted_nucleus(logits, p)  # too close to p: the result may depend on the order in which the softmax is summed
    keep = np.zeros_like(logits, bool)
    keep[order[: max(1, np.count_nonzero(before < p))]] = True
    return keep


def _before(log_probabilities: Logits) -> Logits:
    """Return the sum of the likelier characters' probabilities, for each of some characters sorted by probability."""
    probabilities = np.exp(log_probabilities)
    result: Logits = np.cumsum(probabilities, -1) - probabilities
    return result
