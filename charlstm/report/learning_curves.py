"""Learning curves as series of numbers: the x-axes, smoothing and ranges that the terminal, pages and plots share."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from charlstm.choices import CurveAxis as Axis
from charlstm.results.history import HistoryResult, RunRecord, Setting

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
        trained = [line for line in run.evaluations if line.step]  # before the first step there is no loss
        return Series([getattr(line, _FIELD[axis]) for line in trained], [line.train_nats_per_char for line in trained])
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
    """Return the runs with the best score first; those without one come last, in the order given.

    Runs that were scored on different texts are ranked on each text by themselves, the text of the first run first.
    """
    texts = list(dict.fromkeys(run.scored_on for run in found.runs))
    return sorted(
        found.runs,
        key=lambda run: (texts.index(run.scored_on), math.inf if run.nats_per_char is None else run.nats_per_char),
    )


DIFFERENT_TEXTS = (
    "These runs were scored on different texts, or on different parts of one: only scores on the same text can be compared."
)
"""Sentence about runs that cannot all be ranked by their scores."""


def without_points(runs: Sequence[RunRecord]) -> str:
    """Return a sentence that names the runs without points of their training curves; empty if all have them."""
    trained = [run for run in runs if any(line.step for line in run.evaluations)]
    names = [run.label for run in trained if not run.points.step and not run.warnings]
    if not names:
        return ""
    listed = ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")
    return (
        f"Only the evaluations of {listed} are recorded, as in checkpoints of earlier releases: the training loss is drawn "
        "from them, and there are no curves of learning rate, gradient norm and speed."
    )


def setting_text(value: Setting) -> str:
    """Return the value of a setting as its option takes it.

    >>> setting_text([64, 32]), setting_text(0.25), setting_text(None), setting_text(True)
    ('64,32', '0.25', '–', 'yes')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ",".join(map(str, value))
    return "–" if value is None else str(value)
