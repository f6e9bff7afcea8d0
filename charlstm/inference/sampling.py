"""Sampling of the next character from logits, in float64.

The chain of rules is: repetition penalty, penalty on repeated passages, temperature, top-k, top-p, min-p. Then one character
is drawn.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from charlstm.choices import DEFAULT_TEMPERATURE
from charlstm.inference.logits import Logits, replace_nonfinite, shift
from charlstm.inference.logits_processors import (
    MIN_TEMPERATURE,
    ChangingTemperature,
    LogitsProcessor,
    MinP,
    RepetitionPenalty,
    StatefulProcessor,
    Temperature,
    TopK,
    TopP,
    WordTemperature,
)
from charlstm.inference.noise import GumbelNoise, likeliest
from charlstm.inference.repeated_passages import RepeatedPassages
from charlstm.text.boundaries import WordCharacters
from charlstm.text.vocabulary import Ids


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
        word_temperature: Temperature for the choice of a word's first letter; None for ``temperature``.
        last_temperature: Temperature that ``temperature`` changes to, linearly, from the first character to the last of
            ``length``; None for one that does not change.
        length: Number of characters from the first to the last; unused without ``last_temperature``.
        dry_multiplier: Logits that a character loses if it repeats a passage of ``dry_allowed_length`` characters; 0 for
            none. See :class:`charlstm.inference.repeated_passages.RepeatedPassages`.
        dry_base: Factor on that for each further character of the passage.
        dry_allowed_length: Characters of the longest passage that costs nothing, plus one.
    """

    temperature: float = DEFAULT_TEMPERATURE
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    word_temperature: float | None = None
    last_temperature: float | None = None
    length: int = 0
    dry_multiplier: float = 0.0
    dry_base: float = 1.15
    dry_allowed_length: int = 10

    @property
    def greedy(self) -> bool:
        """True if the likeliest character is always taken, and none is drawn."""
        return not (self.temperature or self.last_temperature or self.word_temperature)

    @property
    def filters(self) -> bool:
        """True if unlikely characters are excluded after the temperature."""
        return (self.top_k, self.top_p, self.min_p) != (0, 1, 0)


def make_chain(sampling: Sampling, position: int = 0, words: WordCharacters | None = None) -> list[LogitsProcessor]:
    """Return new processors for the settings that have an effect, in order.

    Rules that may exclude or change the likeliest character come before the temperature, rules that keep it after it.

    Args:
        sampling: The sampling settings.
        position: The index in the generated text of the first character that the processors read; negative in the seed.
        words: The characters that words consist of; needed for ``word_temperature``.

    >>> make_chain(Sampling(temperature=0.8, top_k=40, min_p=0.05))
    [Temperature(temperature=0.8), TopK(k=40), MinP(p=0.05)]
    >>> make_chain(Sampling(temperature=0, top_p=0.9))  # the likeliest character is in every nucleus
    []
    """
    chain: list[LogitsProcessor] = []
    if sampling.repetition_penalty != 1:
        chain.append(RepetitionPenalty(sampling.repetition_penalty))
    if sampling.dry_multiplier:
        chain.append(RepeatedPassages(sampling.dry_multiplier, sampling.dry_base, sampling.dry_allowed_length))
    if sampling.greedy:
        return chain
    if chain:
        chain.append(shift)  # differences from the likeliest are precise at low temperatures
    chain.append(_temperature(sampling, position, words))
    if sampling.top_k > 0:
        chain.append(TopK(sampling.top_k))
    if sampling.top_p < 1:
        chain.append(TopP(sampling.top_p))
    if sampling.min_p > 0:
        chain.append(MinP(sampling.min_p))
    return chain


def _temperature(sampling: Sampling, position: int, words: WordCharacters | None) -> LogitsProcessor:
    """Return the processor of the temperatures."""
    temperature: Temperature | ChangingTemperature
    if sampling.last_temperature is None:
        temperature = Temperature(max(sampling.temperature, MIN_TEMPERATURE))
    else:
        temperature = ChangingTemperature(sampling.temperature, sampling.last_temperature, sampling.length, position)
    if sampling.word_temperature is None:
        return temperature
    assert words is not None
    return WordTemperature(max(sampling.word_temperature, MIN_TEMPERATURE), temperature, words)


class Noise(Protocol):
    """The noise of B texts."""

    def likeliest(self, logits: Logits, position: int) -> NDArray[np.int64]:
        """Return the characters whose logits with the noise at a position are greatest: ids ``[B]``."""


@dataclass
class Sampler:
    """A chain of logits processors and a draw, which choose the next character of each of B texts.

    Attributes:
        chain: The processors, in order.
        noise: The noise of the B texts; None to choose the likeliest character.
        position: The index of the next character in the generated text.
    """

    chain: Sequence[LogitsProcessor]
    noise: Noise | None
    position: int = 0
    _stateful: list[StatefulProcessor] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._stateful = [processor for processor in self.chain if isinstance(processor, StatefulProcessor)]

    def read(self, ids: Ids) -> None:
        """Read characters that come before the next choice: ids ``[B, n]``."""
        for processor in self._stateful:
            processor.read(ids)

    def choose(self, logits: NDArray[Any]) -> NDArray[np.int64]:
        """Choose the next character of each text, and read it.

        Args:
            logits: ``[B, V]``; any values, including NaN and infinities.

        Returns:
            Ids: ``[B]``.
        """
        z = logits.astype(np.float64)
        greatest = _greatest(z)
        # The maximum is NaN or infinite if any logit is, except -inf, which is an excluded character.
        if not math.isfinite(greatest if isinstance(greatest, float) else greatest.sum()):
            z = replace_nonfinite(z)
            greatest = _greatest(z)
        if self.noise is not None:
            z -= greatest
        for processor in self.chain:
            z = processor(z)
        ids = likeliest(z) if self.noise is None else self.noise.likeliest(z, self.position)
        self.position += 1
        if self._stateful:
            self.read(ids[:, None])
        return ids


def _greatest(logits: Logits) -> Logits | float:
    """Return the greatest logit of each row, NaN if one is NaN: ``[B, 1]``, or a number if there is one row.

    In one row, argmax takes a quarter of the time of max.
    """
    if len(logits) == 1:
        return logits.item(logits.argmax())
    result: Logits = logits.max(-1, keepdims=True)
    return result


def make_sampler(
    sampling: Sampling,
    random_seeds: Sequence[int],
    vocabulary_size: int,
    seed: Ids,
    position: int = 0,
    words: WordCharacters | None = None,
) -> Sampler:
    """Return the sampler of B texts that continue a seed.

    Args:
        sampling: The sampling settings.
        random_seeds: One for each of the B texts.
        vocabulary_size: V.
        seed: The text to continue: ids ``[N]``.
        position: The number of generated characters at the end of the seed; the noise continues from there.
        words: The characters that words consist of; needed for ``word_temperature``.
    """
    noise = None if sampling.greedy else GumbelNoise(random_seeds, vocabulary_size)
    sampler = Sampler(make_chain(sampling, position - len(seed), words), noise, position)
    sampler.read(np.broadcast_to(seed.astype(np.int64), (len(random_seeds), len(seed))))
    return sampler
