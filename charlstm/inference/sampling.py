"""Sampling of a character from logits, in float64.

The order is: :func:`repetition penalty <penalise>`, temperature, :func:`top-k <keep_top_k>`, :func:`top-p <keep_top_p>`,
:func:`min-p <keep_min_p>`, draw. All functions work on logits ``[..., V]``; an excluded character gets ``-inf``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlstm.text.random_streams import random_stream
from charlstm.text.vocabulary import Ids

Logits = NDArray[np.float64]

PENALTY_WINDOW = 64
"""Number of characters, at the end of the text, that the repetition penalty applies to."""

_GREATEST = 1e39  # replaces +inf; greater than any float32
_MIN_TEMPERATURE = 1e-250  # a lower temperature would choose the same character, but could overflow

_MARGIN = 1e-9  # exceeds every rounding error in float64

_BLOCK = 64  # positions whose noise comes from one random stream
NOISE_AT_ONCE = 1 << 18
"""Maximum number of noise values drawn at once, unless a single position needs more."""
LARGE_VOCABULARY = 3_000
"""Vocabulary size from which noise and nucleus are computed only for characters that can be chosen; below, that is slower."""
_COMMON = 0.95  # uniform random numbers up to this share one upper bound on their noise


@dataclass(frozen=True)
class Sampling:
    """Sampling settings.

    Attributes:
        temperature: Divisor of the logits. Below 1, likely characters become likelier; 0 is greedy (always the likeliest).
        top_k: Keep the k likeliest characters; 0 keeps all.
        top_p: Keep the fewest characters that together have at least this probability (Holtzman et al. 2020); 1 keeps all.
        min_p: Keep characters with at least this fraction of the likeliest one's probability (Nguyen et al. 2024).
        repetition_penalty: Factor on the log-probabilities of the last ``PENALTY_WINDOW`` characters (after Keskar et al.
            2019); 1 for none.
    """

    temperature: float = 0.8
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0


def log_softmax(logits: Logits) -> Logits:
    """Return the natural logarithms of the probabilities: ``[..., V]``."""
    shifted = logits - logits.max(-1, keepdims=True)
    result: Logits = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return result


def finite(logits: NDArray[Any]) -> Logits:
    """Return logits in float64 without NaN and +inf: NaN becomes ``-inf``, +inf a number greater than any other.

    A row in which every character is excluded becomes uniform.
    """
    result = np.nan_to_num(logits.astype(np.float64), nan=-np.inf, posinf=_GREATEST, neginf=-np.inf)
    result[~np.isfinite(result).any(-1)] = 0.0
    return result


def penalise(logits: Logits, recent: Ids, penalty: float) -> Logits:
    """Multiply the log-probabilities of recently used characters.

    Keskar et al. divide the logit itself. The effect then depends on a constant that the softmax ignores. Log-probabilities
    avoid this.

    Args:
        logits: ``[B, V]``.
        recent: The last characters of each text: ``[B, n]``.
        penalty: Above 1 discourages, below 1 encourages.
    """
    result = log_softmax(logits)
    rows = np.arange(len(result))[:, None]
    penalised = result[rows, recent] * penalty
    result[rows, recent] = penalised
    return result


def keep_top_k(logits: Logits, k: int) -> Logits:
    """Exclude all but the k likeliest characters (more on a tie)."""
    if not 0 < k < logits.shape[-1]:
        return logits
    threshold = np.partition(logits, -k, -1)[..., -k, None]
    return np.where(logits >= threshold, logits, -np.inf)


def keep_top_p(logits: Logits, p: float) -> Logits:
    """Exclude all but the fewest characters whose probabilities add up to at least p; always keep the likeliest."""
    if p >= 1:
        return logits
    size = logits.shape[-1]
    if size < LARGE_VOCABULARY:
        return np.where(_nucleus(logits, p), logits, -np.inf)
    keep = np.stack([_large_nucleus(row, p) for row in logits.reshape(-1, size)]).reshape(logits.shape)
    return np.where(keep, logits, -np.inf)


def _nucleus(logits: Logits, p: float) -> NDArray[np.bool_]:
    """Return a mask of the fewest characters that together have at least probability p: ``[..., V]``."""
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
    possible = np.flatnonzero(log_probabilities >= math.log((1 - p) / len(logits)) - _MARGIN)
    order = possible[np.argsort(-logits[possible], kind="stable")]
    before = _before(log_probabilities[order])
    if np.abs(before - p).min() < _MARGIN:
        return _nucleus(logits, p)  # too close to p: the result may depend on the order in which the softmax is summed
    keep = np.zeros_like(logits, bool)
    keep[order[: max(1, np.count_nonzero(before < p))]] = True
    return keep


def _before(log_probabilities: Logits) -> Logits:
    """Return the sum of the likelier characters' probabilities, for each of some characters sorted by probability."""
    probabilities = np.exp(log_probabilities)
    result: Logits = np.cumsum(probabilities, -1) - probabilities
    return result


def keep_min_p(logits: Logits, p: float) -> Logits:
    """Exclude the characters with less than p times the likeliest one's probability."""
    if p <= 0:
        return logits
    return np.where(logits >= logits.max(-1, keepdims=True) + np.log(p), logits, -np.inf)


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
            return _likeliest(logits)
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
    bound = max(logits[likeliest] + first, logits[luckiest] + greatest) - _MARGIN
    can_win = (logits >= bound - greatest) & ((logits >= bound - common) | (uniform > _COMMON))
    possible = np.flatnonzero(can_win)
    return int(possible[(logits[possible] + gumbel(uniform[possible])).argmax()])


def choose(logits: NDArray[Any], sampling: Sampling, noise: GumbelNoise, position: int, recent: Ids) -> NDArray[np.int64]:
    """Choose the next character of each text.

    Args:
        logits: ``[B, V]``; any values, including NaN and infinities.
        sampling: The sampling settings.
        noise: The noise of the B texts.
        position: The character's index in the generated text.
        recent: The last characters of each text: ``[B, n]``; only the repetition penalty reads them.

    Returns:
        Ids: ``[B]``.
    """
    z = logits.astype(np.float64)
    greatest = z.max(-1, keepdims=True)
    if not math.isfinite(
        greatest.sum()
    ):  # the maximum is NaN or infinite; a -inf below a finite maximum is an excluded character
        z = finite(z)
        greatest = z.max(-1, keepdims=True)
    if sampling.repetition_penalty != 1:
        z = penalise(z, recent, sampling.repetition_penalty)
        greatest = z.max(-1, keepdims=True)
    if sampling.temperature == 0:
        return _likeliest(z)
    z -= greatest
    z /= max(sampling.temperature, _MIN_TEMPERATURE)
    z = keep_min_p(keep_top_p(keep_top_k(z, sampling.top_k), sampling.top_p), sampling.min_p)
    return noise.likeliest(z, position)


def _likeliest(z: Logits) -> NDArray[np.int64]:
    ids: NDArray[np.int64] = z.argmax(-1)
    return ids
