"""Detection of text encodings, and the messages about a file that does not decode or reads oddly in the encoding named.

charset-normalizer judges the candidates. It is imported only when needed; an ordinary UTF-8 file never needs it.
"""

import codecs
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, TYPE_CHECKING, NamedTuple

from charlstm.errors import excerpt

if TYPE_CHECKING:
    from charset_normalizer import CharsetMatch

SAMPLE_BYTES = 1 << 14
"""Bytes, about, from which an encoding is told: some hundred lines."""

_SHORT_BYTES, _TIMES = 400, 10
"""A sample shorter than this is judged twice, once repeated so many times: charset-normalizer counts some oddities, such as too
many accents, only from a certain length on."""

_BLOCK_BYTES = 1 << 20
_MOST_READINGS = 3
_COLUMNS = 80
_MUCH_ODDER = 0.05
_MUCH_LESS_COHERENT = 0.3
"""Differences of charset-normalizer's two measures beyond which an encoding is doubted. Of some 600 passages in 17 languages,
of 12 to 400 characters, 4 are doubted in their own encoding, and nine tenths are in another one that decodes them."""

CANDIDATES = [
    *("utf_8", "cp1252", "cp932", "euc_jp", "gb18030", "big5", "cp949", "cp1251", "cp1250", "cp1253", "cp1254", "cp1255"),
    *("cp1256", "cp1257", "cp874", "koi8_r", "koi8_u", "cp866", "iso8859_2", "iso8859_5", "mac_cyrillic", "mac_roman"),
    *("cp850", "cp852"),
]
"""The encodings that texts are found in. Of those that read a sample the same the first is named."""

_WIDE = ["utf_16_le", "utf_16_be", "utf_32_le", "utf_32_be"]
"""Those of texts that have NULs, as their line ends and spaces give them."""

COMMON = ("cp1252", "iso8859_2", "cp1251", "cp1250", "cp1254", "iso8859_6", "gb18030", "cp932")
"""The encodings that are shown where no candidate is likely."""

_KNOWN_AS = {"cp932": "Shift-JIS", "cp949": "EUC-KR", "cp874": "TIS-620"}
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)  # that of UTF-32-LE begins like UTF-16-LE's
_NOT_ASCII, _KANA = re.compile(r"[^\0-\x7f]"), re.compile("[ぁ-ヺ]")
_CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\t\n\r"))
_HIGH = re.compile(rb"[\x80-\xff]")
_TO_A_BREAK = re.compile(rb".*[\0-/]", re.DOTALL)  # no encoding uses such bytes inside longer characters


class Reading(NamedTuple):
    """A sample as it reads in an encoding."""

    encoding: str
    text: str

    @property
    def name(self) -> str:
        """The encoding as an option takes it, and as people know it."""
        return f"{self.encoding} ({_KNOWN_AS[self.encoding]})" if self.encoding in _KNOWN_AS else self.encoding


def undecodable_message(label: str, file: IO[bytes], encoding: str, bad_byte: tuple[int, int] | None) -> list[str]:
    """Return the lines of the message about a file that is not text in an encoding, with its readings in likelier encodings.

    Args:
        label: Name of the file in messages.
        file: The file; its position changes.
        encoding: The encoding that was tried.
        bad_byte: The first byte that does not decode and its offset, if there is one.
    """
    found = f"{label} is not {encoding}"
    if bad_byte:
        found += ": byte 0x{:02x} at offset {} does not decode".format(*bad_byte)
    sample = sample_of(file)
    if _is_utf8(encoding) and _is_mostly_utf8(sample):
        return [
            f"{found}, and most of the rest is UTF-8: the file is damaged, or joined from files in several encodings; repair "
            "it there, or leave such bytes out (iconv -c -f utf-8 -t utf-8)"
        ]
    if readings := likely_readings(sample) or _common_readings(sample):
        return _advice(found, readings)
    return [f"{found}; name the right encoding with --encoding-name (cp1252 and gb18030 are common), or convert the file"]


def nul_message(label: str, file: IO[bytes], position: int) -> list[str]:
    """Return the lines of the message about a file with a NUL at a character: UTF-16 without a mark, or not text."""
    found = f"it has a NUL at character {position}"
    head = _head(file)
    if b"\0" in head and (readings := likely_readings(head)):
        return _advice(f"{label} is in another encoding: {found}", readings)
    return [
        f"{label} is a binary file, or in another encoding: {found}; give plain text, or name its encoding with --encoding-name"
    ]


def encoding_doubt(label: str, file: IO[bytes], encoding: str) -> str | None:
    """Return the message about a file that decodes in the encoding named, but reads far better in another.

    Args:
        label: Name of the file in messages.
        file: The file; its position changes.
        encoding: The encoding named. UTF-8 is doubted only where it has the escape sequences of ISO-2022-JP.

    Returns:
        The two readings and what to do; None if the encoding is as likely as any other.
    """
    wide = codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))
    sample = _head(file) if wide or _is_utf8(encoding) else sample_of(file)
    if not sample or (wide and sample.startswith(_WIDE_MARKS)):
        return None
    own = sample.decode(encoding, "replace")
    best = _seven_bit_reading(sample) if _is_utf8(encoding) else next(iter(likely_readings(sample)), None)
    if best is None or best.text == own or not _reads_worse(own, best.text):
        return None
    return (
        f"{label} reads oddly in {encoding}, and better in {best.encoding}:\n"
        + "\n".join(_table([Reading(encoding, own), best]))
        + "\n"
        + f"If the second is right, begin again with --encoding-name {best.encoding}."
    )


def sample_of(file: IO[bytes]) -> bytes:
    """Return the first lines of a file that have bytes beyond ASCII, wherever they are, until they are :data:`SAMPLE_BYTES`.

    Each line is there once, without control characters, which would be held against every encoding. Of a file with NULs, which
    may be UTF-16 or UTF-32 and has no lines of bytes then, return the beginning.

    Args:
        file: The file; its position changes.
    """
    head = _head(file)
    if b"\0" in head:
        return head
    file.seek(0)
    lines: dict[bytes, None] = {}
    size = 0
    while block := file.read(_BLOCK_BYTES):
        if block.isascii():
            continue
        for line in (block + file.readline(SAMPLE_BYTES)).splitlines(keepends=True):
            if line.isascii() or line in lines:
                continue
            piece = _piece_of(line)
            lines[piece.translate(None, _CONTROLS)] = None
            size += len(piece)
            if size >= SAMPLE_BYTES or piece is not line:  # what follows a piece may begin in the middle of a character
                return b"".join(lines)
    return b"".join(lines)


def _piece_of(line: bytes) -> bytes:
    """Return a line, or of a very long one a piece with bytes beyond ASCII that cuts no character in two."""
    if len(line) <= SAMPLE_BYTES:
        return line
    found = _HIGH.search(line)
    begin = max(0, found.start() - 100) if found else 0
    piece = line[begin : begin + SAMPLE_BYTES]
    whole = _TO_A_BREAK.match(piece, len(piece) // 2)
    return piece[: whole.end()] if whole else piece


def likely_readings(sample: bytes) -> list[Reading]:
    """Return how a sample reads in the likeliest encodings, at most three, the likeliest first."""
    candidates = _WIDE if b"\0" in sample else CANDIDATES
    matches = _matches(sample, candidates)

    def rank(match: "CharsetMatch") -> int:
        if 5 * len(_KANA.findall(str(match))) > len(_NOT_ASCII.findall(str(match))):
            return -1  # only Japanese is written in kana, and other text rarely decodes to them
        best = matches[0]  # whose rivals are those that the library itself calls as good
        rivals = abs(match.chaos - best.chaos) < 0.005 and abs(match.coherence - best.coherence) <= 0.02 and best.coherence > 0
        return _place(match, candidates) if rivals else len(candidates)

    found: dict[str, str] = {}
    for match in sorted(matches, key=rank):
        if "\0" not in str(match):
            found.setdefault(str(match), candidates[_place(match, candidates)])
    return [Reading(codecs.lookup(name).name, text) for text, name in found.items()][:_MOST_READINGS]


def _common_readings(sample: bytes) -> list[Reading]:
    """Return how a sample reads in common encodings that decode it, where charset-normalizer finds none of them likely."""
    found: dict[str, str] = {}
    for name in COMMON:
        with suppress(UnicodeDecodeError):
            found.setdefault(sample.decode(name), name)
    return [Reading(codecs.lookup(name).name, text) for text, name in found.items()][:_MOST_READINGS]


def _matches(sample: bytes, candidates: Sequence[str]) -> list["CharsetMatch"]:
    """Return what charset-normalizer makes of a sample, the likeliest first."""
    from charset_normalizer import from_bytes

    def found_in(content: bytes) -> list["CharsetMatch"]:
        return list(from_bytes(content, cp_isolation=[*candidates], preemptive_behaviour=False, enable_fallback=False))

    matches = found_in(sample)
    if len(sample) >= _SHORT_BYTES:
        return matches
    longer = {name: match.chaos for match in found_in(sample * _TIMES) for name in match.could_be_from_charset}
    lasting = [match for match in matches if match.encoding in longer]
    return sorted(lasting, key=lambda match: match.chaos + longer[match.encoding])


def _place(match: "CharsetMatch", candidates: Sequence[str]) -> int:
    """Return the place of the first candidate that reads a sample as a match does."""
    return min(candidates.index(name) for name in {match.encoding, *match.could_be_from_charset} & set(candidates))


def _seven_bit_reading(sample: bytes) -> Reading | None:
    """Return a sample as ISO-2022-JP, which is ASCII with escape sequences, if it may be that."""
    try:
        return Reading("iso2022_jp", sample.decode("iso2022_jp", "ignore")) if b"\x1b$" in sample else None
    except UnicodeError:
        return None


def _reads_worse(text: str, other: str) -> bool:
    """Return whether a text is clearly less likely to be one than another reading of the same bytes."""
    from charset_normalizer import from_bytes

    def measured(text: str) -> tuple[float, float]:
        match = from_bytes(
            text.encode("utf-8", "replace") * (_TIMES if len(text) < _SHORT_BYTES else 1),
            cp_isolation=["utf_8"],
            threshold=1.0,
            preemptive_behaviour=False,
            enable_fallback=False,
        ).best()
        return (match.chaos, match.coherence) if match else (1.0, 0.0)

    (chaos, coherence), (other_chaos, other_coherence) = measured(text), measured(other)
    much_odder = chaos - other_chaos > _MUCH_ODDER
    return much_odder or (chaos >= other_chaos and other_coherence - coherence > _MUCH_LESS_COHERENT)


def _is_mostly_utf8(sample: bytes) -> bool:
    """Return whether most of what is beyond ASCII is valid UTF-8; of text in other encodings little is."""
    valid = sample.decode("utf-8", "ignore").encode()
    return len(_HIGH.findall(valid)) > 0.8 * len(_HIGH.findall(sample))


def _is_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def _head(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(SAMPLE_BYTES)


def _advice(found: str, readings: Sequence[Reading]) -> list[str]:
    # No encoding is advised: of a short text several read alike to a program, and a wrong one trains without a word.
    return [f"{found}; in likelier encodings it reads", *_table(readings), "name the one that reads right with --encoding-name"]


def _table(readings: Sequence[Reading]) -> list[str]:
    """Return a line for each reading: the encoding, and the first line of the sample in it."""
    width = max(len(reading.name) for reading in readings)
    return [f"  {reading.name:{width}}  {excerpt(_first_line(reading.text), _COLUMNS - width - 4)}" for reading in readings]


def _first_line(text: str) -> str:
    """Return the first line of a text with something in it, from shortly before its first character beyond ASCII."""
    line = next((line for line in re.split(r"[\r\n]+", text.replace("\ufeff", "")) if line.strip()), "")
    at = next((at for at, character in enumerate(line) if not character.isascii()), 0)
    return line if at <= 40 else "…" + line[at - 20 :]
