"""An image of the learning curves of training runs."""

import io
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from charlstm.choices import CurveAxis
from charlstm.report.learning_curves import held_out, loss_range, measure, ranked, training
from charlstm.report.plots import STATEFUL, STATELESS, figure_of, plot_style
from charlstm.results.history import HistoryResult, RunRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHADES = (STATELESS, STATEFUL, "#3f9e6e", "#8a63b8", "#c05a86", "#7d7d2e", "#4f8fa8", "#777777")
_MEASURES = {
    "learning_rate": "learning rate",
    "gradient_norm": "gradient norm before clipping",
    "characters_per_second": "characters per second",
}


def history_image(found: HistoryResult, suffix: str, *, axis: CurveAxis = "epochs", smooth: int | None = None) -> bytes:
    """Return the curves of runs as the contents of an image file: loss, learning rate, gradient norm and speed.

    Args:
        found: The runs; beyond the best eight they share the last colour.
        suffix: ``.png`` or ``.svg``.
        axis: The x-axis.
        smooth: Number of points of the trailing mean; None for 2 % of a run's.
    """
    runs = ranked(found)
    with plot_style(), warnings.catch_warnings():
        figure = figure_of(2, 2)
        first, *others = figure.subplots(2, 2).flat
        _draw_loss(first, runs, axis, smooth)
        for axes, (name, title) in zip(others, _MEASURES.items(), strict=True):
            for number, run in enumerate(runs):
                if run.points.step:
                    series = measure(run, name, axis, smooth)  # type: ignore[arg-type]
                    axes.plot(_places(series.x, axis), series.y, color=_shade(number), linewidth=1)
            axes.set(xlabel=_axis_label(axis), ylabel=title, ylim=(0, None))
        warnings.filterwarnings("ignore", "Glyph")  # characters that no installed font has are drawn as boxes
        file = io.BytesIO()
        figure.savefig(file, format=suffix[1:], dpi=150, metadata={"Date": None} if suffix == ".svg" else None)
    return file.getvalue()


def _draw_loss(axes: "Axes", runs: list[RunRecord], axis: CurveAxis, smooth: int | None) -> None:
    alone = len(runs) == 1
    learned, scored = [training(run, axis, smooth) for run in runs], [held_out(run, axis) for run in runs]
    for number, (run, loss, score) in enumerate(zip(runs, learned, scored, strict=True)):
        label = "training" if alone else None
        axes.plot(_places(loss.x, axis), loss.y, color=_shade(0 if alone else number), linewidth=0.7, alpha=0.7, label=label)
        name = "held out" if alone else run.label if number < len(_SHADES) else None
        shade = STATEFUL if alone else _shade(number)
        axes.plot(_places(score.x, axis), score.y, "o-", color=shade, markersize=3, label=name)
    if not alone and any(loss.x for loss in learned):
        axes.plot([], [], color="#777777", linewidth=0.7, label="thin: training")
    low, high = loss_range(learned, scored)
    axes.set(xlabel=_axis_label(axis), ylabel="nats per character", ylim=(low, high))
    if alone and (unigram := runs[0].unigram_nats_per_char) is not None and low < unigram < high:
        axes.axhline(unigram, color="#777777", linestyle="--", linewidth=0.8, label="letter frequencies")
    if axes.get_legend_handles_labels()[1]:
        axes.legend(frameon=False, loc="upper right")  # the best place is sought for seconds if there are many points


def _places(places: Sequence[float], axis: CurveAxis) -> list[float]:
    return [place / 60 if axis == "time" else place for place in places]


def _axis_label(axis: CurveAxis) -> str:
    return "minutes" if axis == "time" else axis


def _shade(number: int) -> str:
    return _SHADES[min(number, len(_SHADES) - 1)]
