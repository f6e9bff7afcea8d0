"""Logits processors: the rules that change or exclude characters before one is drawn.

A sampler applies a list of them, its chain, in order. To add a rule, write a class here and put it in its place in
:func:`charlstm.inference.sampling.make_chain`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlstm.inference.logits import Logits, log_softmax, shift
from charlstm.inference.nucleus import nucleus
from charlstm.text.boundaries import WordCharacters
from charlstm.text.vocabulary import Ids

PENALTY_WINDOW = 64
"""Number of characters, at the end of the text, that the repetition penalty applies to."""

MIN_TEMPERATURE = 1e-250
"""The lowest temperature above 0; a lower one would choose the same character, but could overflow."""

LogitsProcessor = Callable[[Logits], Logits]
"""A rule: it returns the logits ``[B, V]`` after it, with ``-inf`` for the characters that it excludes.

It may change its argument in place. It keeps at least one logit of each row finite. It gets logits whose greatest is 0 in each
row, except in greedy choice, where only their order counts.
"""


class StatefulProcessor(ABC):
    """A rule that depends on the texts, of which it keeps what it needs."""

    @abstractmethod
    def __call__(self, logits: Logits) -> Logits:
        """See :data:`LogitsProcessor`."""

    @abstractmethod
    def read(self, ids: Ids) -> None:
        """Read the next characters of every text: ids ``[B, n]``.

        A sampler reads the whole seed before the first choice, and each chosen character after it. When a text is resumed, the
        seed is all of the text so far: the state must not depend on how the text is divided between calls.
        """

    @abstractmethod
    def gather(self, rows: NDArray[np.integer[Any]]) -> None:
        """Replace the texts by copies of some of them: rows ``[B]``."""


@dataclass
class RepetitionPenalty(StatefulProcessor):
    """Multiply the log-probabilities of the last ``PENALTY_WINDOW`` characters of each text.

    Keskar et al. (2019) divide the logit itself. The effect then depends on a constant that the softmax ignores.
    Log-probabilities avoid this.

    Attributes:
        penalty: Above 1 discourages, below 1 encourages.
    """

    penalty: float
    _recent: Ids | None = field(default=None, init=False, repr=False)  # [B, at most PENALTY_WINDOW]
    _rows: Ids | None = field(default=None, init=False, repr=False)  # [B, 1]

    def __call__(self, logits: Logits) -> Logits:
        """See :data:`LogitsProcessor`."""
        result = log_softmax(logits)
        if self._recent is not None:
            places = self._rows, self._recent
            result[places] = result[places] * self.penalty  # a character that is there twice is penalised once
        return result

    def read(self, ids: Ids) -> None:
        """See :class:`StatefulProcessor`."""
        new = ids[:, -PENALTY_WINDOW:]
        if self._recent is None:
            self._recent, self._rows = new, np.arange(len(new))[:, None]
        else:
            self._recent = np.concatenate([self._recent, new], 1)[:, -PENALTY_WINDOW:]

    def gather(self, rows: NDArray[np.integer[Any]]) -> None:
        """See :class:`StatefulProcessor`."""
        if self._recent is not None:
            self._recent = self._recent[rows]


@dataclass(frozen=True)
class Temperature:
    """Divide the logits.

    Attributes:
        temperature: At least ``MIN_TEMPERATURE``. Below 1, likely characters become likelier.
    """

    temperature: float

    def __call__(self, logits: Logits) -> Logits:
        """See :data:`LogitsProcessor`."""
        logits /= self.temperature
        return logits


@dataclass
class ChangingTemperature(StatefulProcessor):
    """Divide the logits by a temperature that changes linearly over a text, and stays after it.

    Attributes:
        first: Temperature of the first character.
        last: Temperature of the last one.
        length: Number of characters from the first to the last.
        position: The index in the generated text of the next character; negative while the seed is read.
    """

    first: float
    last: float
    length: int
    position: int

    def __call__(self, logits: Logits) -> Logits:
        """See :data:`LogitsProcessor`."""
        part = min(1.0, self.position / max(1, self.length - 1))
        logits /= max(self.first + (self.last - self.first) * part, MIN_TEMPERATURE)
        return logits

    def read(self, ids: Ids) -> None:
        """See :class:`StatefulProcessor`."""
        self.position += ids.shape[1]

    def gather(self, rows: NDArray[np.integer[Any]]) -> None:
        """See :class:`StatefulProcessor`; all texts have the same position."""


@dataclass
class WordTemperature(StatefulProcessor):
    """Choose the first letter of a word with a temperature of its own, and everything else with another.

    Where a word can begin, the other temperature decides how likely a letter is. This one decides only which letter it is.

    Attributes:
        temperature: At least ``MIN_TEMPERATURE``.
        other: The other temperature.
        words: The characters that words consist of.
    """

    temperature: float
    other: LogitsProcessor
    words: WordCharacters
    _begins: NDArray[np.bool_] | None = field(default=None, init=False, repr=False)  # [B]

    def __call__(self, logits: Logits) -> Logits:
        """See :data:`LogitsProcessor`."""
        begins = np.zeros(len(logits), bool) if self._begins is None else self._begins
        letters = logits[:, self.words.letters]  # a copy
        result = self.other(logits)
        rows = np.flatnonzero(begins & np.isfinite(letters.max(-1, initial=-np.inf)))
        if len(rows):
            places = np.ix_(rows, np.flatnonzero(self.words.letters))
            among_letters = log_softmax(shift(letters[rows]) / self.temperature)
            result[places] = among_letters + _log_sum(result[places])
        return result

    def read(self, ids: Ids) -> None:
        """See :class:`StatefulProcessor`."""
        if isinstance(self.other, StatefulProcessor):
            self.other.read(ids)
        if ids.shape[1]:
            self._begins = ~self.words.inside[ids[:, -1]]

    def gather(self, rows: NDArray[np.integer[Any]]) -> None:
        """See :class:`StatefulProcessor`."""
        if isinstance(self.other, StatefulProcessor):
            self.other.gather(rows)
        if self._begins is not None:
            self._begins = self._begins[rows]


def _log_sum(logits: Logits) -> Logits:
    """Return the logarithm of the sum of the exponentials: ``[..., n] -> [..., 1]``."""
    greatest = logits.max(-1, keepdims=True)
    result: Logits = greatest + np.log(np.exp(logits - greatest).sum(-1, keepdims=True))
    return result


@dataclass(frozen=True)
class TopK:
    """Exclude all but the k likeliest characters (more on a tie).

    Attributes:
        k: At least 1.
    """

    k: int

    def __call__(self, logits: Logits) -> Logits:
        """See :data:`LogitsProcessor`."""
        if self.k >= logits.shape[-1]:
            return logits
        threshold = np.partition(logits, -self.k, -1)[..., -self.k, None]
        return np.where(logits >= threshold, logits, -np.inf)


@dataclass(frozen=True)
class TopP:
    """Exclude all but the nucleus: the fewest characters whose probabilities add up to at least p (Holtzman et al. 2020).

    Attributes:
        p: From 0, which keeps the likeliest character, to below 1.
    """

    p: float

    def __call__(self, logits: Logits) -> Logits:
        """See :data:`LogitsProcessor`."""
        return np.where(nucleus(logits, self.p), logits, -np.inf)


@dataclass(frozen=True)
class MinP:
    """Exclude the characters with less than p times the likeliest one's probability (Nguyen et al. 2024).

    Attributes:
        p: Above 0, at most 1.
    """

    p: float

    def __call__(self, logits: Logits) -> Logits:
        """See :data:`LogitsProcessor`."""
        return np.where(logits >= logits.max(-1, keepdims=True) + np.log(self.p), logits, -np.inf)
