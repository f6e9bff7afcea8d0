"""Blocks of a section, which the terminal and the page both show."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Prose:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Lines:
    """Lines that are not wrapped, such as equations."""

    text: str


@dataclass(frozen=True)
class Grid:
    """A table.

    Attributes:
        headings: The heading of every column.
        rows: The cells of every row, one for each column.
    """

    headings: list[str]
    rows: list[list[str]]

    @property
    def numeric(self) -> list[bool]:
        """For every column, True if it holds numbers or shapes, which are aligned right; False for the first column."""
        columns = [[row[at] for row in self.rows] for at in range(1, len(self.headings))]
        return [False, *(all(_NUMERIC.fullmatch(cell) for cell in column) for column in columns)]

    @property
    def unbroken(self) -> list[bool]:
        """For every column, True if its cells cannot be read in parts: numbers, shapes and histograms."""
        drawn = [all(set(row[at]) <= set(_BARS) for row in self.rows) for at in range(len(self.headings))]
        return [numeric or bars for numeric, bars in zip(self.numeric, drawn, strict=True)]


_NUMERIC = re.compile(r"[-+\d.,:%…() e]*( \(rounding\))?|\(None, [\d, ]+\)")

Block = Prose | Lines | Grid


def shape(sizes: Sequence[int | None]) -> str:
    """Format a shape as Keras does.

    >>> shape([None, 64, 320])
    '(None, 64, 320)'
    """
    return f"({', '.join(map(str, sizes))}{',' if len(sizes) == 1 else ''})"


def largest(difference: float) -> str:
    """Format the largest difference of two equal results, and mark a rounding error as such.

    >>> largest(0.0), largest(3e-8), largest(0.25)
    ('0', '3e-08 (rounding)', '0.25')
    """
    return f"{difference:.1g} (rounding)" if 0 < difference < ROUNDING else f"{difference:.3g}"


ROUNDING = 1e-5
"""Differences below this are the rounding of float32 sums in another order."""

_BARS = " ▁▂▃▄▅▆▇█"


def bars(counts: list[int]) -> str:
    """Format a histogram as a line of block characters, in which every count above zero is visible.

    >>> bars([0, 1, 50, 100])
    ' ▁▄█'
    """
    most = max(counts) or 1
    return "".join(_BARS[max(bool(count), round(count / most * (len(_BARS) - 1)))] for count in counts)
