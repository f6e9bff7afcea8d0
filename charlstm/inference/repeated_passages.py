"""The DRY penalty ("don't repeat yourself"): a character that would continue a repeated passage becomes less likely."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlstm.inference.logits import Logits
from charlstm.inference.logits_processors import StatefulProcessor
from charlstm.text.vocabulary import Ids

WINDOW = 2_000
"""Number of characters, at the end of the text, in which earlier passages are looked for."""

LONGEST = 100
"""Longest passage that is compared, in characters; longer ones are penalised like this one."""


@dataclass
class RepeatedPassages(StatefulProcessor):
    """Lower the logit of each character that would repeat a passage of the text.

    If the last ``n`` characters occurred before and a character followed them there, its logit loses
    ``multiplier * base ** (n - allowed_length)``; ``n`` is the longest such passage, and shorter ones than ``allowed_length``
    cost nothing. Words and phrases may come again, but loops become ever less likely.

    Source: DRY, by p-e-w (text-generation-webui, pull request 5677), for tokens; here for characters.

    Attributes:
        multiplier: Logits that a passage of the allowed length costs.
        base: Factor for each character beyond that.
        allowed_length: Characters that may be repeated.
    """

    multiplier: float
    base: float
    allowed_length: int
    _recent: Ids | None = field(default=None, init=False, repr=False)  # [B, at most WINDOW]

    def __call__(self, logits: Logits) -> Logits:
        """See :data:`charlstm.inference.logits_processors.LogitsProcessor`."""
        if self._recent is not None:
            for row, text in zip(logits, self._recent, strict=True):
                lengths = repeated_lengths(text, self.allowed_length, LONGEST)
                for character, length in lengths.items():
                    row[character] -= self.multiplier * self.base ** (length - self.allowed_length)
        return logits

    def read(self, ids: Ids) -> None:
        """See :class:`charlstm.inference.logits_processors.StatefulProcessor`."""
        new = ids[:, -WINDOW:]
        self._recent = new if self._recent is None else np.concatenate([self._recent, new], 1)[:, -WINDOW:]

    def gather(self, rows: NDArray[np.integer[Any]]) -> None:
        """See :class:`charlstm.inference.logits_processors.StatefulProcessor`."""
        if self._recent is not None:
            self._recent = self._recent[rows]


def repeated_lengths(text: NDArray[np.int64], least: int, most: int) -> dict[int, int]:
    """Return the characters that followed an earlier occurrence of the text's end, with the length of that occurrence.

    >>> repeated_lengths(np.array([1, 2, 3, 9, 2, 3, 8, 1, 2, 3]), 2, 100)  # 1 2 3 before 9, and 2 3 before 8
    {9: 3, 8: 2}

    Args:
        text: Ids of the text: ``[N]``.
        least: Length from which an occurrence counts.
        most: Length at which an occurrence is no longer compared.
    """
    found: dict[int, int] = {}
    ends = np.flatnonzero(text[:-1] == text[-1])  # of the earlier occurrences of the last `length` characters
    for length in range(1, most + 1):
        if not len(ends):
            break
        if length >= least:
            found |= dict.fromkeys(text[ends + 1].tolist(), length)
        ends = ends[ends >= length]
        ends = ends[text[ends - length] == text[-1 - length]]
    return found
