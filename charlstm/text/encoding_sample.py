"""The sample of a file from which its text encoding is detected."""

import re
from typing import IO

SAMPLE_BYTES = 1 << 14
"""Approximate size in bytes of the sample that the detection reads: about a hundred lines."""

_BLOCK_BYTES = 1 << 20
_CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\t\n\r"))
_HIGH = re.compile(rb"[\x80-\xff]")
_TO_A_BREAK = re.compile(rb".*[\0-/]", re.DOTALL)  # no candidate uses these bytes inside a multi-byte character


def sample_of(file: IO[bytes]) -> bytes:
    """Return the first lines of a file that have non-ASCII bytes, up to about :data:`SAMPLE_BYTES` in total.

    A repeated line occurs once. Control characters are removed, since they would count against every encoding. If the
    beginning has NUL bytes, return it unchanged: the file may be UTF-16 or UTF-32 and cannot be split at newline bytes.

    Args:
        file: The file; its position changes.
    """
    head = file_head(file)
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


def file_head(file: IO[bytes]) -> bytes:
    """Return the first :data:`SAMPLE_BYTES` bytes of a file."""
    file.seek(0)
    return file.read(SAMPLE_BYTES)
