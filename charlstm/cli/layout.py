"""Layout of text in the columns of a terminal: lines end between words or fields, never inside them."""

import os
import re
from collections.abc import Iterable
from typing import TextIO

from tqdm.utils import disp_len

_WORD = re.compile(r"(\s*)((?:`[^`]*`|\[[\d, ]+\]|(?<=\d) (?=(?:%|[kMG]?B|ms|s|min|h)(?!\w))|\S)+)")
"""A gap, and the word after it."""


def columns(stream: TextIO) -> int | None:
    """Return the width of a terminal in columns; None if the stream is not a terminal or its width is unknown."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):
        return None


def wrapped(text: str, width: int) -> str:
    r"""Wrap lines that are too wide, and keep their indent.

    A word wider than a line stays whole, so that it can still be copied from the terminal. A shape such as ``[32, 1]`` is
    one word, and so are a number with its unit and a command in backticks.

    >>> wrapped("the ferry\n  at the river", 9), wrapped("it was 1.6 % better", 10)
    ('the ferry\n  at the\n  river', 'it was\n1.6 %\nbetter')
    """
    lines = (line if disp_len(line) <= width else _wrapped_line(line, width) for line in text.split("\n"))
    return "\n".join(lines)


def _wrapped_line(line: str, width: int) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return _filled(_WORD.findall(line), width, indent)


def joined(fields: Iterable[str], width: int | None, indent: str = "    ") -> str:
    r"""Join fields to one line, or to several lines of at most ``width`` columns.

    >>> joined(["epoch 1.5", "training 2.5", "held out 2.0"], 24)
    'epoch 1.5  training 2.5\n    held out 2.0'
    """
    if width is None:
        return "  ".join(fields)
    return _filled((("  " if number else "", field) for number, field in enumerate(fields)), width, indent)


def _filled(pieces: Iterable[tuple[str, str]], width: int, indent: str) -> str:
    """Join pieces, each with the gap before it; drop gaps at line breaks."""
    lines: list[str] = []
    for gap, piece in pieces:
        if lines and disp_len(lines[-1] + gap + piece) <= width:
            lines[-1] += gap + piece
        else:
            lines.append((indent if lines else gap) + piece)
    return "\n".join(lines)


def padded(cell: str, width: int) -> str:
    """Return a cell padded with spaces; wide characters, such as Chinese ones, count as two columns."""
    return cell + " " * (width - disp_len(cell))
