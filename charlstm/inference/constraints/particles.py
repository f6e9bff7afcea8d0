"""Particles: several continuations of each text under a constraint, weighted and resampled (sequential Monte Carlo).

Excluding characters alone draws each character from its own distribution, cut and scaled up. It never asks how likely the text
was to get into that position, so unlikely texts are too frequent. Particles correct this. The weight of a particle is the
product of the probabilities of all allowed characters, which is what scaling up ignored. Before the next character is drawn,
copies of likely particles replace unlikely ones. The texts converge to the model's own distribution given that it obeys (Lew et
al. 2023, arXiv 2306.03081).

Shapes: ``B`` texts, ``P`` particles of each, ``R`` = B P rows; the rows of a text follow each other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlstm.inference.logits import Logits, replace_nonfinite
from charlstm.inference.logits_processors import (
    ChangingTemperature,
    LogitsProcessor,
    StatefulProcessor,
    Temperature,
    WordTemperature,
)
from charlstm.inference.noise import GumbelNoise, likeliest
from charlstm.inference.sampling import Sampling, make_chain
from charlstm.text.boundaries import WordCharacters
from charlstm.text.random_streams import random_stream
from charlstm.text.vocabulary import Ids

_BLOCK = 64  # positions whose random numbers come from one stream
_STREAM = 1  # keeps these random numbers apart from the noise of the same random seed
_TEMPERATURES = (Temperature, ChangingTemperature, WordTemperature)
_SMALLEST = 1e-280
"""Smallest sum of allowed probabilities that is exact enough; below, they are computed relative to the likeliest one."""


@dataclass
class UniformNumbers:
    """Uniform random numbers that depend only on a random seed and a position in the generated text.

    Attributes:
        random_seeds: One for each text.
        count: Numbers for each text and position.
    """

    random_seeds: Sequence[int]
    count: int
    _block: int = field(default=-1, init=False)
    _drawn: Logits = field(default_factory=lambda: np.empty((0, 0, 0)), init=False)

    def at(self, position: int) -> Logits:
        """Return the numbers at a position: ``[B, count]``."""
        block, place = divmod(position, _BLOCK)
        if block != self._block:
            streams = [random_stream(random_seed, block, _STREAM) for random_seed in self.random_seeds]
            self._drawn = np.stack([stream.random((_BLOCK, self.count)) for stream in streams], 1)
            self._block = block
        numbers: Logits = self._drawn[place]
        return numbers


class ConstrainedSampler:
    """A chain of logits processors that chooses among the allowed characters, and the weights of all particles.

    Penalty and temperature act on all characters. Then characters that are not allowed are excluded, and top-k, top-p
    and min-p choose from the rest. The weights belong to the distribution at this temperature.

    With one particle, the noise is the same as for unconstrained texts: a text is the same until a constraint excludes its next
    character.

    Attributes:
        log_weights: Logarithms of the weights: ``[B, P]``.
    """

    def __init__(
        self,
        sampling: Sampling,
        random_seeds: Sequence[int],
        particles: int,
        vocabulary_size: int,
        seed: Ids,
        position: int = 0,
        words: WordCharacters | None = None,
    ) -> None:
        """Start the particles of B texts.

        Args:
            sampling: The sampling settings.
            random_seeds: One for each of the B texts.
            particles: P.
            vocabulary_size: V.
            seed: The text to continue: ids ``[N]``.
            position: The number of generated characters at the end of the seed; the random numbers continue from there.
            words: The characters that words consist of; needed for ``word_temperature``.
        """
        chain = make_chain(sampling, position - len(seed), words)
        cut = next((place + 1 for place, each in enumerate(chain) if isinstance(each, _TEMPERATURES)), len(chain))
        self._before, self._after = chain[:cut], chain[cut:]
        self._greedy = sampling.greedy
        self._shifted = len(self._before) == 1 and isinstance(self._before[0], Temperature)  # the greatest logit stays 0
        self._stateful = [each for each in chain if isinstance(each, StatefulProcessor)]
        self._particles = particles
        self._noise = GumbelNoise(random_seeds, vocabulary_size) if particles == 1 and not sampling.greedy else None
        self._numbers = UniformNumbers(random_seeds, particles + 2)
        self._position = position
        self._last = self._numbers.at(position)[:, -1].copy()
        self._z: Logits = np.empty((0, 0))
        self.log_weights: Logits = np.zeros((len(random_seeds), particles))
        self._read(np.broadcast_to(seed.astype(np.int64), (len(random_seeds) * particles, len(seed))))

    def _read(self, ids: Ids) -> None:
        for processor in self._stateful:
            processor.read(ids)

    def weigh(self, logits: NDArray[Any], allowed: NDArray[np.bool_]) -> NDArray[np.int64] | None:
        """Read the logits of the next character, update the weights, and resample where they are too uneven.

        A text is resampled if its effective number of particles falls below half of them.

        Args:
            logits: ``[R, V]``; any values, including NaN and infinities.
            allowed: The allowed characters, at least one in each row: ``[R, V]``.

        Returns:
            The row that each particle is a copy of: ``[R]``; None if all remain.
        """
        z = logits.astype(np.float64)
        greatest = z.max(-1, keepdims=True)
        if not math.isfinite(greatest.sum()):
            z = replace_nonfinite(z)
            greatest = z.max(-1, keepdims=True)
        if not self._greedy:
            z -= greatest
        for processor in self._before:
            z = processor(z)
        if self._particles == 1:
            self._z = _exclude(z, allowed)
            return None
        probabilities = np.exp(z if self._shifted else z - z.max(-1, keepdims=True))
        total = probabilities.sum(-1)
        probabilities *= allowed
        mass = probabilities.sum(-1)
        with np.errstate(divide="ignore"):
            log_mass = np.log(mass / total)
        tiny = np.flatnonzero(mass < _SMALLEST)
        if len(tiny):
            excluded = _exclude(z[tiny], allowed[tiny])
            log_mass[tiny] = np.maximum(np.where(allowed[tiny], z[tiny], -np.inf).max(-1), -1e300)
            probabilities[tiny] = np.exp(excluded - excluded.max(-1, keepdims=True))
        self._z = _filtered(probabilities, self._after) if self._after else probabilities
        self.log_weights += log_mass.reshape(self.log_weights.shape)
        return self._resample()

    def _resample(self) -> NDArray[np.int64] | None:
        """Resample the texts whose weights are uneven, systematically (Kitagawa 1996)."""
        weights = np.exp(self.log_weights - self.log_weights.max(-1, keepdims=True))
        total = weights.sum(-1)
        uneven = np.flatnonzero(total * total < (weights * weights).sum(-1) * (0.5 * self._particles))
        if not len(uneven):
            return None
        rows = np.arange(self.log_weights.size).reshape(self.log_weights.shape)
        offsets = self._numbers.at(self._position)[uneven, -2]
        for text, offset in zip(uneven, offsets, strict=True):
            cumulative = weights[text].cumsum()
            points = (np.arange(self._particles) + offset) * (cumulative[-1] / self._particles)
            rows[text] = rows[text, np.minimum(np.searchsorted(cumulative, points, "right"), self._particles - 1)]
        self.log_weights[uneven] = 0.0
        chosen: NDArray[np.int64] = rows.ravel()
        self._z = self._z[chosen]
        for processor in self._stateful:
            processor.gather(chosen)
        return chosen

    def draw(self) -> NDArray[np.int64]:
        """Draw the next character of each particle after :meth:`weigh`, and read it: ids ``[R]``."""
        z = self._z
        if self._particles == 1:
            for processor in self._after:
                z = processor(z)
            ids = likeliest(z) if self._noise is None else self._noise.likeliest(z, self._position)
        else:
            cumulative = z.cumsum(-1)
            points = 1.0 - self._numbers.at(self._position)[:, : self._particles].reshape(-1, 1)
            points *= cumulative[:, -1:]
            ids = (cumulative >= points).argmax(-1)
        self._position += 1
        if self._stateful:
            self._read(ids[:, None])
        return ids

    def chosen(self) -> NDArray[np.int64]:
        """Return the particle of each text that becomes the text, drawn by weight: ``[B]``."""
        weights = np.exp(self.log_weights - self.log_weights.max(-1, keepdims=True))
        cumulative = weights.cumsum(-1)
        index: NDArray[np.int64] = (cumulative >= (1.0 - self._last)[:, None] * cumulative[:, -1:]).argmax(-1)
        return index


def _exclude(z: Logits, allowed: NDArray[np.bool_]) -> Logits:
    """Return logits with ``-inf`` for characters that are not allowed; a row without any other becomes uniform."""
    result = np.where(allowed, z, -np.inf)
    greatest = result.max(-1, keepdims=True)
    if not math.isfinite(greatest.sum()):
        result = np.where(np.isneginf(greatest), np.where(allowed, 0.0, -np.inf), result)
        greatest = result.max(-1, keepdims=True)
    result -= greatest
    return result


def _filtered(probabilities: Logits, chain: Sequence[LogitsProcessor]) -> Logits:
    """Return relative probabilities ``[R, V]`` after further processors."""
    with np.errstate(divide="ignore"):
        z = np.log(probabilities)
    z -= z.max(-1, keepdims=True)
    for processor in chain:
        z = processor(z)
    return np.exp(z)
