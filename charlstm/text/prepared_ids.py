"""Ids of a prepared corpus: they stay in a memory-mapped file, and are translated to a vocabulary where they are read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from charlstm.errors import CorpusError

_BLOCK = 1 << 22


@dataclass(frozen=True)
class CorpusSummary:
    """What has been counted in a whole corpus while it was prepared, so that opening it reads none of it.

    Attributes:
        counts: Occurrences of each stored id: ``[n]``.
        hashes: The smallest hashes of its runs (:class:`charlstm.text.overlap.RunHashes`), in ascending order: ``[H]``.
        ends: Where the first run with each of these hashes ends: ``[H]``.
        complete: True if these are the hashes of all its runs.
    """

    counts: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    ends: NDArray[np.int64]
    complete: bool


class PreparedIds(NDArrayOperatorsMixin):
    """A part of a prepared corpus, which stands in for an array of ids.

    Slices are parts, too, and read nothing. Indexing with anything else, ``astype``, operators and NumPy's functions read
    from the file what they need and return arrays. ``max`` and ``min`` read block by block; ``np.asarray``, ``copy`` and
    ``tolist`` read all of the part into memory.
    """

    ndim = 1

    def __init__(
        self, stored: NDArray[Any], table: NDArray[Any], summary: CorpusSummary, start: int = 0, stop: int | None = None
    ) -> None:
        """Take a part of a corpus.

        Args:
            stored: The ids in the file, in the order in which characters first appear: ``[N]``.
            table: The id that each of them has in the vocabulary: ``[n]``.
            summary: What is known of the whole corpus.
            start: First position of the part.
            stop: Position after its last; N if None.
        """
        self._stored, self.table, self.summary = stored, table, summary
        self.start, self.stop = start, len(stored) if stop is None else stop

    def __len__(self) -> int:
        return self.stop - self.start

    def __repr__(self) -> str:
        return f"<{len(self):,} {self.dtype} ids in the file of a prepared corpus>"

    @property
    def size(self) -> int:
        """Number of characters."""
        return len(self)

    @property
    def shape(self) -> tuple[int]:
        """Number of characters, as arrays have it."""
        return (len(self),)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the ids that are read."""
        return self.table.dtype

    @property
    def itemsize(self) -> int:
        """Bytes of an id that is read."""
        return self.table.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of the part in the file."""
        return len(self) * self._stored.dtype.itemsize

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice) and index.step in (None, 1):
            start, stop, _ = index.indices(len(self))
            return PreparedIds(self._stored, self.table, self.summary, self.start + start, self.start + max(start, stop))
        return self._read(self._stored[self.start : self.stop][index])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read the part."""
        found: NDArray[Any] = self._read(self._stored[self.start : self.stop])
        return found if dtype is None else found.astype(dtype, copy=False)

    def __array_ufunc__(self, function: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Apply a function of NumPy to the part, read from the file."""
        read = [np.asarray(each) if isinstance(each, PreparedIds) else each for each in inputs]
        return getattr(function, method)(*read, **options)

    def astype(self, dtype: Any) -> NDArray[Any]:
        """Read the part as numbers of another type."""
        return self.__array__(dtype)

    def copy(self) -> NDArray[Any]:
        """Read the part."""
        return self.__array__()

    def tolist(self) -> list[int]:
        """Read the part as a list."""
        found: list[int] = self.__array__().tolist()
        return found

    def max(self, axis: Any = None, out: Any = None, **options: Any) -> Any:
        """Return the greatest id. The arguments are those of ``np.max``, which calls this."""
        return self._extreme(np.max, axis, out, options)

    def min(self, axis: Any = None, out: Any = None, **options: Any) -> Any:
        """Return the smallest id. The arguments are those of ``np.min``, which calls this."""
        return self._extreme(np.min, axis, out, options)

    def translated(self, table: NDArray[Any]) -> "PreparedIds":
        """Return the part in another vocabulary.

        Args:
            table: The id in the other vocabulary that each present id has.
        """
        return PreparedIds(self._stored, table[self.table], self.summary, self.start, self.stop)

    def stored_counts(self) -> NDArray[np.int64]:
        """Return how often each stored id occurs in the part: ``[n]``. Only the smaller of the part and the rest is read."""
        outside = ((0, self.start), (self.stop, len(self._stored)))
        if 2 * len(self) < len(self._stored):
            return self._count(self.start, self.stop)
        return self.summary.counts - sum(self._count(*each) for each in outside)

    def smallest_hashes(self, number: int) -> NDArray[np.uint64] | None:
        """Return the smallest hashes of the part's runs, without reading it; None if too few of the corpus's are known."""
        if self.start > 0:
            return None
        found = self.summary.hashes[self.summary.ends <= self.stop]
        return found[:number] if len(found) >= number or self.summary.complete else None

    def _extreme(self, function: Callable[..., Any], axis: Any, out: Any, options: Mapping[str, Any]) -> Any:
        if options:  # such as a mask, which has the length of the part
            return function(np.asarray(self), axis, out, **options)
        found = [function(np.asarray(self[first : first + _BLOCK])) for first in range(0, len(self), _BLOCK)]
        return function(np.array(found, self.dtype), axis, out)

    def _count(self, start: int, stop: int) -> NDArray[np.int64]:
        counts = np.zeros(len(self.table), np.int64)
        for first in range(start, stop, _BLOCK):
            block = self._stored[first : min(first + _BLOCK, stop)]
            self._check(block)
            counts += np.bincount(block, minlength=len(counts))
        return counts

    def _read(self, stored: Any) -> Any:
        self._check(stored)
        return self.table[stored]

    def _check(self, stored: Any) -> None:
        if np.size(stored) and stored.max() >= len(self.table):
            raise CorpusError(
                "the prepared corpus is damaged: it has an id that stands for no character; check it, or prepare it again"
            )


def as_prepared(ids: object) -> PreparedIds | None:
    """Return ids of a prepared corpus as what they are; None for an array."""
    return ids if isinstance(ids, PreparedIds) else None
