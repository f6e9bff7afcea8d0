"""Log-probabilities of characters in the model's own distribution, before temperature and every other sampling setting."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from charlstm.inference.logits import Logits, log_softmax
from charlstm.inference.lstm import Array
from charlstm.text.scoring import MAX_NATS
from charlstm.text.vocabulary import Ids, Vocabulary


class CharacterLogprob(NamedTuple):
    """A character with its log-probability.

    Attributes:
        character: The character.
        logprob: Its natural log-probability; None for the first character of a text, before which nothing was read.
        top: The likeliest characters with theirs, the likeliest first.
    """

    character: str
    logprob: float | None
    top: dict[str, float]


def log_probabilities(logits: Array) -> Logits:
    """Return the log-probabilities of logits, none below the logarithm of the smallest float32: ``[..., V]``."""
    with np.errstate(over="ignore", invalid="ignore"):
        logs = log_softmax(logits.astype(np.float64))
    return np.where(logs >= -MAX_NATS, logs, -MAX_NATS)  # NaN too


def likeliest_characters(vocabulary: Vocabulary, logs: Logits, top: int) -> dict[str, float]:
    """Return the likeliest characters with their log-probabilities: ``[V]``, of which ``top`` are returned."""
    best = np.argsort(-logs, kind="stable")[:top]
    return {vocabulary.characters[number]: float(logs[number]) for number in best.tolist()}


class LogprobRecord:
    """The log-probabilities of the characters of B texts, recorded while the texts are generated."""

    def __init__(self, vocabulary: Vocabulary, texts: int, top: int) -> None:
        """Start with empty texts.

        Args:
            vocabulary: The model's characters.
            texts: B.
            top: Number of likeliest characters to record for each character.
        """
        self._vocabulary, self._top = vocabulary, top
        self._logs: Logits | None = None
        self._texts: list[list[CharacterLogprob]] = [[] for _ in range(texts)]

    def observe(self, logits: Array) -> None:
        """Take the logits of the next characters: ``[B, V]``."""
        self._logs = log_probabilities(logits)

    def add(self, ids: Ids) -> None:
        """Record the characters that were chosen: ids ``[B]``."""
        assert self._logs is not None
        for text, number, logs in zip(self._texts, ids.tolist(), self._logs, strict=True):
            top = likeliest_characters(self._vocabulary, logs, self._top)
            text.append(CharacterLogprob(self._vocabulary.characters[number], float(logs[number]), top))

    def of(self, lengths: Sequence[int]) -> list[tuple[CharacterLogprob, ...]]:
        """Return the log-probabilities of each text up to its length."""
        return [tuple(text[:length]) for text, length in zip(self._texts, lengths, strict=True)]
