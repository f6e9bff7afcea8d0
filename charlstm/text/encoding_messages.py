"""Messages about a file that probably has another encoding than the one given."""

import codecs
import re
from collections.abc import Sequence
from typing import IO

from charlstm.errors import excerpt
from charlstm.text.detection import (
    Reading,
    common_readings,
    likely_readings,
    reads_worse,
    seven_bit_reading,
)
from charlstm.text.encoding_sample import file_head, sample_of
from charlstm.text.mojibake import encoded_twice

_COLUMNS = 80
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)  # the mark of UTF-16-LE begins that of UTF-32-LE


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
    sample = sample_of(file) or file_head(file)  # a text in ASCII has no lines that tell encodings apart
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
    if readings := likely_readings(sample) or common_readings(sample):
        return _advice(found, readings)
    return [f"{found}, and no likely encoding was found; name the right one with `text_encoding`, or convert the file"]


def nul_message(label: str, file: IO[bytes], position: int) -> list[str]:
    """Return the lines of the message about a file with a NUL character: UTF-16 without a mark, or a binary file.

    Args:
        label: Name of the file in messages.
        file: The file; its position changes.
        position: Number of characters before the NUL.
    """
    found = f"it has a NUL at character {position}"
    head = file_head(file)
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
        encoding: The given encoding. UTF-8 is doubted if it has escapes of another encoding, or was encoded twice.

    Returns:
        The two readings and what to do; None if no other encoding is much more plausible.
    """
    wide = codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))
    sample = file_head(file) if wide or _is_utf8(encoding) else sample_of(file)
    if not sample or (wide and sample.startswith(_WIDE_MARKS)):
        return None
    decoded = sample.decode(encoding, "replace")
    if _is_utf8(encoding) and (twice := encoded_twice(decoded)):
        mistaken, found, meant = twice
        return (
            f"{label} looks like UTF-8 that was read as {mistaken} and saved again: {found} was probably {meant}. Repair it "
            f"with `iconv -f utf-8 -t {mistaken}`, and train on the result."
        )
    best = seven_bit_reading(sample) if _is_utf8(encoding) else next(iter(likely_readings(sample)), None)
    if best is None or best.text == decoded:
        return None
    if best.encoding != "utf-7" and not reads_worse(decoded, best.text):  # other text almost never decodes as UTF-7
        return None
    return (
        f"{label} looks wrong in {encoding}, and better in {best.encoding}:\n"
        + "\n".join(_table([Reading(encoding, decoded), best]))
        + "\n"
        + f"If the second is right, start again with `text_encoding={best.encoding!r}`."
    )


def _is_mostly_utf8(sample: bytes) -> bool:
    """Return whether most non-ASCII bytes are valid UTF-8; in text of other encodings few are."""

    def non_ascii(content: bytes) -> int:
        return sum(byte > 0x7F for byte in content)

    return non_ascii(sample.decode("utf-8", "ignore").encode()) > 0.6 * non_ascii(sample)


def _is_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


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
