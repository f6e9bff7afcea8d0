"""Overlap of two texts, estimated from a few hashes of their runs of 32 characters.

A sketch holds the smallest hashes among those of all runs of a text (a bottom-k sketch). The hash of a run depends on its
characters alone, so the sketch is a random sample of the runs, and every text samples the same runs. Among the runs of another
text whose hashes are in the sketched range, the share that the sketch has estimates the share of its runs in the sketched text.

White space is folded: a run of it counts as one space, so that a text with other line breaks is the same text. Sketches of
earlier releases cover the unfolded text. They need no mark: a run that is in the sketch is a common one, whether it comes from
the folded or from the unfolded text, so both are compared and the larger share is taken.

Source: A. Broder, "On the resemblance and containment of documents" (1997).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from charlstm.text.prepared_ids import as_prepared
from charlstm.text.vocabulary import Ids, Vocabulary

Hashes = NDArray[np.uint64]

RUN = 32
"""Characters of a run. Two texts of one language have few phrases of this length in common."""

SKETCH_HASHES = 1_024
"""Most hashes of a sketch: 8 kB, so that the sketches of a thousand bases still fit into a ``config.json``."""

LEAST_SHARE = 0.1
"""Share of a text from which it counts as trained on. Quotations and phrases stay below, and move a score by less than that."""

LEAST_MATCHES = 2
"""Distinct common runs from which a text counts as trained on: one may be a phrase or a rule of dashes."""

SAMPLE = 16 * SKETCH_HASHES
"""Hashes of the other text; more cannot be in the sketched range unless the share is below ``1 / 16``."""

_SPACES = np.zeros(0x3002, bool)
"""True for code points with Unicode's property White_Space; the last one stands for all larger ones."""
_SPACES[[*range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000]] = True

_BLOCK = 1 << 16  # the temporary arrays stay in the cache
_BASE = 0x915F77F5  # odd, so that no character of a run loses its influence
_POWERS = np.multiply.accumulate(np.full(RUN, 0xD1342543DE82EF95, np.uint64))


@dataclass(frozen=True)
class Containment:
    """An estimate of how much of a text occurs in another.

    Attributes:
        share: Share of its distinct runs that occur in the other text, 0 if it has none.
        runs: Number of runs that the estimate rests on.
        matches: Number of those that occur in the other text.
    """

    share: float
    runs: int
    matches: int


def sketch(ids: Ids, vocabulary: Vocabulary) -> bytes:
    """Return the sketch of a text: its smallest distinct hashes in ascending order, 8 bytes each in little-endian order.

    White space is folded.

    Args:
        ids: Character ids of the text: ``[N]``.
        vocabulary: The vocabulary of the ids. The sketch does not depend on it.
    """
    known = prepared.smallest_hashes(SKETCH_HASHES) if (prepared := as_prepared(ids)) is not None else None
    found = smallest_hashes(ids, vocabulary, SKETCH_HASHES) if known is None else known
    return found.astype("<u8").tobytes()


def samples(ids: Ids, vocabulary: Vocabulary) -> tuple[Hashes, Hashes]:
    """Return the samples of a text to compare with sketches: with folded white space, and unfolded.

    Args:
        ids: Character ids of the text: ``[N]``.
        vocabulary: The vocabulary of the ids.
    """
    return smallest_hashes(ids, vocabulary), smallest_hashes(ids, vocabulary, folded=False)


def smallest_hashes(ids: Ids, vocabulary: Vocabulary, number: int = SAMPLE, *, folded: bool = True) -> Hashes:
    """Return the smallest distinct hashes of a text's runs in ascending order, at most ``number`` of them.

    Args:
        ids: Character ids of the text: ``[N]``.
        vocabulary: The vocabulary of the ids.
        number: Largest number of hashes.
        folded: False to hash the unfolded text, as earlier releases did.
    """
    runs, start = RunHashes(number, folded=folded), 0
    while start < len(ids):
        stop = start + min(_BLOCK, max(number, start))  # short blocks first, of which most runs are candidates
        runs.add(vocabulary.code_points_of(ids[start:stop]))
        start = stop
    return runs.hashes


class RunHashes:
    """The smallest distinct hashes of the runs of a text that comes in pieces.

    Attributes:
        hashes: The hashes in ascending order, at most ``number`` of them.
        ends: Where the first run with each of these hashes ends in the text, in characters.
    """

    def __init__(self, number: int, *, folded: bool = True) -> None:
        """Start with an empty text; the arguments are those of :func:`smallest_hashes`."""
        self.hashes, self.ends = np.empty(0, np.uint64), np.empty(0, np.int64)
        self._number, self._is_folded = number, folded
        self._last, self._after_space, self._length = np.empty(0, np.uint32), False, 0
        self._scratch = np.empty((2, 0), np.uint32)

    def add(self, codes: NDArray[np.uint32]) -> None:
        """Read the next piece of the text, given as code points: ``[N]``."""
        for start in range(0, len(codes), _BLOCK):
            self._add(codes[start : start + _BLOCK])

    def _add(self, piece: NDArray[np.uint32]) -> None:
        new, kept = piece, np.ones(len(piece), bool)
        if self._is_folded:
            new, kept, self._after_space = _folded(piece, self._after_space)
        codes = np.concatenate([self._last, new])
        if len(codes) > self._scratch.shape[1]:
            self._scratch = np.empty((2, len(codes)), np.uint32)
        largest = self.hashes[-1] if len(self.hashes) == self._number else np.uint64(2**64 - 1)
        if len(codes) >= RUN:
            places, hashes = _hashes(codes, largest, self._scratch)
            if len(hashes):
                ends = self._length + np.flatnonzero(kept)[places + RUN - 1 - len(self._last)] + 1
                found, first = np.unique(np.concatenate([self.hashes, hashes]), return_index=True)
                self.hashes = found[: self._number]
                self.ends = np.concatenate([self.ends, ends])[first[: self._number]]
        self._last = codes[-(RUN - 1) :]
        self._length += len(piece)


def _folded(codes: NDArray[np.uint32], after_space: bool) -> tuple[NDArray[np.uint32], NDArray[np.bool_], bool]:
    """Return code points with each run of white space as one space, which of them are kept, and whether they end with one.

    Args:
        codes: The code points of a part of a text: ``[N]``, at least one.
        after_space: True if the part before ends with white space.
    """
    is_space = _SPACES[np.minimum(codes, len(_SPACES) - 1)]
    follows = np.concatenate([[after_space], is_space[:-1]])
    kept = ~(is_space & follows)
    return np.where(is_space, np.uint32(0x20), codes)[kept], kept, bool(is_space[-1])


def containment(sketched: bytes, sample: Hashes) -> Containment:
    """Estimate how much of a text occurs in a sketched text.

    Args:
        sketched: A sketch, as :func:`sketch` returns it.
        sample: Hashes of the other text, as :func:`smallest_hashes` returns them.
    """
    known = _hashes_of(sketched)
    if len(known) == SKETCH_HASHES:  # a smaller sketch has all hashes of its text
        sample = sample[sample <= known[-1]]
    matches = int(np.isin(sample, known, assume_unique=True).sum())
    return Containment(matches / max(1, len(sample)), len(sample), matches)


def trained_share(sketched: bytes, of_text: Sequence[Hashes]) -> float:
    """Return the share of a text that occurs in a sketched text; 0 if it is small or rests on too little.

    Args:
        sketched: A sketch of what a model was trained on.
        of_text: Hashes of the text, as :func:`samples` returns them.
    """
    estimates = [containment(sketched, sample) for sample in of_text]
    enough = (found.share for found in estimates if found.share >= LEAST_SHARE and found.matches >= LEAST_MATCHES)
    return max(enough, default=0.0)


def is_sketch(found: bytes) -> bool:
    """Return whether bytes can be a sketch: whole hashes in ascending order, and not too many."""
    if len(found) % 8 or len(found) > 8 * SKETCH_HASHES:
        return False
    hashes = _hashes_of(found)
    return bool(np.all(hashes[:-1] < hashes[1:]))


def _hashes_of(sketched: bytes) -> Hashes:
    return np.frombuffer(sketched, "<u8").astype(np.uint64)


def _hashes(codes: NDArray[np.uint32], largest: np.uint64, scratch: NDArray[np.uint32]) -> tuple[NDArray[np.intp], Hashes]:
    """Return where the runs of ``codes`` begin whose hashes are at most ``largest``, and these hashes.

    The upper half of a hash is computed for every run, in 32 bits, which is fast. The lower half is computed only for the runs
    whose upper half is small enough.
    """
    upper = _upper_halves(codes, scratch)
    places = np.flatnonzero(upper <= np.uint32(largest >> np.uint64(32)))
    runs = sliding_window_view(codes, RUN)[places].astype(np.uint64)
    whole = (runs * _POWERS).sum(axis=1, dtype=np.uint64)
    _mix(whole, np.empty_like(whole), (30, 27), (0xBF58476D1CE4E5B9, 0x94D049BB133111EB))  # splitmix64's
    hashes: Hashes = (upper[places].astype(np.uint64) << np.uint64(32)) | (whole >> np.uint64(32))
    small = hashes <= largest
    return places[small], hashes[small]


def _upper_halves(codes: NDArray[np.uint32], scratch: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return a hash of every run, ``[N] -> [N - 31]``, as a view of ``scratch``: ``[2, N]`` or longer.

    Each step doubles the length of the runs: the hash of both halves is the first one's times a power, plus the second one's.
    """
    hashes, length, power = codes, 1, _BASE
    joined, other = scratch
    while length < RUN:
        following = hashes[length:]
        joined, other = other, np.multiply(hashes[:-length], np.uint32(power), out=joined[: len(following)])
        other += following
        hashes, length, power = other, 2 * length, power * power % 2**32
    _mix(hashes, joined[: len(hashes)], (16, 13), (0x85EBCA6B, 0xC2B2AE35))  # MurmurHash3's finaliser
    return hashes


def _mix(values: NDArray[Any], scratch: NDArray[Any], shifts: tuple[int, int], factors: tuple[int, int]) -> None:
    """Let the upper bits of each value depend on all its bits, in place and without collisions."""
    kind = values.dtype.type
    for shift, factor in zip(shifts, factors, strict=True):
        values ^= np.right_shift(values, kind(shift), out=scratch)
        values *= kind(factor)
