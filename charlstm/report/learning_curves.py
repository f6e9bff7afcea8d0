"""Learning curves as series of numbers: the x-axes, smoothing and ranges that the terminal, pages and plots share."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from charlstm.choices import CurveAxis as Axis
from charlstm.results.history import HistoryResult, RunRecord

AXES: tuple[Axis, ...] = ("epochs", "steps", "time")
_FIELD: dict[Axis, Literal["epoch", "step", "seconds"]] = {"epochs": "epoch", "steps": "step", "time": "seconds"}
SMOOTHED_FRACTION = 0.02
"""Fraction of a run's points over whose mean its training curves are drawn, unless the user chooses a number."""
_START = 0.05
"""Fraction of a run's points, at its start, whose losses may lie above the range that is shown."""


@dataclass(frozen=True)
class Series:
    """A curve.

    Attributes:
        x: Places of its points, ascending.
        y: Values; NaN where there is none.
    """

    x: Sequence[float]
    y: Sequence[float]


def held_out(run: RunRecord, axis: Axis) -> Series:
    """Return the scores on the held-out text, in nats per character."""
    scored = [(getattr(line, _FIELD[axis]), line.nats_per_char) for line in run.evaluations if line.nats_per_char is not None]
    return Series([x for x, _ in scored], [y for _, y in scored])


def training(run: RunRecord, axis: Axis, smooth: int | None = None) -> Series:
    """Return the training loss in nats per character, smoothed; without points, the loss at the evaluations.

    Args:
        run: The run.
        axis: Unit of the horizontal axis.
        smooth: Number of points of the trailing mean; None for 2 % of the run's.
    """
    if not run.points.step:
        return Series(
            [getattr(line, _FIELD[axis]) for line in run.evaluations], [line.train_nats_per_char for line in run.evaluations]
        )
    return Series(getattr(run.points, _FIELD[axis]), smoothed(run.points.train_nats_per_char, width_of(run, smooth)))


def measure(
    run: RunRecord,
    name: Literal["learning_rate", "gradient_norm", "characters_per_second"],
    axis: Axis,
    smooth: int | None = None,
) -> Series:
    """Return another measure of the training steps; all but the learning rate are smoothed."""
    values = [math.nan if value is None else value for value in getattr(run.points, name)]
    shown = values if name == "learning_rate" else smoothed(values, width_of(run, smooth))
    return Series(getattr(run.points, _FIELD[axis]), shown)


def width_of(run: RunRecord, smooth: int | None = None) -> int:
    """Return the number of points over which a run's training curves are averaged."""
    return smooth or max(1, round(SMOOTHED_FRACTION * len(run.points.step)))


def smoothing(run: RunRecord, smooth: int | None = None) -> str:
    """Return how the training curve is smoothed, as a phrase; an empty string without points."""
    if not run.points.step:
        return ""
    width, every = width_of(run, smooth), run.points.every
    each = "a point for every step" if every == 1 else f"a point for every {every:,} steps, their mean"
    return f"{each}; the curve is the mean of the last {width:,} points" if width > 1 else each


def smoothed(values: Sequence[float], width: int) -> list[float]:
    """Return the trailing mean of at most ``width`` values; NaN does not count.

    >>> smoothed([1.0, 2.0, 3.0, 5.0], 2)
    [1.0, 1.5, 2.5, 4.0]
    """
    array = np.asarray(values, float)
    known = np.isfinite(array)
    sums, counts = (np.concatenate([[0.0], np.cumsum(each)]) for each in (np.where(known, array, 0.0), known))
    ends = np.arange(1, len(array) + 1)
    starts = np.maximum(0, ends - width)
    with np.errstate(invalid="ignore", divide="ignore"):
        means: list[float] = ((sums[ends] - sums[starts]) / (counts[ends] - counts[starts])).tolist()
    return means


def loss_range(learned: Sequence[Series], scored: Sequence[Series]) -> tuple[float, float]:
    """Return the range of losses to show, which leaves out the steep start of the training curves."""
    late = [y for each in learned for y in each.y[int(_START * len(each.y)) :] if math.isfinite(y)]
    values = [*late, *(y for each in scored for y in each.y if math.isfinite(y))]
    if not values:
        return 0.0, 1.0
    least, greatest = min(values), max(values)
    margin = 0.04 * (greatest - least) or 0.05
    return least - margin, greatest + margin


def ticks(least: float, greatest: float, most: int = 5) -> list[float]:
    """Return round numbers in a range, at most about ``most``.

    >>> ticks(1.43, 3.21), ticks(0, 61, 4)
    ([1.5, 2.0, 2.5, 3.0], [0.0, 20.0, 40.0, 60.0])
    """
    span = greatest - least
    if not span > 0 or not math.isfinite(span):
        return [least]
    rough = span / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(least / step - 1e-9)
    return [round(number * step, 12) for number in range(first, math.floor(greatest / step + 1e-9) + 1)]


def ranked(found: HistoryResult) -> list[RunRecord]:
    """Return the runs with the best score first; those without one come last, in the order given."""
    return sorted(found.runs, key=lambda run: math.inf if run.nats_per_char is None else run.nats_per_char)
