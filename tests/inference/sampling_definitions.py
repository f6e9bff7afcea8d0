"""The rules of sampling by their definitions, one row at a time, with every probability computed and sorted."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlstm.inference.sampling import Sampling

Row = NDArray[np.float64]

OPTIONS = [
    Sampling(1.0),
    Sampling(0.8, top_k=40),
    Sampling(1.0, top_p=0.9),
    Sampling(1.0, top_p=0.0),
    Sampling(0.5, top_p=0.999),
    Sampling(2.0, min_p=0.05),
    Sampling(0.8, repetition_penalty=1.3),
    Sampling(0.9, 100, 0.8, 0.01, 1.1),
]
"""Settings for which each rule is used alone, at its bounds, and with all others."""


def probabilities(row: Row) -> Row:
    """Return the softmax of logits: ``[V]``."""
    powers: Row = np.exp(row - row.max())
    powers /= powers.sum()
    return powers


def excluded(row: Row, keep: Any) -> Row:
    """Return logits with -inf for the characters that are not kept."""
    return np.where(keep, row, -np.inf)


def penalised(row: Row, recent: NDArray[np.int64], penalty: float) -> Row:
    """Return log-probabilities, multiplied by the penalty for the recent characters."""
    result: Row = row - row.max()
    result -= np.log(np.exp(result).sum())
    for character in set(recent.tolist()):
        result[character] *= penalty
    return result


def top_k(row: Row, k: int) -> Row:
    """Keep the characters with fewer than k likelier ones."""
    ordered = np.sort(row)
    likelier = len(row) - np.searchsorted(ordered, row, side="right")
    return excluded(row, likelier < k)


def top_p(row: Row, p: float) -> Row:
    """Keep the likeliest character, and each one whose likelier ones have less than p in total."""
    order = np.argsort(-row, kind="stable")
    shifted = row[order] - row[order].max()
    in_order = np.exp(shifted - np.log(np.exp(shifted).sum()))
    keep = np.empty(len(row), bool)
    keep[order] = np.cumsum(in_order) - in_order < p
    keep[order[0]] = True
    return excluded(row, keep)


def min_p(row: Row, p: float) -> Row:
    """Keep the characters with at least p times the likeliest one's probability."""
    return excluded(row, probabilities(row) >= p * probabilities(row).max())


def choice(row: Any, how: Sampling, noise: Row, recent: NDArray[np.int64]) -> int:
    """Return the character chosen from logits ``[V]`` with the noise of every character."""
    z = np.asarray(row, np.float64)
    if how.repetition_penalty != 1:
        z = penalised(z, recent, how.repetition_penalty)
    if how.temperature == 0:
        return int(z.argmax())
    z = (z - z.max()) / how.temperature
    z = top_k(z, how.top_k) if how.top_k else z
    z = top_p(z, how.top_p) if how.top_p < 1 else z
    z = min_p(z, how.min_p) if how.min_p else z
    return int((z + noise).argmax())


def drawn_in_blocks(random_seed: int, vocabulary_size: int, position: int) -> Row:
    """Return the noise at a position: 64 positions are one draw of ``default_rng([random_seed, block])``."""
    uniform = np.random.default_rng([random_seed, position // 64]).random((64, vocabulary_size))
    noise: Row = -np.log(-np.log(np.maximum(uniform, np.finfo(np.float64).tiny)))[position % 64]
    return noise
