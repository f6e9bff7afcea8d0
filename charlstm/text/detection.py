"""Detection of text encodings, and messages about a file that probably has another encoding than the one given.

charset-normalizer rates the candidates. It is imported only when needed; an ordinary UTF-8 file never needs it.
"""

import codecs
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, TYPE_CHECKING, NamedTuple

from charlstm.errors import excerpt
from charlstm.text.mojibake import encoded_twice

if TYPE_CHECKING:
    from charset_normalizer import CharsetMatch

SAMPLE_BYTES = 1 << 14
"""Approximate size in bytes of the sample that the detection reads: about a hundred lines."""

_SHORT_BYTES, _REPEATS = 400, 10
"""Bytes below which a sample is also rated ``_REPEATS`` times in a row: charset-normalizer checks for some faults, such as too
many accents, only in texts of a minimum length."""

_BLOCK_BYTES = 1 << 20
_MAX_READINGS = 3
_COLUMNS = 80
_CHAOS_MARGIN = 0.05
_COHERENCE_MARGIN = 0.3
"""Differences of charset-normalizer's two measures above which a note doubts the encoding. Measured on about 600 passages of 12
to 400 characters in 17 languages: 4 are doubted in their own encoding, 90 % in a wrong one that decodes them."""

CANDIDATES = [
    *("utf_8", "cp1252", "cp932", "euc_jp", "gb18030", "big5", "cp949", "cp1251", "cp1250", "cp1253", "cp1254", "cp1255"),
    *("cp1256", "cp1257", "cp874", "koi8_r", "koi8_u", "cp866", "iso8859_2", "iso8859_5", "mac_cyrillic", "mac_roman"),
    *("cp850", "cp852"),
]
"""Encodings that text files have. Of several that decode a sample to the same text, the first one is reported."""

_WIDE = ["utf_16_le", "utf_16_be", "utf_32_le", "utf_32_be"]
"""Candidates for a sample with NUL bytes, which these encodings have in every space and line end."""

COMMON = ("cp1252", "iso8859_2", "cp1251", "cp1250", "cp1254", "iso8859_6", "gb18030", "cp932")
"""Encodings that are shown if no candidate is likely."""

_KNOWN_AS = {"cp932": "Shift-JIS", "cp949": "EUC-KR", "cp874": "TIS-620"}
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)  # the mark of UTF-16-LE begins that of UTF-32-LE
_NOT_ASCII, _KANA = re.compile(r"[^\0-\x7f]"), re.compile("[ぁ-ヺ]")
_CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\t\n\r"))
_HIGH = re.compile(rb"[\x80-\xff]")
_TO_A_BREAK = re.compile(rb".*[\0-/]", re.DOTALL)  # no candidate uses these bytes inside a multi-byte character


class Reading(NamedTuple):
    """A sample decoded in one encoding."""

    encoding: str
    text: str

    @property
    def name(self) -> str:
        """Name that Python knows, with the common name in parentheses if it differs."""
        return f"{self.encoding} ({_KNOWN_AS[self.encoding]})" if self.encoding in _KNOWN_AS else self.encoding


def undecodable_message(
    label: str, file: IO[bytes], encoding: str, bad_byte: tuple[int, int] | None, *, ends_inside: bool = False
) -> list[str]:
    """Return the lines of the message about a file that does not decode, with its readings in likelier encodings.

    Args:
        label: Name of the file in messages.
        file: The file; its position changes.
        encoding: The encoding that was tried.
        bad_byte: The first byte that does not decode and its offset, if there is one.
        ends_inside: True if that byte begins a character inside which the file ends.
    """
    found = f"{label} is not {encoding}"
    if bad_byte:
        found += ": byte 0x{:02x} at offset {} does not decode".format(*bad_byte)
    sample = sample_of(file)
    if _is_utf8(encoding) and bad_byte and ends_inside and not sample.decode("utf-8", "ignore").isascii():
        return [
            f"{label} is cut off: after {bad_byte[1]:,} bytes of UTF-8 it ends inside a character; get the whole file, or "
            "remove the rest"
        ]
    if _is_utf8(encoding) and _is_mostly_utf8(sample):
        return [
            f"{found}, and most of the rest is UTF-8: the file is damaged, or joined from files in several encodings; repair "
            "it there, or remove the bytes that are not UTF-8"
        ]
    if readings := likely_readings(sample) or _common_readings(sample):
        return _advice(found, readings)
    return [f"{found}; name the right encoding with `text_encoding` (cp1252 and gb18030 are common), or convert the file"]


def nul_message(label: str, file: IO[bytes], position: int) -> list[str]:
    """Return the lines of the message about a file with a NUL character: UTF-16 without a mark, or a binary file.

    Args:
        label: Name of the file in messages.
        file: The file; its position changes.
        position: Number of characters before the NUL.
    """
    found = f"it has a NUL at character {position}"
    head = _head(file)
    if b"\0" in head and (readings := likely_readings(head)):
        return _advice(f"{label} is in another encoding: {found}", readings)
    return [
        f"{label} is a binary file, or in another encoding: {found}; give plain text, or name its encoding with `text_encoding`"
    ]


def encoding_doubt(label: str, file: IO[bytes], encoding: str) -> str | None:
    """Return the message about a file that decodes in the given encoding but is much more plausible in another one.

    Args:
        label: Name of the file in messages.
        file: The file; its position changes.
        encoding: The given encoding. UTF-8 is doubted if it has escapes of ISO-2022-JP or was encoded twice.

    Returns:
        The two readings and what to do; None if no other encoding is much more plausible.
    """
    wide = codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))
    sample = _head(file) if wide or _is_utf8(encoding) else sample_of(file)
    if not sample or (wide and sample.startswith(_WIDE_MARKS)):
        return None
    decoded = sample.decode(encoding, "replace")
    if _is_utf8(encoding) and (twice := encoded_twice(decoded)):
        mistaken, found, meant = twice
        return (
            f"{label} looks like UTF-8 that was read as {mistaken} and saved again: {found} was probably {meant}. Repair it "
            f"with `iconv -f utf-8 -t {mistaken}`, and train on the result."
        )
    best = _seven_bit_reading(sample) if _is_utf8(encoding) else next(iter(likely_readings(sample)), None)
    if best is None or best.text == decoded or not _reads_worse(decoded, best.text):
        return None
    return (
        f"{label} looks wrong in {encoding}, and better in {best.encoding}:\n"
        + "\n".join(_table([Reading(encoding, decoded), best]))
        + "\n"
        + f"If the second is right, start again with `text_encoding={best.encoding}`."
    )


def sample_of(file: IO[bytes]) -> bytes:
    """Return the first lines of a file that have non-ASCII bytes, up to about :data:`SAMPLE_BYTES` in total.

    A repeated line occurs once. Control characters are removed, since they would count against every encoding. If the
    beginning has NUL bytes, return it unchanged: the file may be UTF-16 or UTF-32 and cannot be split at newline bytes.

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
            if size >= SAMPLE_BYTES or piece is not line:  # the rest of a cut line may begin in the middle of a character
                return b"".join(lines)
    return b"".join(lines)


def _piece_of(line: bytes) -> bytes:
    """Return a line; of a very long one, return a piece with non-ASCII bytes that does not cut a character in two."""
    if len(line) <= SAMPLE_BYTES:
        return line
    found = _HIGH.search(line)
    begin = max(0, found.start() - 100) if found else 0
    piece = line[begin : begin + SAMPLE_BYTES]
    whole = _TO_A_BREAK.match(piece, len(piece) // 2)
    return piece[: whole.end()] if whole else piece


def likely_readings(sample: bytes) -> list[Reading]:
    """Return the readings of a sample in at most three of the likeliest encodings, the likeliest first."""
    candidates = _WIDE if b"\0" in sample else CANDIDATES
    matches = _matches(sample, candidates)

    def rank(match: "CharsetMatch") -> int:
        if 5 * len(_KANA.findall(str(match))) > len(_NOT_ASCII.findall(str(match))):
            return -1  # only Japanese is written in kana, and other text rarely decodes to them
        best = matches[0]
        # The tolerances within which charset-normalizer itself treats two matches as equally good.
        tied = abs(match.chaos - best.chaos) < 0.005 and abs(match.coherence - best.coherence) <= 0.02 and best.coherence > 0
        return _index(match, candidates) if tied else len(candidates)

    found: dict[str, str] = {}
    for match in sorted(matches, key=rank):
        if "\0" not in str(match):
            found.setdefault(str(match), candidates[_index(match, candidates)])
    return [Reading(codecs.lookup(name).name, text) for text, name in found.items()][:_MAX_READINGS]


def _common_readings(sample: bytes) -> list[Reading]:
    """Return the readings of a sample in common encodings that decode it, for when no candidate is likely."""
    found: dict[str, str] = {}
    for name in COMMON:
        with suppress(UnicodeDecodeError):
            found.setdefault(sample.decode(name), name)
    return [Reading(codecs.lookup(name).name, text) for text, name in found.items()][:_MAX_READINGS]


def _matches(sample: bytes, candidates: Sequence[str]) -> list["CharsetMatch"]:
    """Return charset-normalizer's matches for a sample, the likeliest first."""
    from charset_normalizer import from_bytes

    def matches_in(content: bytes) -> list["CharsetMatch"]:
        return list(from_bytes(content, cp_isolation=[*candidates], preemptive_behaviour=False, enable_fallback=False))

    matches = matches_in(sample)
    if len(sample) >= _SHORT_BYTES:
        return matches
    chaos_repeated = {name: match.chaos for match in matches_in(sample * _REPEATS) for name in match.could_be_from_charset}
    in_both = [match for match in matches if match.encoding in chaos_repeated]
    return sorted(in_both, key=lambda match: match.chaos + chaos_repeated[match.encoding])


def _index(match: "CharsetMatch", candidates: Sequence[str]) -> int:
    """Return the index of the first candidate that decodes the sample to the text of a match."""
    return min(candidates.index(name) for name in {match.encoding, *match.could_be_from_charset} & set(candidates))


def _seven_bit_reading(sample: bytes) -> Reading | None:
    """Return a sample decoded as ISO-2022-JP, which is ASCII with escape sequences; None if it has no such sequence."""
    try:
        return Reading("iso2022_jp", sample.decode("iso2022_jp", "ignore")) if b"\x1b$" in sample else None
    except UnicodeError:
        return None


def _reads_worse(text: str, other: str) -> bool:
    """Return whether a reading is clearly less plausible than another reading of the same bytes."""
    from charset_normalizer import from_bytes

    def measure(text: str) -> tuple[float, float]:
        match = from_bytes(
            text.encode("utf-8", "replace") * (_REPEATS if len(text) < _SHORT_BYTES else 1),
            cp_isolation=["utf_8"],
            threshold=1.0,
            preemptive_behaviour=False,
            enable_fallback=False,
        ).best()
        return (match.chaos, match.coherence) if match else (1.0, 0.0)

    (chaos, coherence), (other_chaos, other_coherence) = measure(text), measure(other)
    if chaos - other_chaos > _CHAOS_MARGIN:
        return True
    return chaos >= other_chaos and other_coherence - coherence > _COHERENCE_MARGIN


def _is_mostly_utf8(sample: bytes) -> bool:
    """Return whether most non-ASCII bytes are valid UTF-8; in text of other encodings few are."""
    valid = sample.decode("utf-8", "ignore").encode()
    return len(_HIGH.findall(valid)) > 0.8 * len(_HIGH.findall(sample))


def _is_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def _head(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(SAMPLE_BYTES)


def _advice(found: str, readings: Sequence[Reading]) -> list[str]:
    # The user chooses: a program cannot always tell the encodings of a short text, and a wrong one trains without an error.
    return [f"{found}; in likelier encodings it reads", *_table(readings), "name the one that looks right with `text_encoding`"]


def _table(readings: Sequence[Reading]) -> list[str]:
    """Return a line for each reading: the encoding, and the first line of the sample in it."""
    width = max(len(reading.name) for reading in readings)
    return [f"  {reading.name:{width}}  {excerpt(_first_line(reading.text), _COLUMNS - width - 4)}" for reading in readings]


def _first_line(text: str) -> str:
    """Return the first non-blank line of a text, from shortly before its first non-ASCII character."""
    line = next((line for line in re.split(r"[\r\n]+", text.replace("\ufeff", "")) if line.strip()), "")
    index = next((index for index, character in enumerate(line) if not character.isascii()), 0)
    return line if index <= 40 else "…" + line[index - 20 :]
