"""Text fitted into the columns of a terminal: lines end between words or fields, never inside them."""

import os
import re
from collections.abc import Iterable
from typing import TextIO

from tqdm.utils import disp_len


def columns(stream: TextIO) -> int | None:
    """Return the columns of a terminal; None for a stream that is not one, or does not know them."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):
        return None


def wrapped(text: str, width: int) -> str:
    r"""Wrap the lines of a text that are too wide; what follows in a line is indented as its beginning is.

    A word that is wider than a line is left whole: the terminal breaks it, and it can still be copied.

    >>> wrapped("the ferry\n  at the river", 9)
    'the ferry\n  at the\n  river'
    """
    lines = (line if disp_len(line) <= width else _wrapped_line(line, width) for line in text.split("\n"))
    return "\n".join(lines)


def _wrapped_line(line: str, width: int) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return _filled(re.findall(r"(\s*)(\S+)", line), width, indent)


def joined(fields: Iterable[str], width: int | None, indent: str = "    ") -> str:
    r"""Join the fields of a line, on further lines as far as one of this width does not hold them.

    >>> joined(["epoch 1.5", "training 2.5", "held out 2.0"], 24)
    'epoch 1.5  training 2.5\n    held out 2.0'
    """
    if width is None:
        return "  ".join(fields)
    return _filled((("  " if number else "", field) for number, field in enumerate(fields)), width, indent)


def _filled(pieces: Iterable[tuple[str, str]], width: int, indent: str) -> str:
    """Join pieces, each with the gap before it; a gap at the end of a line is dropped."""
    lines: list[str] = []
    for gap, piece in pieces:
        if lines and disp_len(lines[-1] + gap + piece) <= width:
            lines[-1] += gap + piece
        else:
            lines.append((indent if lines else gap) + piece)
    return "\n".join(lines)


def padded(cell: str, width: int) -> str:
    """Return a cell filled with spaces; wide characters, as of Chinese, count as two columns."""
    return cell + " " * (width - disp_len(cell))
