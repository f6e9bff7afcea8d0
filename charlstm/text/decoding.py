"""Strict decoding of bytes to text in blocks, with LF line ends and without byte order marks."""

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

from charlstm.errors import CorpusError, EncodingError
from charlstm.text.encoding_messages import encoding_doubt, nul_message, undecodable_message
from charlstm.text.file_types import HEAD_BYTES, binary_kind, markup_kind
from charlstm.text.sources import Note, Source

BLOCK_BYTES = 1 << 20

_MARK = "\ufeff"
_MARKS_IN_A_LINE = re.compile(r"(?<=[^\r\n\ufeff])\ufeff+(?=[^\r\n])")
_MARKUP = "{} is {}: its markup is read together with its words; for the words alone, save it as plain text first."
_NOT_OF_FILES = {"punycode", "idna"}
"""Codecs of host names, which Python counts among the text encodings."""
_UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BYTE_ORDER_MARKS = (codecs.BOM_UTF8, *_UTF16, *_UTF32)


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


def decoded_blocks(
    sources: Sequence[Source], encoding: str, note: Note | None = None, *, at_line_start: bool = True
) -> Iterator[str]:
    """Yield the text of several files in blocks, with a line end added between two files where the first one lacks it.

    Args:
        sources: The files.
        encoding: The text encoding of all files.
        note: Receives remarks about anything unusual in a file, after its last block; None for no remarks.
        at_line_start: False if they continue a text that lacks a line end.

    Raises:
        CorpusError: If a file cannot be read or is not plain text in that encoding.
    """
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
    head = _checked_head(label, file, encoding)
    # Only a file that begins with a mark can be of several joined files that do.
    normaliser, characters, markup = _Normaliser(joined=head.startswith(_BYTE_ORDER_MARKS)), 0, None
    for text in normaliser.blocks(_decode(label, file, encoding)):
        if "\0" in text:
            raise EncodingError(*nul_message(label, file, characters + text.index("\0")))
        if characters == 0:
            markup = markup_kind(text)
        characters += len(text)
        if text:
            yield text
    if note:
        for sentence in (
            f"{label} is empty; nothing is read from it." if characters == 0 else None,
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
            raise EncodingError(*undecodable_message(label, file, encoding, bad_byte, ends_inside=ends_inside)) from None
        yield text
        if not block:
            return
        bytes_read += len(block)


class _Normaliser:
    """Converter of line ends to LF and filter of byte order marks, with a record of both for remarks.

    Args:
        joined: True if a mark inside a line begins a joined file, so that a line ends there; False if it is only a
            character that is left out, U+FEFF having once been the zero-width no-break space.
    """

    def __init__(self, *, joined: bool) -> None:
        self._joined = joined
        self._marks = self._ended = 0
        self._last = ""  # the last character that is not a byte order mark
        self._pending_mark = ""  # a mark at the end of a block: the next block decides whether a line ends there
        self._line_ends = Counter[str]()

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
        result = last + body
        if self._joined:
            result, ended = _MARKS_IN_A_LINE.subn("\n", result)
            self._ended += ended
            self._line_ends["LF"] -= ended  # counted with the file's own line ends below
        return result[len(last) :].replace(_MARK, "")

    def _with_lf(self, text: str) -> str:
        result = text.replace("\r\n", "\n")
        pairs = len(text) - len(result)
        self._line_ends.update(CRLF=pairs, LF=result.count("\n") - pairs, CR=result.count("\r"))
        return result.replace("\r", "\n")

    def remarks(self, label: str) -> Iterator[str]:
        """Yield a sentence about mixed line ends and one about byte order marks, if there are any."""
        kinds = sorted(kind for kind, number in self._line_ends.items() if number)
        if len(kinds) > 1:
            yield f"{label} has different line ends ({', '.join(kinds)}); all are read as LF."
        if self._marks:
            marks, they = ("byte order marks", "they are") if self._marks > 1 else ("byte order mark", "it is")
            ends = f"{self._ended:,} line end{'s are' if self._ended > 1 else ' is'}"
            added = f", and {ends} added where a joined file began inside a line" if self._ended else ""
            yield f"{label} has {self._marks:,} {marks} (U+FEFF) inside the text; {they} left out{added}."


def _checked_head(label: str, file: IO[bytes], encoding: str) -> bytes:
    """Return the first bytes of a file, which show that it can be plain text in an encoding, and go back to its beginning.

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
                raise EncodingError(f"{label} is {name}, not UTF-8; add `text_encoding={name.lower()!r}`")
    file.seek(0)
    return head
