"""The page of one training run or of several: curves, findings and settings; for a run in progress also its progress."""

import base64
import hashlib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

from charlstm.choices import CurveAxis
from charlstm.formatting import bits, decimal, duration
from charlstm.report.curve_chart import Line, LineChart, chart_html
from charlstm.report.learning_curves import (
    AXES,
    DIFFERENT_TEXTS,
    Series,
    held_out,
    loss_range,
    measure,
    ranked,
    setting_text,
    smoothing,
    training,
    without_points,
)
from charlstm.results.history import HistoryResult, RunRecord

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

COLOURS = 8
"""Number of colours of curves; further runs are drawn in grey."""
_WITH_TRAINING = 4
"""Most runs for which the training loss is drawn beside the held-out score."""
_HELD_OUT, _LEARNED = "c2", "c1"


@dataclass(frozen=True)
class SampleText:
    """A text that the model wrote at an evaluation."""

    step: int
    epoch: float
    text: str


@dataclass(frozen=True)
class Progress:
    """The progress of a run whose page is written again and again.

    Attributes:
        state: State of the run: running, or the way it ended.
        fraction: Fraction of the budget that is used up.
        seconds_left: Estimated seconds to the end; None before it is known.
        characters_per_second: Throughput.
        written: Time at which the page was written, in seconds since 1970.
        pause: Seconds until it is written again.
        samples: The newest texts, the newest first.
        messages: Messages of the run: choices, roll backs, the end.
    """

    state: Literal["training", "finished", "interrupted", "failed"]
    fraction: float
    seconds_left: float | None
    characters_per_second: float
    written: float
    pause: float
    samples: tuple[SampleText, ...] = ()
    messages: tuple[str, ...] = ()


def plain(sentence: str) -> str:
    """Return a sentence with settings named as in Python, without backticks."""
    return sentence.replace("`", "")


def history_page(
    found: HistoryResult,
    *,
    axis: CurveAxis = "epochs",
    smooth: int | None = None,
    phrase: Callable[[str], str] = plain,
    progress: Progress | None = None,
) -> str:
    """Render the page of training runs.

    Args:
        found: The runs.
        axis: The x-axis that is shown first.
        smooth: Number of points of the trailing mean; None for 2 % of a run's.
        phrase: Turns a sentence with settings in backticks into text.
        progress: The progress of the run; None for a page that is written once.
    """
    from markupsafe import Markup

    runs = ranked(found)
    script = files("charlstm.report").joinpath("pages", "history.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    colours = [_colour(number) for number in range(len(runs))]
    return _template().render(
        phrase=lambda sentence: _unbroken(phrase(sentence)),
        runs=list(zip(runs, colours, strict=True)),
        found=found,
        axes=AXES,
        axis=axis,
        loss=Markup(chart_html(loss_chart(runs, smooth))),
        measures=[Markup(chart_html(chart)) for chart in _measures(runs, smooth)],
        breakable=_breakable,
        different_texts=DIFFERENT_TEXTS,
        best_of_texts=_best_of_texts(runs),
        without_points=without_points(runs),
        smoothing=smoothing(runs[0], smooth) if len(runs) == 1 else "",
        settings={name: [run.settings.get(name) for run in runs] for name in found.different_settings},
        progress=progress,
        script=Markup(script),
        policy=f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'",
    )


def _best_of_texts(runs: list[RunRecord]) -> list[RunRecord]:
    """Return the best run on each held-out text, of runs that are ranked; none where no run has a score."""
    first = {run.scored_on: run for run in reversed(runs)}
    return [run for run in runs if first[run.scored_on] is run and run.nats_per_char is not None]


@cache
def _template() -> "Template":
    """Return the compiled template; the page of a training is rendered many times."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("charlstm.report", "pages"), autoescape=True)
    environment.filters |= {"duration": duration, "decimal": decimal, "bits": bits, "setting": setting_text}
    return environment.get_template("history.html")


def _unbroken(sentence: str) -> "Markup":
    """Return a sentence whose options of the command line are never broken at a hyphen."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"(?<![\w-])--[a-z][a-z-]*", r"<span class=option>\g<0></span>", str(escape(sentence))))


def _breakable(name: str) -> "Markup":
    """Return the name of a setting that can be broken after an underscore.

    >>> str(_breakable("batch_size"))
    'batch_<wbr>size'
    """
    from markupsafe import Markup

    return Markup("_<wbr>").join(name.split("_"))


def _colour(number: int) -> str:
    return f"c{number + 1}" if number < COLOURS else "faint"


def loss_chart(runs: list[RunRecord], smooth: int | None) -> LineChart:
    """Return the chart of the held-out scores, and of the training loss of a few runs.

    Args:
        runs: The runs, the best first.
        smooth: Number of points of the trailing mean; None for 2 % of a run's.
    """
    alone, several_texts = len(runs) == 1, len({run.scored_on for run in runs}) > 1

    def where(run: RunRecord) -> str:
        return f" (on {run.scored_on})" if several_texts else ""

    lines = []
    for number, run in reversed(list(enumerate(runs))):
        colour = _HELD_OUT if alone else _colour(number)
        if len(runs) <= _WITH_TRAINING:
            over = {axis: training(run, axis, smooth) for axis in AXES}
            lines.append(Line(over, _LEARNED if alone else colour, "training" if alone else "", thin=True))
        name = "held out" if alone else f"{number + 1} {run.label}{where(run)}" if number < COLOURS else ""
        lines.append(Line({axis: held_out(run, axis) for axis in AXES}, colour, name, dots=number < COLOURS))
    lines = lines if alone else [*(line for line in lines if line.thin), *(line for line in lines if not line.thin)]
    learned = [line.over["steps"] for line in lines if line.thin]
    low, high = loss_range(learned, [line.over["steps"] for line in lines if not line.thin])
    level = None
    if alone and (unigram := runs[0].unigram_nats_per_char) is not None:
        level = unigram, f"letter frequencies, {decimal(unigram, 3)}"
    title = "Held-out score and training loss" if alone else "Held-out score"
    if not alone and learned:
        title += " (thin: training loss)"
    return LineChart(title, "nats per character", lines, low, high, level, tall=True)


def _measures(runs: list[RunRecord], smooth: int | None) -> list[LineChart]:
    names = {
        "learning_rate": ("Learning rate", "of Adam"),
        "gradient_norm": ("Gradient norm", "before clipping"),
        "characters_per_second": ("Speed", "characters a second"),
    }
    charts = []
    for name, (title, unit) in names.items():
        series: list[tuple[str, dict[CurveAxis, Series]]] = [
            (_LEARNED if len(runs) == 1 else _colour(number), {axis: measure(run, name, axis, smooth) for axis in AXES})  # type: ignore[arg-type]
            for number, run in enumerate(runs[:COLOURS])
            if run.points.step
        ]
        values = sorted(y for _, over in series for y in over["steps"].y if math.isfinite(y))
        if values:
            high = values[-1]
            if name == "gradient_norm":  # a single explosion would flatten the curve
                high = min(high, 1.5 * values[int(0.98 * (len(values) - 1))])
            shown = unit if high == values[-1] else f"{unit}, with peaks above the picture"
            lines = [Line(over, colour, thin=len(runs) > 1) for colour, over in series]
            charts.append(LineChart(title, shown, lines, 0.0, 1.05 * high or 1.0))
    return charts
