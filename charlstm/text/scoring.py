"""A text cut for scoring: every character counted once, in many rows at the same time."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlstm.text.vocabulary import Ids
from charlstm.text.windows import model_ids, normalise

MAX_LOGITS = 2**27
"""Numbers of the largest array of logits ``[S, T, V]`` that a pass makes: 0.5 GB."""

MAX_NATS = -math.log(np.finfo(np.float32).tiny)
"""The most that a character costs, in nats: a probability below the smallest float32, or none at all, counts as that one."""

MAX_DISAGREEMENT = 0.01
"""Nats by which two readings of the same characters may differ, on average, and count as the same.

Models trained in the usual way differ by a few thousandths there, and their scores by a hundredth of that.
"""


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

    For a model that remembers more than that the rows' score is not that of a single one. So each row reads on for ``ahead``
    characters, where the next row reads the same ones with less before them; :meth:`agrees` compares the two.

    Attributes:
        ids: The text: ``[N]``, at least two characters.
        vocabulary_size: V.
        chunk: T, the characters read at a time; at most 256.
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
    def ahead(self) -> int:
        """Uncounted characters after each part, if there is more than one."""
        return self.chunk if self.rows > 1 else 0

    @property
    def pieces(self) -> int:
        """How many :meth:`chunks` there are."""
        return -(-(self.warm + self.part + self.ahead) // self.chunk)

    def agrees(self, nats: NDArray[Any]) -> bool:
        """Whether a row and the next one say the same of the characters that both have read.

        Args:
            nats: Of all that was read: ``[S, T]``, the chunks side by side.
        """
        begin, end = self.warm, self.warm + self.part
        # No row ends within these characters: the last one, the shortest, has at least 449.
        difference = np.abs(nats[:-1, end : end + self.ahead] - nats[1:, begin : begin + self.ahead])
        return not difference.size or float(difference.mean()) <= MAX_DISAGREEMENT

    def in_one_piece(self) -> "ScoringPass":
        """The same text in a single row."""
        return replace(self, most_rows=1)

    def chunks(self) -> Iterator[ScoredChunk]:
        """The pieces, in order."""
        first = np.arange(self.rows)[:, None] * self.part  # [S, 1]
        for start in range(-self.warm, self.part + self.ahead, self.chunk):
            offset = start + np.arange(self.chunk)  # [T]
            place = first + offset  # [S, T]
            counted = (offset >= 0) & (offset < self.part) & (place < self.characters)
            inside = np.clip(place, 0, self.characters - 1)
            x = normalise(self.ids[inside], self.vocabulary_size)
            # A row whose warm-up lies before the text's beginning starts from zero where its text begins.
            kept = (first + start > 0) & (start > -self.warm)
            y = model_ids(self.ids[inside + 1], self.vocabulary_size)
            yield ScoredChunk(x, y, counted.astype(np.float32), kept.astype(np.float32))


def scoring_pass(ids: Ids, vocabulary_size: int) -> ScoringPass:
    """Return a pass over a text whose pieces are shorter where the vocabulary is large, so that their logits fit into memory.

    >>> scoring_pass(np.zeros(100_000, np.uint16), 65).chunk, scoring_pass(np.zeros(100_000, np.uint16), 60_000).chunk
    (128, 32)
    """
    scoring = ScoringPass(ids, vocabulary_size)
    while scoring.chunk > 1 and scoring.rows * scoring.chunk * vocabulary_size > MAX_LOGITS:
        scoring = replace(scoring, chunk=scoring.chunk // 2)
    return scoring


def clip_nats(nats: NDArray[Any]) -> NDArray[Any]:
    """Return surprisals of at most :data:`MAX_NATS`, which is also what a NaN becomes."""
    return np.where(nats <= MAX_NATS, nats, np.array(MAX_NATS, nats.dtype))
