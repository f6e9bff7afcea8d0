"""Strict decoding of bytes to text in blocks, with LF line ends and without byte order marks."""

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

from charlstm.errors import CorpusError
from charlstm.text.encoding_messages import encoding_doubt, nul_message, undecodable_message
from charlstm.text.file_types import HEAD_BYTES, binary_kind, markup_kind
from charlstm.text.sources import Note, Source

BLOCK_BYTES = 1 << 20

_MARK = "\ufeff"
_MARKS_IN_A_LINE = re.compile(r"(?<=[^\r\n\ufeff])\ufeff+(?=[^\r\n])")
_MARKUP = "{} is {}: its markup is learned together with its words; to learn only the words, save it as plain text first."
_NOT_OF_FILES = {"punycode", "idna"}
"""Codecs of host names, which Python counts among the text encodings."""
_UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def check_text_encoding(encoding: str) -> None:
    """Check that an encoding is one that files are read in.

    Raises:
        CorpusError: If it is not.
    """
    try:
        known = "a".encode(encoding) and codecs.lookup(encoding).name not in _NOT_OF_FILES
    except (LookupError, ValueError):
        known = False
    if not known:
        raise CorpusError(
            f"{encoding!r} is not a text encoding that charlstm reads; try utf-8, utf-16, latin-1, cp1252, gb18030 or big5"
        )


def decoded_blocks(sources: Sequence[Source], encoding: str, note: Note | None = None) -> Iterator[str]:
    """Yield the text of several files in blocks, with a line end added between two files where the first one lacks it.

    Args:
        sources: The files.
        encoding: The text encoding of all files.
        note: Receives remarks about anything unusual in a file, after its last block; None for no remarks.

    Raises:
        CorpusError: If a file cannot be read or is not plain text in that encoding.
    """
    at_line_start = True
    for source in sources:
        begun = False
        try:
            with source.open() as file:
                for text in _read(source.label, file, encoding, note):
                    if not (begun or at_line_start):
                        yield "\n"
                    yield text
                    begun, at_line_start = True, text.endswith("\n")
        except OSError as error:
            raise CorpusError(f"{source.label} cannot be read ({error.strerror}); check the file and its disk") from None


def _read(label: str, file: IO[bytes], encoding: str, note: Note | None) -> Iterator[str]:
    """Yield the text of a file in non-empty blocks."""
    _check_kind(label, file, encoding)
    normaliser, characters, markup = _Normaliser(), 0, None
    for text in normaliser.blocks(_decode(label, file, encoding)):
        if "\0" in text:
            raise CorpusError(*nul_message(label, file, characters + text.index("\0")))
        if characters == 0:
            markup = markup_kind(text)
        characters += len(text)
        if text:
            yield text
    if note:
        for sentence in (
            *normaliser.remarks(label),
            markup and _MARKUP.format(label, markup),
            encoding_doubt(label, file, encoding),
        ):
            if sentence:
                note(sentence)


def _decode(label: str, file: IO[bytes], encoding: str) -> Iterator[str]:
    """Yield the strictly decoded characters of a file in blocks, which may be empty."""
    # The decoder of utf-8-sig removes the byte order mark and would make the offset of a bad byte wrong.
    name = "utf-8" if codecs.lookup(encoding).name == "utf-8-sig" else encoding
    decoder = codecs.getincrementaldecoder(name)("strict")
    bytes_read = 0
    while True:
        block = file.read(BLOCK_BYTES)
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(block, final=not block)
            text.encode()  # raises for a lone surrogate, which some encodings can represent
        except UnicodeError as error:
            bad_byte, ends_inside = None, False
            if isinstance(error, UnicodeDecodeError):
                bad_byte = error.object[error.start], bytes_read - pending + error.start
                ends_inside = error.reason == "unexpected end of data"
            raise CorpusError(*undecodable_message(label, file, encoding, bad_byte, ends_inside=ends_inside)) from None
        yield text
        if not block:
            return
        bytes_read += len(block)


class _Normaliser:
    """Converter of line ends to LF and filter of byte order marks, with a record of both for remarks."""

    def __init__(self) -> None:
        self._marks = 0
        self._last = ""  # the last character that is not a byte order mark
        self._pending_mark = ""  # a mark at the end of a block: the next block decides whether a line ends there
        self._line_ends: set[str] = set()

    def blocks(self, texts: Iterable[str]) -> Iterator[str]:
        """Yield the normalised text, block by block."""
        begun, carried = False, ""
        for block in texts:
            text = carried + self._without_marks(block, begun)
            begun = begun or bool(text)
            # A CR at the end of a block may be the first half of a CRLF, so it is carried to the next block.
            carried = "\r" if text.endswith("\r") else ""
            yield self._with_lf(text.removesuffix(carried))
        if carried:
            yield self._with_lf(carried)

    def _without_marks(self, text: str, begun: bool) -> str:
        if _MARK not in text and not self._pending_mark:
            self._last = text[-1:] or self._last
            return text
        inside = text if begun else text.removeprefix(_MARK)
        self._marks += inside.count(_MARK)
        inside = self._pending_mark + inside
        body = inside.rstrip(_MARK)
        self._pending_mark = _MARK if len(body) < len(inside) else ""
        last, self._last = self._last, body[-1:] or self._last
        # A mark inside a text begins a file that was joined to another one, so a line ends there.
        return _MARKS_IN_A_LINE.sub("\n", last + body)[len(last) :].replace(_MARK, "")

    def _with_lf(self, text: str) -> str:
        if "\r" not in text:
            self._line_ends |= {"LF"} if "\n" in text else set()
            return text
        result = text.replace("\r\n", "\n")
        pairs = len(text) - len(result)
        found = {"CRLF": pairs, "LF": result.count("\n") - pairs, "CR": "\r" in result}
        self._line_ends |= {kind for kind, there in found.items() if there}
        return result.replace("\r", "\n")

    def remarks(self, label: str) -> Iterator[str]:
        """Yield a sentence about mixed line ends and one about byte order marks, if there are any."""
        if len(self._line_ends) > 1:
            yield f"{label} has different line ends ({', '.join(sorted(self._line_ends))}); all are read as LF."
        if self._marks:
            marks, they = ("byte order marks", "they are") if self._marks > 1 else ("byte order mark", "it is")
            yield f"{label} has {self._marks:,} {marks} (U+FEFF) inside the text, as joined files do; {they} left out."


def _check_kind(label: str, file: IO[bytes], encoding: str) -> None:
    """Check by the first bytes that a file is plain text in an encoding, then return to its beginning.

    Raises:
        CorpusError: If it is a known binary file or UTF-16 or UTF-32 with a byte order mark.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if kind := binary_kind(head, file):
        raise CorpusError(f"{label} is {kind}")
    if codecs.lookup(encoding).name == "utf-8":
        for marks, name in ((_UTF32, "UTF-32"), (_UTF16, "UTF-16")):
            if head.startswith(marks):
                raise CorpusError(f"{label} is {name}, not UTF-8; add `text_encoding={name.lower()}`")
    file.seek(0)
