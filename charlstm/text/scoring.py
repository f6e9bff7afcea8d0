"""A text cut for scoring: every character counted once, in many rows at the same time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlstm.text.vocabulary import Ids
from charlstm.text.windows import normalise

MOST_LOGITS = 2**27
"""Numbers of the largest array of logits ``[S, T, V]`` that a pass makes: 0.5 GB."""


class ScoredChunk(NamedTuple):
    """A piece of every row.

    Attributes:
        x: Normalised characters: ``[S, T, 1]``.
        y: The character after each: ids ``[S, T]``, int32.
        counted: 1 where ``y`` is to be counted, else 0: ``[S, T]``.
        kept: 1 where the state that was carried here is to be kept, 0 where the row starts from zero: ``[S, 1]``.
    """

    x: NDArray[np.float32]
    y: NDArray[np.int32]
    counted: NDArray[np.float32]
    kept: NDArray[np.float32]


@dataclass(frozen=True)
class ScoringPass:
    """One pass over a text with the state carried, in S rows.

    A single row would be exact and slow. S rows would each start without a past, which costs some bits at S - 1 places. So each
    row first reads, without counting, the ``warm`` characters before its part. The first character of the text has nothing
    before it and is not counted; every other is, once.

    Attributes:
        ids: The text: ``[N]``, at least two characters.
        vocabulary_size: V.
        chunk: T, the characters read at a time.
        warm: Uncounted characters before each part but the first; a multiple of ``chunk``.
        most_rows: S at the most; a short text is cut into fewer rows, of at least 512 characters.
    """

    ids: Ids
    vocabulary_size: int
    chunk: int = 128
    warm: int = 256
    most_rows: int = 64

    @property
    def characters(self) -> int:
        """How many characters are counted."""
        return len(self.ids) - 1

    @property
    def rows(self) -> int:
        """S."""
        return max(1, min(self.most_rows, self.characters // 512))

    @property
    def part(self) -> int:
        """Counted characters of a row."""
        return -(-self.characters // self.rows)

    @property
    def pieces(self) -> int:
        """How many :meth:`chunks` there are."""
        return -(-(self.warm + self.part) // self.chunk)

    def chunks(self) -> Iterator[ScoredChunk]:
        """The pieces, in order."""
        first = np.arange(self.rows)[:, None] * self.part  # [S, 1]
        for start in range(-self.warm, self.part, self.chunk):
            offset = start + np.arange(self.chunk)  # [T]
            place = first + offset  # [S, T]
            counted = (offset >= 0) & (offset < self.part) & (place < self.characters)
            inside = np.clip(place, 0, self.characters - 1)
            x = normalise(self.ids[inside], self.vocabulary_size)
            # A row whose warm-up lies before the text's beginning starts from zero where its text begins.
            kept = (first + start > 0) & (start > -self.warm)
            yield ScoredChunk(x, self.ids[inside + 1].astype(np.int32), counted.astype(np.float32), kept.astype(np.float32))


def scoring_pass(ids: Ids, vocabulary_size: int) -> ScoringPass:
    """Return a pass over a text whose pieces are shorter where the vocabulary is large, so that their logits fit into memory.

    >>> scoring_pass(np.zeros(100_000, np.uint16), 65).chunk, scoring_pass(np.zeros(100_000, np.uint16), 60_000).chunk
    (128, 32)
    """
    scoring = ScoringPass(ids, vocabulary_size)
    while scoring.chunk > 1 and scoring.rows * scoring.chunk * vocabulary_size > MOST_LOGITS:
        scoring = replace(scoring, chunk=scoring.chunk // 2)
    return scoring
