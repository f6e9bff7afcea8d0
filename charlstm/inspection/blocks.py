"""What a section is shown as, in the terminal and on the page alike."""

import re
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]
"""A section as JSON holds it."""


@dataclass(frozen=True)
class Prose:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Lines:
    """Lines that stay as they are: equations."""

    text: str


@dataclass(frozen=True)
class Grid:
    """A table.

    Attributes:
        headings: Of every column.
        rows: As many cells each.
    """

    headings: list[str]
    rows: list[list[str]]

    @property
    def numeric(self) -> list[bool]:
        """For every column whether it holds numbers or shapes, which stand on the right; the first never does."""
        columns = [[row[at] for row in self.rows] for at in range(1, len(self.headings))]
        return [False, *(all(_NUMERIC.fullmatch(cell) for cell in column) for column in columns)]


_NUMERIC = re.compile(r"[-+\d.,:%…() e]*( \(rounding\))?|\(None, [\d, ]+\)")

Block = Prose | Lines | Grid


def shape(sizes: list[int | None]) -> str:
    """A shape as Keras writes it.

    >>> shape([None, 64, 320])
    '(None, 64, 320)'
    """
    return f"({', '.join(map(str, sizes))}{',' if len(sizes) == 1 else ''})"


def largest(difference: float) -> str:
    """The largest difference of two things that are the same: rounding is called so.

    >>> largest(0.0), largest(3e-8), largest(0.25)
    ('0', '3e-08 (rounding)', '0.25')
    """
    return f"{difference:.1g} (rounding)" if 0 < difference < ROUNDING else f"{difference:.3g}"


ROUNDING = 1e-5
"""Differences below this are those of float32 added up in another order."""

_BARS = " ▁▂▃▄▅▆▇█"


def bars(counts: list[int]) -> str:
    """A histogram as a line of blocks; whatever is not empty can be seen.

    >>> bars([0, 1, 50, 100])
    ' ▁▄█'
    """
    most = max(counts) or 1
    return "".join(_BARS[max(bool(count), round(count / most * (len(_BARS) - 1)))] for count in counts)
