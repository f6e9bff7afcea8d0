"""Reading a corpus: strict decoding, one kind of line end, ids of 1, 2 or 4 bytes.

The text is read twice, in blocks: once for its characters, its length and its fingerprint, once for the ids. So there is
never more in memory than the ids (N, 2N or 4N bytes) and one block, and above ``MAPPED_BYTES`` the ids are in a temporary
file that is mapped into memory instead.
"""

import codecs
import hashlib
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from charlstm.errors import CorpusError
from charlstm.text.vocabulary import Ids, Vocabulary, code_points, id_dtype

BLOCK_BYTES = 1 << 20
MAPPED_BYTES = 1 << 30

_UNICODE = 0x110000
_SIGNATURES = {
    b"\x1f\x8b": "a gzip file; unpack it first (gunzip)",
    b"PK\x03\x04": "a zip archive; unpack it first (unzip)",
    b"\xfd7zXZ": "an xz file; unpack it first (unxz)",
    b"BZh91AY&SY": "a bzip2 file; unpack it first (bunzip2)",
    b"%PDF-": "a PDF; save it as plain text first",
}
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Corpus:
    """A text as ids.

    Attributes:
        name: What it is called in a model card: the file names, without folders.
        vocabulary: Its characters.
        ids: ``[N]``; memory-mapped when large.
        fingerprint: SHA-256 of the text as it was read, in UTF-8; the same for every encoding and line end of the file.
    """

    name: str
    vocabulary: Vocabulary
    ids: Ids
    fingerprint: str


def read_corpus(sources: Sequence[str | Path], encoding: str = "utf-8", alphabet: str = "") -> Corpus:
    """Read one text from several files, end to end as ``cat`` would join them.

    A byte order mark is removed, CRLF is read as LF; nothing else is changed and nothing is dropped.

    Args:
        sources: Paths; ``-`` is standard input.
        encoding: Any text encoding that Python knows.
        alphabet: Characters that the vocabulary has besides those of the text (an older model's, for fine-tuning).

    Raises:
        CorpusError: If a source cannot be read, is not text in that encoding, or has fewer than two distinct characters.
    """
    _check_encoding(encoding)
    name = " + ".join("standard input" if str(source) == "-" else Path(source).name for source in sources)
    name = name.encode("utf-8", "backslashreplace").decode()  # a file name need not be UTF-8; a model card must be
    with ExitStack() as stack:
        files = [(_label(source), stack.enter_context(_open(source))) for source in sources]
        seen = np.zeros(_UNICODE, bool)
        seen[code_points(alphabet)] = True
        digest, length = hashlib.sha256(), 0
        for text in _all(files, encoding):
            seen[code_points(text)] = True
            digest.update(text.encode())
            length += len(text)
        codes = np.flatnonzero(seen).astype("<u4")
        if length == 0:
            raise CorpusError(f"{name} is empty; a text to train on has at least a few thousand characters")
        if len(codes) < 2:
            raise CorpusError(
                f"{name} has one distinct character, {chr(codes[0])!r}; a model needs at least two to choose from"
            )
        vocabulary = Vocabulary(codes.tobytes().decode("utf-32-le"))
        ids = _allocate(length, id_dtype(len(vocabulary)))
        table = np.zeros(_UNICODE, ids.dtype)
        table[codes] = np.arange(len(codes), dtype=ids.dtype)
        end, again = 0, hashlib.sha256()
        for text in _all(files, encoding):
            start, end = end, end + len(text)
            if end <= length:
                np.take(table, code_points(text), out=ids[start:end])
            again.update(text.encode())
        if again.digest() != digest.digest():
            raise CorpusError(f"{name} changed while it was read; copy it to a file that nothing writes to, and use that")
    return Corpus(name, vocabulary, ids, digest.hexdigest())


def read_text(source: str | Path, encoding: str = "utf-8") -> str:
    """The whole text of one source, read as :func:`read_corpus` reads it.

    Raises:
        CorpusError: If it cannot be read or is not text in that encoding.
    """
    _check_encoding(encoding)
    with _open(source) as file:
        return "".join(_all([(_label(source), file)], encoding))


def _check_encoding(encoding: str) -> None:
    try:
        "a".encode(encoding)
    except (LookupError, ValueError):
        raise CorpusError(
            f"{encoding!r} is not a text encoding that Python knows; try utf-8, utf-16, latin-1, cp1252, gb18030 or big5"
        ) from None


def _label(source: str | Path) -> str:
    return "standard input" if str(source) == "-" else str(source)


def _open(source: str | Path) -> IO[bytes]:
    """Open a source that can be read twice; what cannot seek (a pipe) is copied to a temporary file first."""
    try:
        file = sys.stdin.buffer if str(source) == "-" else Path(source).open("rb")  # noqa: SIM115 (the caller closes it)
        if file.seekable() and str(source) != "-":
            return file
        copy = tempfile.TemporaryFile()  # noqa: SIM115
        shutil.copyfileobj(file, copy, BLOCK_BYTES)
        if str(source) != "-":
            file.close()
        return copy
    except FileNotFoundError:
        raise CorpusError(f"{source} does not exist; give the path of a text file, or - for standard input") from None
    except IsADirectoryError:
        raise CorpusError(f"{source} is a directory; give the text files in it, for example {source}/*.txt") from None
    except ValueError:
        raise CorpusError(f"{str(source)!r} cannot be the name of a file; give the path of a text file") from None
    except OSError as error:
        raise CorpusError(f"{source} cannot be read ({error.strerror}); check the file and its permissions") from None


def _all(files: Sequence[tuple[str, IO[bytes]]], encoding: str) -> Iterator[str]:
    """The text of several files, in blocks."""
    for label, file in files:
        try:
            yield from _decoded(label, file, encoding)
        except OSError as error:
            raise CorpusError(f"{label} cannot be read ({error.strerror}); check the file and its disk") from None


def _decoded(label: str, file: IO[bytes], encoding: str) -> Iterator[str]:
    """The text of a file in blocks: decoded strictly, without a byte order mark, with LF line ends."""
    file.seek(0)
    # The mark is removed in any case; the decoder that does so itself would hide it from the count of bytes.
    plain = "utf-8" if codecs.lookup(encoding).name == "utf-8-sig" else encoding
    decoder = codecs.getincrementaldecoder(plain)("strict")
    taken, characters, carried = 0, 0, ""
    while True:
        block = file.read(BLOCK_BYTES)
        if taken == 0:
            _check_signature(label, block, encoding)
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(block, final=not block)
            text.encode()  # some encodings can spell half a character, which no text has
        except UnicodeError as error:
            where = ""
            if isinstance(error, UnicodeDecodeError):
                where = f": byte 0x{error.object[error.start]:02x} at offset {taken - pending + error.start} does not decode"
            raise CorpusError(
                f"{label} is not {encoding}{where}; "
                "name the right encoding with --encoding-name (cp1252 and gb18030 are common), or convert the file"
            ) from None
        taken += len(block)
        if characters == 0:
            text = text.removeprefix("\ufeff")
        if "\0" in text:
            raise CorpusError(
                f"{label} is a binary file, or in another encoding: it has a NUL at character {characters + text.index(chr(0))}"
                "; give plain text, or name its encoding with --encoding-name"
            )
        characters += len(text)
        text, carried = carried + text, ""
        # A CR at the end of a block may be half of a CRLF: it waits for the next one.
        if block and text.endswith("\r"):
            text, carried = text[:-1], "\r"
        if "\r" in text:
            text = text.replace("\r\n", "\n")
        if text:
            yield text
        if not block:
            return


def _check_signature(label: str, block: bytes, encoding: str) -> None:
    for signature, meaning in _SIGNATURES.items():
        if block.startswith(signature):
            raise CorpusError(f"{label} is {meaning}")
    if block.startswith(_UTF16) and codecs.lookup(encoding).name == "utf-8":
        raise CorpusError(f"{label} is UTF-16, not UTF-8; add --encoding-name utf-16")


def _allocate(length: int, dtype: np.dtype[Any]) -> Ids:
    if length * dtype.itemsize <= MAPPED_BYTES:
        return np.empty(length, dtype)
    try:
        with tempfile.TemporaryFile() as file:  # the mapping keeps it alive; nothing is left behind
            return np.memmap(file, dtype, "w+", shape=(length,))
    except OSError as error:
        raise CorpusError(
            f"there is no room for {length * dtype.itemsize:,} bytes in {tempfile.gettempdir()} ({error.strerror}); make some, "
            "or name another folder in the environment variable TMPDIR"
        ) from None
