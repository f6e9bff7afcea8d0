"""Compressed texts, read as streams: gzip, bzip2, xz and Zstandard, recognised by their first bytes."""

import bz2
import errno
import gzip
import io
import lzma
import re
from pathlib import PurePath
from typing import IO, Any, cast

from charlstm.errors import CorpusError

SUFFIXES = (".gz", ".bz2", ".xz", ".zst")
"""Usual ends of the names of compressed files."""

_SIGNATURES = {
    "gzip": re.compile(rb"\x1f\x8b"),
    "bzip2": re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"),
    "xz": re.compile(rb"\xfd7zXZ\0"),
    "zstd": re.compile(rb"\x28\xb5\x2f\xfd"),
}
_BUFFER = 1 << 20


def unpacked(file: IO[bytes], label: str) -> IO[bytes]:
    """Return a stream of the text in a compressed file, or the file itself if it is not compressed.

    The stream goes back to its beginning when it is read again. Closing it closes the file.

    Args:
        file: The open file, at its beginning, which can be read more than once.
        label: Its name in messages.

    Raises:
        CorpusError: If it is a zstd file, and the library for them is not installed.
        OSError: If the file cannot be read.
    """
    head = file.read(10)
    file.seek(0)
    kind = next((kind for kind, signature in _SIGNATURES.items() if signature.match(head)), None)
    return file if kind is None else io.BufferedReader(_Unpacked(file, _decompressor(kind, file, label), kind), _BUFFER)


def bytes_read(file: IO[bytes]) -> int:
    """Return the position in a file, or in the compressed file whose text it is."""
    raw = getattr(file, "raw", None)
    return raw.packed.tell() if isinstance(raw, _Unpacked) else file.tell()


def without_suffix(name: str) -> str:
    """Return a file name without the end that tells its compression.

    >>> without_suffix("novel.txt.gz"), without_suffix("novel.txt"), without_suffix(".gz")
    ('novel.txt', 'novel.txt', '.gz')
    """
    end = PurePath(name).suffix
    return name.removesuffix(end) if end.lower() in SUFFIXES else name


def _decompressor(kind: str, file: IO[bytes], label: str) -> IO[bytes]:
    if kind == "zstd":
        try:
            from backports import zstd
        except ImportError:
            raise CorpusError(
                f"{label} is a zstd file, and the library for them is not installed; install it with "
                "`pip install 'charlstm[zstd]'`, or unpack the file first (unzstd)"
            ) from None
        return cast(IO[bytes], zstd.ZstdFile(file))
    if kind == "gzip":
        return cast(IO[bytes], gzip.GzipFile(fileobj=file))
    return bz2.BZ2File(file) if kind == "bzip2" else lzma.LZMAFile(file)


class _Unpacked(io.RawIOBase):
    """The text in a compressed file. Damage is reported as an OSError, whatever the library raises."""

    def __init__(self, packed: IO[bytes], text: IO[bytes], kind: str) -> None:
        self.packed, self._text, self._kind = packed, text, kind

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True: going back means unpacking again from the beginning."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer; return the number of bytes."""
        with memoryview(buffer) as view:
            block = self._call(self._text.read, len(view))
            view[: len(block)] = block
            return len(block)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position in the text."""
        return int(self._call(self._text.seek, offset, whence))

    def tell(self) -> int:
        """Return the position in the text."""
        return self._text.tell()

    def close(self) -> None:
        """Close the file too."""
        if not self.closed:
            self._text.close()
            self.packed.close()
        super().close()

    def _call(self, function: Any, *arguments: int) -> Any:
        try:
            return function(*arguments)
        except Exception as error:  # each library raises types of its own: EOFError, zlib.error, LZMAError, ZstdError
            if isinstance(error, OSError) and error.errno:
                raise
            raise OSError(errno.EIO, f"its {self._kind} data are damaged or cut off") from None
