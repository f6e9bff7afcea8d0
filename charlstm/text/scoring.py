"""Scoring pass: a text cut into parallel rows such that every character is scored once."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlstm.text.vocabulary import Ids
from charlstm.text.windows import model_ids, normalise

MAX_LOGITS = 2**27
"""Maximum size of an array of logits ``[S, T, V]``, in numbers: 0.5 GB."""

MAX_NATS = -math.log(np.finfo(np.float32).tiny)
"""Maximum surprisal of a character, in nats: smaller probabilities count as the smallest normal float32."""

MAX_DISAGREEMENT = 0.01
"""Maximum mean difference, in nats, between the surprisals that two rows give to the same characters.

It is a few thousandths for models with ordinary training, whose scores then differ by a hundredth of that.
"""


class ScoredChunk(NamedTuple):
    """The next T characters of every row.

    Attributes:
        x: Normalised characters: ``[S, T, 1]``.
        y: Ids of the characters that follow: ``[S, T]``, int32.
        counted: 1 where ``y`` counts for the score, else 0: ``[S, T]``.
        kept: 1 where the row keeps the carried state, 0 where it starts from zero: ``[S, 1]``.
    """

    x: NDArray[np.float32]
    y: NDArray[np.int32]
    counted: NDArray[np.float32]
    kept: NDArray[np.float32]


@dataclass(frozen=True)
class ScoringPass:
    """One pass over a text with the state carried, in S parallel rows.

    A single row would be exact but slow. With S rows, S - 1 of them would start without context and score worse at their
    beginning. So each row first reads the ``warm`` characters before its part without counting them. The first character of
    the text has no context and is not counted. Every other character is counted once.

    If the model remembers more than ``warm`` characters, the score differs from a single row's. To detect this, each
    row also reads the first ``ahead`` characters of the next part. :meth:`agrees` compares the surprisals of the two rows.

    Attributes:
        ids: The text: ``[N]``, at least two characters.
        vocabulary_size: V.
        chunk: T, the characters read at a time; at most 256.
        warm: Uncounted characters before each part except the first; a multiple of ``chunk``.
        most_rows: Maximum of S. A short text has fewer rows, of at least 512 characters.
    """

    ids: Ids
    vocabulary_size: int
    chunk: int = 128
    warm: int = 256
    most_rows: int = 64

    @property
    def characters(self) -> int:
        """Number of counted characters."""
        return len(self.ids) - 1

    @property
    def rows(self) -> int:
        """S, the number of rows."""
        return max(1, min(self.most_rows, self.characters // 512))

    @property
    def part(self) -> int:
        """Number of counted characters in a row."""
        return -(-self.characters // self.rows)

    @property
    def ahead(self) -> int:
        """Number of uncounted characters after each part; 0 for a single row."""
        return self.chunk if self.rows > 1 else 0

    @property
    def pieces(self) -> int:
        """Number of :meth:`chunks`."""
        return -(-(self.warm + self.part + self.ahead) // self.chunk)

    def agrees(self, nats: NDArray[Any]) -> bool:
        """Return whether each row and the next one agree on the characters that both have read.

        Args:
            nats: Surprisals of all chunks, concatenated over time: ``[S, T * pieces]``.
        """
        begin, end = self.warm, self.warm + self.part
        # The comparison stays inside every row: the last one, the shortest, has at least 449 characters.
        difference = np.abs(nats[:-1, end : end + self.ahead] - nats[1:, begin : begin + self.ahead])
        return not difference.size or float(difference.mean()) <= MAX_DISAGREEMENT

    def in_one_piece(self) -> "ScoringPass":
        """Return the pass over the same text in a single row."""
        return replace(self, most_rows=1)

    def chunks(self) -> Iterator[ScoredChunk]:
        """Yield the chunks of the pass in order."""
        first = np.arange(self.rows)[:, None] * self.part  # [S, 1]
        for start in range(-self.warm, self.part + self.ahead, self.chunk):
            offset = start + np.arange(self.chunk)  # [T]
            place = first + offset  # [S, T]
            counted = (offset >= 0) & (offset < self.part) & (place < self.characters)
            inside = np.clip(place, 0, self.characters - 1)
            x = normalise(self.ids[inside], self.vocabulary_size)
            # A row whose warm-up would begin before the text starts from zero at the beginning of the text.
            kept = (first + start > 0) & (start > -self.warm)
            y = model_ids(self.ids[inside + 1], self.vocabulary_size)
            yield ScoredChunk(x, y, counted.astype(np.float32), kept.astype(np.float32))


def scoring_pass(ids: Ids, vocabulary_size: int) -> ScoringPass:
    """Return a pass over a text, with shorter chunks for a large vocabulary so that their logits fit into memory.

    >>> scoring_pass(np.zeros(100_000, np.uint16), 65).chunk, scoring_pass(np.zeros(100_000, np.uint16), 60_000).chunk
    (128, 32)
    """
    scoring = ScoringPass(ids, vocabulary_size)
    while scoring.chunk > 1 and scoring.rows * scoring.chunk * vocabulary_size > MAX_LOGITS:
        scoring = replace(scoring, chunk=scoring.chunk // 2)
    return scoring


def clip_nats(nats: NDArray[Any]) -> NDArray[Any]:
    """Return surprisals of at most :data:`MAX_NATS`; NaN becomes :data:`MAX_NATS` too."""
    return np.where(nats <= MAX_NATS, nats, np.array(MAX_NATS, nats.dtype))
