"""Gumbel noise, with which the likeliest character is a draw from the softmax."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from charlstm.inference.logits import LARGE_VOCABULARY, MARGIN, Logits
from charlstm.text.random_streams import random_stream

NOISE_AT_ONCE = 1 << 18
"""Maximum number of noise values drawn at once, unless a single position needs more."""

_BLOCK = 64  # positions whose noise comes from one random stream
_COMMON = 0.95  # one bound holds for the noise of all uniform random numbers up to this


@dataclass
class GumbelNoise:
    """Gumbel noise that depends only on a random seed and a position in the generated text.

    ``argmax(logits / temperature + noise)`` draws from the softmax (Gumbel 1954; Maddison et al. 2014). The noise does not
    depend on the logits. Two models or modes with the same random seed therefore differ only where their distributions do,
    and generation can resume at any position.

    Attributes:
        random_seeds: One for every row of the batch.
        vocabulary_size: V.
    """

    random_seeds: Sequence[int]
    vocabulary_size: int
    _streams: list[np.random.Generator] = field(default_factory=list, init=False)
    _next: int = field(default=-1, init=False)  # the position that the streams have reached
    _drawn: Logits = field(default_factory=lambda: np.empty((0, 0, 0)), init=False)  # noise of the positions before that

    def at(self, position: int) -> Logits:
        """Return the noise at a position: ``[B, V]``."""
        drawn = self._drawn_at(position)
        return gumbel(drawn.copy()) if self._uniform else drawn

    def likeliest(self, logits: Logits, position: int) -> NDArray[np.int64]:
        """Return ``argmax(logits + at(position))``, the first on a tie: ids ``[B]``. The logits may be overwritten.

        Noise takes one random number and two logarithms for each character, and it increases with the random number. In a
        large vocabulary, the logarithms are computed only for the characters that can win. A character can win if its sum may
        reach those of two known ones: the likeliest character, and the one with the greatest random number.
        """
        drawn = self._drawn_at(position)
        if not self._uniform:
            logits += drawn
            return likeliest(logits)
        return np.array([_winner(*row) for row in zip(logits, drawn, strict=True)], np.int64)

    @property
    def _uniform(self) -> bool:
        """True if the values drawn ahead are uniform, not yet Gumbel noise."""
        return self.vocabulary_size >= LARGE_VOCABULARY

    def _drawn_at(self, position: int) -> Logits:
        if not self._next - self._drawn.shape[1] <= position < self._next:
            self._draw(position)
        result: Logits = self._drawn[:, position - self._next]
        return result

    def _draw(self, position: int) -> None:
        """Draw the noise of a position and of some that follow it; fewer in a large vocabulary, to save memory."""
        block, place = divmod(position, _BLOCK)
        if position != self._next or place == 0:
            self._streams = [random_stream(seed, block) for seed in self.random_seeds]
            for stream in self._streams:
                stream.bit_generator.advance(place * self.vocabulary_size)  # type: ignore[attr-defined] # a PCG64
        count = min(_BLOCK - place, max(1, NOISE_AT_ONCE // (len(self.random_seeds) * self.vocabulary_size)))
        self._drawn = np.empty((0, 0, 0))  # free the previous noise first
        noise = np.empty((len(self.random_seeds), count, self.vocabulary_size))
        for stream, row in zip(self._streams, noise, strict=True):
            stream.random(out=row)
        self._drawn, self._next = noise if self._uniform else gumbel(noise), position + count


def gumbel(uniform: Logits) -> Logits:
    """Replace uniform random numbers by Gumbel noise, in place, and return it."""
    # random() can return 0, whose logarithm would exclude the character.
    np.maximum(uniform, np.finfo(np.float64).tiny, out=uniform)
    for _ in range(2):
        np.log(uniform, out=uniform)
        np.negative(uniform, out=uniform)
    return uniform


def _winner(logits: Logits, uniform: Logits) -> int:
    """Return ``argmax(logits + gumbel(uniform))``: ``[V], [V]``."""
    likeliest, luckiest = logits.argmax(), uniform.argmax()
    first, greatest, common = gumbel(np.array([uniform[likeliest], uniform[luckiest], _COMMON]))
    bound = max(logits[likeliest] + first, logits[luckiest] + greatest) - MARGIN
    can_win = (logits >= bound - greatest) & ((logits >= bound - common) | (uniform > _COMMON))
    possible = np.flatnonzero(can_win)
    return int(possible[(logits[possible] + gumbel(uniform[possible])).argmax()])


def likeliest(logits: Logits) -> NDArray[np.int64]:
    """Return the character with the greatest logit, the first on a tie: ids ``[...]``."""
    ids: NDArray[np.int64] = logits.argmax(-1)
    return ids
