"""The file with the key of a server."""

import re
from pathlib import Path

from charlstm.errors import CharlstmError

LEAST_KEY = 16
"""Characters of the shortest key."""

LONGEST_KEY = 1_000
"""Characters of the longest key, which must fit into a header of every request."""

_MOST_BYTES = 4 * LONGEST_KEY
"""Bytes of a file, at most; no more is read of a larger one or of a pipe that does not end."""

_REMEDY = f"save it as plain text in UTF-8, with one key of {LEAST_KEY} to {LONGEST_KEY:,} ASCII characters"


def read_key(file: Path) -> str:
    """Return the key in a file, without a byte order mark and the blanks around it.

    Raises:
        CharlstmError: If the file cannot be read, or its text is not a key. The message never contains the key.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise CharlstmError(f"the key cannot be read from {file} ({error.strerror or error})") from error
    if reason := _no_text(content):
        raise CharlstmError(f"{file}: expected a key; {reason}; {_REMEDY}")
    key = content.decode("utf-8-sig").strip()
    if reason := _no_key(key):
        expected = f"one key of {LEAST_KEY} to {LONGEST_KEY:,} ASCII characters without spaces"
        raise CharlstmError(f"{file}: expected {expected}; {reason}")
    return key


def _no_text(content: bytes) -> str | None:
    """Return the reason why the content of a file is not text in UTF-8, or None."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "the file is UTF-16, not UTF-8"
    if b"\0" in content:
        return "the file is UTF-16 or binary, not UTF-8"
    if len(content) > _MOST_BYTES:
        return f"the file is larger than {_MOST_BYTES:,} bytes"
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return f"the file is not text in UTF-8 (byte 0x{content[error.start]:02x} at offset {error.start})"
    return None


def _no_key(text: str) -> str | None:
    """Return the reason why a text is not a key, or None."""
    if not text:
        return "the file is empty"
    if len(lines := text.splitlines()) > 1:
        return f"found {len(lines):,} lines; keep one key"
    if wrong := re.search(r"[^!-~]", text):
        found = "a space" if wrong[0] == " " else f"U+{ord(wrong[0]):04X}"
        return f"found {found} as character {wrong.start() + 1}; choose another key"
    if not LEAST_KEY <= len(text) <= LONGEST_KEY:
        return f"found a length of {len(text):,}"
    return None
