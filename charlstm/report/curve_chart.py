"""Line charts as HTML: an SVG picture that stretches to the page's width, with labels of its text size beside it.

The text is not part of the picture, so it is as large on a telephone as on a wide screen, and follows the page's colours.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from charlstm.choices import CurveAxis
from charlstm.formatting import duration
from charlstm.report.learning_curves import AXES, Series, ticks

_SIZE = 1_000
"""Width and height of a picture in its own units."""
_MOST_POINTS = 400
"""Most points of a drawn curve; longer ones are thinned out evenly."""


@dataclass(frozen=True)
class Line:
    """A line of a chart.

    Attributes:
        over: Its points, for each x-axis.
        colour: CSS class of its colour: ``c1`` to ``c8``, or ``faint``.
        label: Its name in the legend; empty for none.
        dots: True to mark the points.
        thin: True for a thin, half-transparent line.
    """

    over: Mapping[CurveAxis, Series]
    colour: str
    label: str = ""
    dots: bool = False
    thin: bool = False


@dataclass(frozen=True)
class LineChart:
    """A chart.

    Attributes:
        title: Its title.
        unit: Unit of the values.
        lines: Its lines, the last on top.
        low: Least value that is shown.
        high: Greatest value that is shown; lines are cut off above.
        level: A value to draw as a dashed line across, with its label; None for none.
        tall: True for a high chart.
    """

    title: str
    unit: str
    lines: Sequence[Line]
    low: float
    high: float
    level: tuple[float, str] | None = None
    tall: bool = False


def chart_html(chart: LineChart, axes: Sequence[CurveAxis] = AXES) -> str:
    """Return a chart as an HTML figure.

    Args:
        chart: The chart.
        axes: The x-axes; elements of one have the class ``over-epochs``, ``over-steps`` or ``over-time``; a page shows one.
    """
    y_ticks = ticks(chart.low, chart.high, 9 if chart.tall else 4)
    labels = [f'<span class="y" style="top:{_percent(_height(tick, chart))}">{_shown(tick)}</span>' for tick in y_ticks]
    grid = "".join(f"M0 {_height(tick, chart):.0f}H{_SIZE}" for tick in y_ticks)
    parts = [f'<path class="grid" d="{grid}"/>']
    if chart.level and chart.low <= chart.level[0] <= chart.high:
        parts.append(f'<path class="level" d="M0 {_height(chart.level[0], chart):.0f}H{_SIZE}"/>')
    for axis in axes:
        least, greatest = _extent(chart, axis)
        drawn = "".join(_path(line, chart, line.over[axis], least, greatest) for line in chart.lines if axis in line.over)
        parts.append(f'<g class="over-{axis}">{drawn}</g>')
        labels += [
            f'<span class="x over-{axis}" style="left:{_percent(_SIZE * (tick - least) / ((greatest - least) or 1))}">'
            f"{_place(tick, axis)}</span>"
            for tick in _x_ticks(least, greatest, axis)
        ]
    keys = "".join(
        f'<span><i class="{line.colour}"></i>{escape(line.label)}</span>'
        for line in reversed(chart.lines)  # the line on top comes first
        if line.label
    )
    if chart.level:
        above = "" if chart.level[0] <= chart.high else ", above the picture"
        keys += f'<span><i class="faint dashed"></i>{escape(chart.level[1])}{above}</span>'
    return (
        f'<figure class="chart{" tall" if chart.tall else ""}" role="img" aria-label="{escape(chart.title)}">'
        f"<figcaption>{escape(chart.title)}, {escape(chart.unit)}</figcaption>"
        f'<div class="plot"><svg viewBox="0 0 {_SIZE} {_SIZE}" preserveAspectRatio="none">{"".join(parts)}</svg>'
        f'{"".join(labels)}</div><p class="keys">{keys}</p></figure>'
    )


def _extent(chart: LineChart, axis: CurveAxis) -> tuple[float, float]:
    """Return the places of the left and the right side; epochs and steps begin at 0, and there is room for the last dot."""
    found = [x for line in chart.lines if axis in line.over for x in line.over[axis].x]
    least = min(found, default=0.0) if axis == "time" else 0.0
    greatest = max(found, default=1.0)
    return least, greatest + 0.01 * (greatest - least)


def _x_ticks(least: float, greatest: float, axis: CurveAxis) -> list[float]:
    if axis != "time":
        return ticks(least, greatest, 4)
    units = (1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)
    step = next((unit for unit in units if (greatest - least) / unit <= 4), math.ceil(greatest / 4 / 86400) * 86400)
    return [number * step for number in range(math.ceil(least / step), math.floor(greatest / step) + 1)]


def _place(tick: float, axis: CurveAxis) -> str:
    if axis == "time":
        return escape(duration(tick))
    return f"{tick:,g}" if tick < 10_000 else f"{tick / 1_000:,g}k"


def _shown(value: float) -> str:
    """Return a number as short as it can be.

    >>> _shown(1.5), _shown(0.0005), _shown(120_000.0)
    ('1.5', '0.0005', '120k')
    """
    return f"{value / 1_000:,g}k" if abs(value) >= 10_000 else f"{value:.10g}"


def _percent(place: float) -> str:
    return f"{100 * place / _SIZE:.1f}%"


def _height(value: float, chart: LineChart) -> float:
    return _SIZE * (chart.high - value) / ((chart.high - chart.low) or 1)


def _path(line: Line, chart: LineChart, series: Series, least: float, greatest: float) -> str:
    """Return the SVG path of a line, in parts where values are missing or lie above the chart."""
    points = [(x, y) for x, y in zip(series.x, series.y, strict=True) if math.isfinite(y)]
    if len(points) > _MOST_POINTS:
        points = [points[round(number * (len(points) - 1) / (_MOST_POINTS - 1))] for number in range(_MOST_POINTS)]
    span = (greatest - least) or 1
    places = [(_SIZE * (x - least) / span, _height(y, chart)) for x, y in points]
    # The picture hides what lies outside of it, so far values are moved to just above it.
    steps = [f"{x:.0f} {max(-_SIZE, min(2 * _SIZE, y)):.0f}" for x, y in places]
    if not steps:
        return ""
    kind = f"{line.colour} thin" if line.thin else line.colour
    found = f'<path class="{kind}" d="M{"L".join(steps)}"/>'
    if line.dots:
        # A line of no length with round ends is a dot that the stretching of the picture leaves round.
        dots = "".join(f"M{place}h0" for place in steps)
        found += f'<path class="dots {line.colour}" d="{dots}"/>'
    return found
