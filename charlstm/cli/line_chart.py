"""Charts of curves in a terminal, in Braille or in ASCII characters."""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tqdm.utils import disp_len

if TYPE_CHECKING:
    from charlstm.report.learning_curves import Series

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bit of each dot in a Braille character, by its row and column."""
_MARKS = "*+ox#@%&"
"""Marks of the curves where Braille cannot be printed."""


@dataclass(frozen=True)
class Chart:
    """A chart of several curves.

    Attributes:
        curves: The curves; the last ones are drawn on top.
        labels: A short label for each, printed beside its end.
        low: Least value that is shown.
        high: Greatest value that is shown; curves are cut off above it.
        y_ticks: Values to label.
        x_labels: Labels below the left end, the middle and the right end.
    """

    curves: "Sequence[Series]"
    labels: Sequence[str]
    low: float
    high: float
    y_ticks: Sequence[float]
    x_labels: tuple[str, str, str]


def chart_lines(
    chart: Chart, width: int, height: int, *, braille: bool, paint: Callable[[str, int], str] = lambda text, _: text
) -> list[str]:
    """Return the lines of a chart.

    Args:
        chart: The chart.
        width: Columns of every line, at most; at least 30.
        height: Rows of the curves.
        braille: True to draw with Braille characters, 2 × 4 dots each; otherwise with ASCII.
        paint: Colours a text in the colour of the curve with an index.
    """
    marks = [f"{tick:.2f}" for tick in chart.y_ticks]
    left, right = max(map(len, marks), default=0), max(map(disp_len, chart.labels), default=0)
    columns = max(8, width - left - right - 3)
    grid = _Grid(columns, height, braille)
    least = min((each.x[0] for each in chart.curves if len(each.x)), default=0.0)
    ends: dict[int, int] = {}
    for number, curve in enumerate(chart.curves):
        last = _draw(grid, number, curve, chart, least)
        if last is not None:
            free = sorted((abs(row - last), row) for row in range(height) if row not in ends)
            if free:
                ends[free[0][1]] = number
    at_row = {_row(tick, chart, height): mark for tick, mark in zip(chart.y_ticks, marks, strict=True)}
    axis, corner, line = ("│", "└", "─") if braille else ("|", "+", "-")
    lines = []
    for row in range(height):
        drawn = "".join(paint(text, owner) if owner is not None else text for text, owner in grid.cells(row))
        label = f" {paint(chart.labels[ends[row]], ends[row])}" if row in ends else ""
        lines.append(f"{at_row.get(row, ''):>{left}} {axis}{drawn}{label}".rstrip())
    lines.append(f"{'':>{left}} {corner}{line * columns}")
    first, middle, last_label = chart.x_labels
    before = max(1, columns // 2 - len(middle) // 2 - len(first))
    after = max(1, columns - len(first) - before - len(middle) - len(last_label))
    lines.append(f"{'':>{left + 2}}{first}{' ' * before}{middle}{' ' * after}{last_label}")
    return lines


class _Grid:
    """Cells of characters, each with dots and the index of the curve that was drawn last."""

    def __init__(self, columns: int, rows: int, braille: bool) -> None:
        self.across, self.down = (2, 4) if braille else (1, 1)
        self.columns, self.rows, self.braille = columns, rows, braille
        self._dots = [[0] * columns for _ in range(rows)]
        self._owner: list[list[int | None]] = [[None] * columns for _ in range(rows)]

    def dot(self, x: int, y: int, owner: int) -> None:
        row, column = y // self.down, x // self.across
        self._dots[row][column] |= _DOTS[y % self.down][x % self.across]
        self._owner[row][column] = owner

    def cells(self, row: int) -> list[tuple[str, int | None]]:
        found: list[tuple[str, int | None]] = []
        for dots, owner in zip(self._dots[row], self._owner[row], strict=True):
            if owner is None:
                found.append((" ", None))
            else:
                found.append((chr(0x2800 + dots) if self.braille else _MARKS[owner % len(_MARKS)], owner))
        return found


def _value_at(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """Return the value of a curve between its points; outside of them, the nearest point's value."""
    right = bisect_right(xs, x)
    if right in (0, len(xs)):
        return ys[right - (right > 0)]
    share = (x - xs[right - 1]) / (xs[right] - xs[right - 1])
    return ys[right - 1] + share * (ys[right] - ys[right - 1])


def _row(value: float, chart: Chart, rows: int) -> int:
    return round((chart.high - value) / (chart.high - chart.low) * (rows - 1))


def _draw(grid: _Grid, number: int, curve: "Series", chart: Chart, least: float) -> int | None:
    """Draw a curve; return the row of characters at which it ends, or None if nothing of it is in the range."""
    greatest = max(each.x[-1] for each in chart.curves if len(each.x)) if any(len(each.x) for each in chart.curves) else 1.0
    known = [(x, y) for x, y in zip(curve.x, curve.y, strict=True) if math.isfinite(y)]
    if not known:
        return None
    xs, ys = [x for x, _ in known], [y for _, y in known]
    across, down, span = grid.columns * grid.across, grid.rows * grid.down, greatest - least
    before, last = None, None
    first, end = (round((x - least) / span * (across - 1)) if span else 0 for x in (xs[0], xs[-1]))
    for column in range(first, end + 1):
        value = _value_at(least + span * column / max(1, across - 1), xs, ys)
        row = _row(value, chart, down)
        shown = range(row, row + 1) if before is None else range(min(row, before + 1), max(row, before - 1) + 1)
        for place in shown:
            if 0 <= place < down:
                grid.dot(column, place, number)
                last = place // grid.down
        if 0 <= row < down:
            last = row // grid.down
        before = row
    return last
