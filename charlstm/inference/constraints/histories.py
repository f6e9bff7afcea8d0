"""The characters of all particles of some texts."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from charlstm.text.vocabulary import Ids, Vocabulary, id_dtype


class Histories:
    """The characters of all particles, and how much of each text is certain.

    Attributes:
        ids: ``[B, P, length]``; the first ``lengths`` are set.
        lengths: Number of characters of each particle that has ended, the maximum for the others: ``[B, P]``.
        cut: True if the last character has ended the particle: ``[B, P]``.
        certain: Number of characters in which all particles of a text agree: B.
    """

    def __init__(self, texts: int, particles: int, length: int, vocabulary_size: int) -> None:
        """Start empty histories."""
        self.ids = np.zeros((texts, particles, length), id_dtype(vocabulary_size))
        self.lengths = np.full((texts, particles), length)
        self.cut = np.zeros((texts, particles), bool)
        self.certain = [0] * texts

    def end(self, position: int, now: NDArray[np.bool_], *, cut: bool) -> None:
        """End the particles at a position that have ended now: ``[R]``."""
        places = now.reshape(self.lengths.shape)
        self.lengths[places] = position
        self.cut[places] = cut

    def gather(self, rows: NDArray[np.int64], position: int) -> None:
        """Replace the particles by copies: rows ``[R]``; they have characters before the position."""
        texts, particles = self.lengths.shape
        for text, sources in enumerate(rows.reshape(texts, particles) - np.arange(0, texts * particles, particles)[:, None]):
            open_part = slice(self.certain[text], position)  # the rest is the same in all
            self.ids[text, :, open_part] = self.ids[text, sources, open_part]
            self.lengths[text], self.cut[text] = self.lengths[text, sources], self.cut[text, sources]

    def agreed(self, text: int, position: int) -> Ids:
        """Return the ids before a position that have become certain since the last call."""
        start = end = self.certain[text]
        ids, most = self.ids[text], min(position, int((self.lengths[text] - self.cut[text]).min()))
        if len(ids) == 1:
            end = max(start, most)
        while end < most and (ids[1:, end] == ids[0, end]).all():
            end += 1
        self.certain[text] = end
        certain: Ids = ids[0, start:end]
        return certain

    def rest(self, text: int, particle: int, vocabulary: Vocabulary, stops: Sequence[str]) -> str:
        """Return the uncertain end of a particle, without a line end that ended it, unless that is a stop string."""
        written = vocabulary.decode(self.ids[text, particle, : self.lengths[text, particle]])
        return without_line_end(written, stops, cut=bool(self.cut[text, particle]))[self.certain[text] :]


def without_line_end(text: str, stops: Sequence[str], *, cut: bool) -> str:
    """Return a text, if it is cut without its last character: a line end that ended it, unless that is a stop string."""
    return text[:-1] if cut and not text.endswith(tuple(stops)) else text
