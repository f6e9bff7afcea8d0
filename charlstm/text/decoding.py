"""From bytes to text, in blocks: strictly, with LF line ends, without byte order marks."""

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

from charlstm.errors import CorpusError
from charlstm.text.detection import encoding_doubt, nul_message, undecodable_message
from charlstm.text.file_types import HEAD_BYTES, binary_kind, markup_kind
from charlstm.text.sources import Note, Source

BLOCK_BYTES = 1 << 20

_MARK = "\ufeff"
_MARKS_IN_A_LINE = re.compile(r"(?<=[^\r\n\ufeff])\ufeff+(?=[^\r\n])")
_MARKUP = "{} is {}: its markup is learned like words; to learn the words alone, save it as plain text first."
_UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def check_text_encoding(encoding: str) -> None:
    """Refuse what is not a text encoding that Python knows.

    Raises:
        CorpusError: If it is none.
    """
    try:
        "a".encode(encoding)
    except (LookupError, ValueError):
        raise CorpusError(
            f"{encoding!r} is not a text encoding that Python knows; try utf-8, utf-16, latin-1, cp1252, gb18030 or big5"
        ) from None


def decoded_blocks(sources: Sequence[Source], encoding: str, note: Note | None = None) -> Iterator[str]:
    """Yield the text of several files in blocks, with a line end between two of them where the first one lacks it.

    Args:
        sources: The files.
        encoding: Of all of them.
        note: Is told what is unusual about a file once it is read; None the second time.

    Raises:
        CorpusError: If one cannot be read or is not plain text in that encoding.
    """
    ended = True
    for source in sources:
        begun = False
        try:
            with source.open() as file:
                for text in _read(source.label, file, encoding, note):
                    if not (begun or ended):
                        yield "\n"
                    yield text
                    begun, ended = True, text.endswith("\n")
        except OSError as error:
            raise CorpusError(f"{source.label} cannot be read ({error.strerror}); check the file and its disk") from None


def _read(label: str, file: IO[bytes], encoding: str, note: Note | None) -> Iterator[str]:
    """Yield the text of a file in blocks, none of them empty."""
    _check_kind(label, file, encoding)
    plain, characters, markup = _Plain(), 0, None
    for text in plain.blocks(_decoded(label, file, encoding)):
        if "\0" in text:
            raise CorpusError(*nul_message(label, file, characters + text.index("\0")))
        if characters == 0:
            markup = markup_kind(text)
        characters += len(text)
        if text:
            yield text
    if note:
        for sentence in (
            *plain.remarks(label),
            markup and _MARKUP.format(label, markup),
            encoding_doubt(label, file, encoding),
        ):
            if sentence:
                note(sentence)


def _decoded(label: str, file: IO[bytes], encoding: str) -> Iterator[str]:
    """Yield the characters of a file in blocks, some of them empty, decoded strictly."""
    # The decoder that removes a byte order mark itself would hide it from the count of bytes.
    name = "utf-8" if codecs.lookup(encoding).name == "utf-8-sig" else encoding
    decoder = codecs.getincrementaldecoder(name)("strict")
    taken = 0
    while True:
        block = file.read(BLOCK_BYTES)
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(block, final=not block)
            text.encode()  # some encodings can spell half a character, which no text has
        except UnicodeError as error:
            bad_byte = None
            if isinstance(error, UnicodeDecodeError):
                bad_byte = error.object[error.start], taken - pending + error.start
            raise CorpusError(*undecodable_message(label, file, encoding, bad_byte)) from None
        yield text
        if not block:
            return
        taken += len(block)


class _Plain:
    """Converter of every line end to LF and remover of byte order marks; it remembers what it found."""

    def __init__(self) -> None:
        self._marks = 0
        self._before = ""  # the last character that was read and is no mark
        self._held = ""  # a mark at the end of a block: what follows it decides whether a line ends there
        self._line_ends: set[str] = set()

    def blocks(self, texts: Iterable[str]) -> Iterator[str]:
        """Yield the plain form of a text, block by block."""
        begun, carried = False, ""
        for block in texts:
            text = carried + self._without_marks(block, begun)
            begun = begun or bool(text)
            # A CR at the end of a block may be half of a CRLF: it waits for the next one.
            carried = "\r" if text.endswith("\r") else ""
            yield self._with_lf(text.removesuffix(carried))
        if carried:
            yield self._with_lf(carried)

    def _without_marks(self, text: str, begun: bool) -> str:
        if _MARK not in text and not self._held:
            self._before = text[-1:] or self._before
            return text
        inside = text if begun else text.removeprefix(_MARK)
        self._marks += inside.count(_MARK)
        inside = self._held + inside
        body = inside.rstrip(_MARK)
        self._held = _MARK if len(body) < len(inside) else ""
        before, self._before = self._before, body[-1:] or self._before
        # A mark begins a file: where the file before it has no line end, the line ends here.
        return _MARKS_IN_A_LINE.sub("\n", before + body)[len(before) :].replace(_MARK, "")

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
        """Yield what was unusual, a sentence each."""
        if len(self._line_ends) > 1:
            yield f"{label} has line ends of several kinds ({', '.join(sorted(self._line_ends))}); all are read as LF."
        if self._marks:
            marks = f"{self._marks:,} byte order mark{'s' * (self._marks > 1)}"
            yield f"{label} has {marks} (U+FEFF) inside the text, as joined files have; left out."


def _check_kind(label: str, file: IO[bytes], encoding: str) -> None:
    """Refuse a file that its first bytes show not to be plain text in that encoding, and leave it at its beginning."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if kind := binary_kind(head, file):
        raise CorpusError(f"{label} is {kind}")
    if codecs.lookup(encoding).name == "utf-8":
        for marks, name in ((_UTF32, "UTF-32"), (_UTF16, "UTF-16")):
            if head.startswith(marks):
                raise CorpusError(f"{label} is {name}, not UTF-8; add --encoding-name {name.lower()}")
    file.seek(0)
