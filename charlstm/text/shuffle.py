"""A random order of N things that is computed, not stored."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlstm.text.random_streams import random_stream

_ROUNDS = 6


@dataclass(frozen=True)
class Shuffle:
    """A pseudo-random permutation of ``0 ... size-1`` of which any part can be asked for at once.

    A stored permutation of a corpus's windows would cost eight bytes a character, eight times the corpus. This one is a
    Feistel network on the next even number of bits, walked until it falls below ``size`` (Black & Rogaway 2002, "Ciphers
    with arbitrary finite domains"): a bijection by construction, and a function of ``random_seed`` and ``epoch`` alone.

    >>> sorted(Shuffle(10, random_seed=1, epoch=0)(np.arange(10)).tolist())
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """

    size: int
    random_seed: int
    epoch: int

    def __call__(self, positions: NDArray[Any]) -> NDArray[np.int64]:
        """What stands at these positions of the shuffled order: ``[n] -> [n]``."""
        half_bits = np.uint64(max(1, ((self.size - 1).bit_length() + 1) // 2))
        keys = random_stream(self.random_seed, self.epoch).integers(0, 2**64, _ROUNDS, np.uint64)
        shuffled = _feistel(positions.astype(np.uint64), half_bits, keys)
        while (outside := np.flatnonzero(shuffled >= self.size)).size:
            shuffled[outside] = _feistel(shuffled[outside], half_bits, keys)
        return shuffled.astype(np.int64)


def _feistel(values: NDArray[np.uint64], half_bits: np.uint64, keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mask = (np.uint64(1) << half_bits) - np.uint64(1)
    left, right = values >> half_bits, values & mask
    for key in keys:
        left, right = right, left ^ (_mixed(right ^ key) & mask)
    return (left << half_bits) | right


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea & Flood 2014): every bit of the input changes every bit of the output."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
