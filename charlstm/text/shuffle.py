"""Pseudo-random permutation that is computed, not stored."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlstm.text.random_streams import random_stream

_ROUNDS = 6


@dataclass(frozen=True)
class Shuffle:
    """A pseudo-random permutation of ``0 ... size-1`` with random access.

    A stored permutation of the windows would need eight bytes per character, eight times the corpus. This permutation is a
    Feistel network on the next even number of bits, applied until the value is below ``size``. It is a bijection by
    construction and depends only on ``size``, ``random_seed`` and ``epoch``.

    Source:
        Black & Rogaway 2002, "Ciphers with arbitrary finite domains".

    >>> sorted(Shuffle(10, random_seed=1, epoch=0)(np.arange(10)).tolist())
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """

    size: int
    random_seed: int
    epoch: int

    def __call__(self, positions: NDArray[Any]) -> NDArray[np.int64]:
        """Return the elements at these positions of the shuffled order: ``[n] -> [n]``."""
        half_bits = np.uint64(max(1, ((self.size - 1).bit_length() + 1) // 2))
        keys = random_stream(self.random_seed, self.epoch).integers(0, 2**64, _ROUNDS, np.uint64)
        shuffled = _feistel(positions.astype(np.uint64), half_bits, keys)
        while (outside := np.flatnonzero(shuffled >= self.size)).size:
            shuffled[outside] = _feistel(shuffled[outside], half_bits, keys)
        return shuffled.astype(np.int64)


def _feistel(values: NDArray[np.uint64], half_bits: np.uint64, keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Apply a Feistel network with one round per key to values of ``2 * half_bits`` bits."""
    mask = (np.uint64(1) << half_bits) - np.uint64(1)
    left, right = values >> half_bits, values & mask
    for key in keys:
        left, right = right, left ^ (_mix(right ^ key) & mask)
    return (left << half_bits) | right


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Apply the finaliser of SplitMix64, in which every input bit affects every output bit (Steele, Lea & Flood 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
