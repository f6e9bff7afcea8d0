"""Growing ids of a prepared corpus: provisional ids in the order of appearance, in a file that widens when it must."""

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlstm.errors import CorpusError
from charlstm.files import sync_folder
from charlstm.text.overlap import RunHashes
from charlstm.text.prepared_corpus import KEPT_HASHES, id_type, ids_file
from charlstm.text.vocabulary import UNICODE, code_points

WIDTHS = (1, 2, 4)
_UNSEEN = np.uint32(2**32 - 1)
_BLOCK = 1 << 20


class IdWriter:
    """Writer of the ids of a text that comes in pieces, which counts what a record needs.

    Attributes:
        length: Characters of the text so far.
        counts: Occurrences of each id so far: ``[n]``.
        runs: Hashes of the text so far.
        at_line_start: True if the text so far is empty or ends with a line end.
    """

    def __init__(self, folder: Path, characters: str = "", length: int = 0) -> None:
        """Open the file of the ids, and cut off what follows the first ``length`` ones.

        Args:
            folder: The corpus.
            characters: The characters of these ids, in their order.
            length: Number of ids that count. They are read by :meth:`read_back`.

        Raises:
            CorpusError: If the file has fewer ids.
            OSError: If it cannot be written.
        """
        self._folder, self.length, self.at_line_start = folder, 0, True
        self._codes = code_points(characters)
        self._table = np.full(UNICODE, _UNSEEN, np.uint32)
        self._table[self._codes] = np.arange(len(self._codes), dtype=np.uint32)
        self.counts = np.zeros(len(self._codes), np.int64)
        self._digest, self.runs = hashlib.sha256(), RunHashes(KEPT_HASHES)
        # A wider file is complete once the narrower one is gone.
        self.id_bytes = next((width for width in WIDTHS if ids_file(folder, width).exists()), _width(len(self._codes)))
        for width in WIDTHS:
            path = ids_file(folder, width)
            if path.is_symlink() or (width > self.id_bytes and path.exists()):
                path.unlink()
        path = ids_file(folder, self.id_bytes)
        self._file = path.open("r+b" if path.exists() else "w+b")
        size = length * self.id_bytes
        if self._file.seek(0, os.SEEK_END) < size or (length and self.id_bytes < _width(len(self._codes))):
            self._file.close()
            raise CorpusError(
                f"{path} is damaged: it has fewer ids than {folder} counts; remove {folder}, and prepare it again"
            )
        self._file.truncate(size)
        self._file.seek(size)

    def read_back(self, length: int) -> None:
        """Count the next ids, which are in the file, as if they were added.

        Raises:
            CorpusError: If one of them stands for no character.
        """
        self._file.seek(self.length * self.id_bytes)
        while length:
            ids = np.frombuffer(self._file.read(min(_BLOCK, length) * self.id_bytes), id_type(self.id_bytes))
            if ids.max() >= len(self._codes):
                raise CorpusError(f"{self._folder} is damaged: an id stands for no character; remove it, and prepare it again")
            codes = self._codes[ids]
            self._count(codes, ids, codes.tobytes().decode("utf-32-le"))
            length -= len(ids)

    def add(self, text: str) -> None:
        """Append a piece of text, which is not empty.

        Raises:
            OSError: If the disk is full, or cannot be written.
        """
        codes = code_points(text)
        ids = self._table.take(codes)
        if len(unseen := codes[ids == _UNSEEN]):
            distinct, first = np.unique(unseen, return_index=True)
            new = distinct[np.argsort(first)]
            self._table[new] = np.arange(len(self._codes), len(self._codes) + len(new), dtype=np.uint32)
            self._codes = np.concatenate([self._codes, new])
            self.counts = np.concatenate([self.counts, np.zeros(len(new), np.int64)])
            ids = self._table.take(codes)
            if (width := _width(len(self._codes))) > self.id_bytes:
                self._widen(width)
        self._file.write(ids.astype(id_type(self.id_bytes)).data)
        self._count(codes, ids, text)

    @property
    def characters(self) -> str:
        """The characters in the order of their ids."""
        return self._codes.astype("<u4").tobytes().decode("utf-32-le")

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the text so far, in UTF-8."""
        return self._digest.copy().hexdigest()

    def sync(self) -> None:
        """Wait until the ids are safe on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def cut(self, length: int) -> None:
        """Remove the ids that follow the first ``length`` ones from the file, to free their space."""
        self._file.truncate(length * self.id_bytes)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _count(self, codes: NDArray[np.uint32], ids: NDArray[Any], text: str) -> None:
        self.counts += np.bincount(ids, minlength=len(self.counts))
        self._digest.update(text.encode())
        self.runs.add(codes)
        self.length += len(codes)
        self.at_line_start = bool(codes[-1] == ord("\n"))

    def _widen(self, width: int) -> None:
        """Copy the ids to a file of wider ones; the narrower file is removed when that is safe on the disk."""
        self._file.flush()
        narrow, wide = ids_file(self._folder, self.id_bytes), ids_file(self._folder, width)
        file = wide.open("w+b")
        try:
            self._file.seek(0)
            while block := self._file.read(_BLOCK):
                file.write(np.frombuffer(block, id_type(self.id_bytes)).astype(id_type(width)).data)
            file.flush()
            os.fsync(file.fileno())
            sync_folder(self._folder)
        except BaseException:
            with suppress(OSError):  # the disk may be full
                file.close()
            wide.unlink()
            raise
        before = self._file
        self._file, self.id_bytes = file, width
        before.close()
        narrow.unlink()


def _width(characters: int) -> int:
    """Return the fewest bytes of an id.

    >>> _width(256), _width(257), _width(65_537)
    (1, 2, 4)
    """
    return next(width for width in WIDTHS if characters <= 256**width)
