"""Plots of a comparison, each with its title and caption."""

import io
import math
import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from charlstm.formatting import about, bits
from charlstm.results.comparison import ComparisonResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

STATELESS, STATEFUL = "#3a86c8", "#d9772b"
"""Colours that colour-blind readers can distinguish, on a light and on a dark background."""

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

_INK = "#4c4d4e"  # placeholder for the text colour of the page, so no other colour may equal it
_SHADES = (STATEFUL, "#8a63b8", "#3f9e6e", "#c05a86", "#7d7d2e", "#4f8fa8")

FORMATS = (".png", ".svg")
"""File formats, by file name suffix."""


@dataclass(frozen=True)
class Plot:
    """A plot of a comparison.

    Attributes:
        title: Its title.
        caption: Description in sentences; ``{source}`` stands for the text along which both modes are compared.
        draw: Function that draws a comparison on axes.
    """

    title: str
    caption: str
    draw: Callable[["Axes", ComparisonResult], None]


def draw_contexts(axes: "Axes", found: ComparisonResult) -> None:
    """Draw bits per character by context length."""
    contexts, score = found.contexts or {}, found.modes.stateful.score
    values = [each.bits_per_char for each in contexts.values()]
    errors = [2 * bits(each.standard_error_nats) for each in contexts.values()]
    axes.errorbar(list(contexts), values, errors, color=STATELESS, marker="o", markersize=3, capsize=2, label="stateless")
    if score:
        axes.axhline(score.bits_per_char, color=STATEFUL, label="stateful")
    axes.axvline(found.window, color=_INK, linewidth=0.8, linestyle=":", label=f"the model's window, {found.window}")
    axes.set_xscale("log", base=2)
    named = _labelled(list(contexts), {found.window, *found.windows})
    axes.set_xticks(list(contexts), [str(context) if context in named else "" for context in contexts])
    axes.set(xlabel="characters read before each", ylabel="bits per character")
    _add_legend(axes, 3)


def _labelled(contexts: Sequence[int], windows: Collection[int]) -> set[int]:
    """Return the context lengths whose labels do not overlap on a logarithmic axis.

    The windows that text was generated with come first, from the greatest down, then the greatest context and powers of two.
    """
    named: list[int] = []
    order = [*sorted(windows, reverse=True), max(contexts), *(each for each in contexts if math.log2(each).is_integer())]
    room = math.log2(max(contexts) / min(contexts)) / _LABELS
    for context in order:
        if all(abs(math.log2(context / other)) >= room for other in named):
            named.append(context)
    return set(named)


_LABELS = 14
"""Number of context lengths for which there is room below the axis."""


def draw_divergence(axes: "Axes", found: ComparisonResult) -> None:
    """Draw the divergence of the two next-character distributions."""
    values = [value or math.nan for value in found.along.divergence_nats]
    axes.plot(range(1, len(values) + 1), values, ".", color=STATELESS, markersize=3)
    axes.axvline(found.window, color=_INK, linewidth=0.8, linestyle=":")
    axes.set(xlabel="characters read", ylabel="KL divergence, nats")
    if not all(math.isnan(value) for value in values):
        axes.set_yscale("log")
        _label_log_axis(axes.yaxis, scientific)


def draw_norms(axes: "Axes", found: ComparisonResult) -> None:
    """Draw the norms of the carried h and c of every layer."""
    for number, layer in enumerate(found.along.layers):
        shade = _SHADES[number % len(_SHADES)]
        for what, norms, line in (("c", layer.c_norm, "-"), ("h", layer.h_norm, ":")):
            axes.plot(range(1, len(norms) + 1), norms, line, color=shade, linewidth=1, label=f"{what}, layer {number + 1}")
    axes.axvline(found.window, color=_INK, linewidth=0.8, linestyle=":")
    axes.set(xlabel="characters read", ylabel="norm of the carried state", ylim=(0, None))
    _add_legend(axes, 4)


def draw_sweep(axes: "Axes", found: ComparisonResult) -> None:
    """Draw bits per character against characters per second, by window."""
    points = [(window, each.characters_per_second, each.score) for window, each in found.windows.items()]
    scored = [(window, speed, score) for window, speed, score in points if score]
    for window, speed, score in scored:
        axes.annotate(str(window), (speed, score.bits_per_char), (4, 4), textcoords="offset points")
    speeds, values = [speed for _, speed, _ in scored], [score.bits_per_char for _, _, score in scored]
    errors = [2 * bits(score.standard_error_nats) for _, _, score in scored]
    axes.errorbar(speeds, values, errors, color=STATELESS, marker="o", markersize=4, capsize=2, label="stateless, by window")
    stateful = found.modes.stateful
    if stateful.score:
        axes.plot(
            stateful.characters_per_second, stateful.score.bits_per_char, "*", color=STATEFUL, markersize=10, label="stateful"
        )
    axes.set_xscale("log")
    axes.margins(0.12)
    _label_log_axis(axes.xaxis, about)
    axes.set(xlabel="characters per second", ylabel="bits per character")
    _add_legend(axes, 2)


CONTEXTS = Plot(
    "Score by context length",
    "Bits per character by the number of characters read before each from a zero state, ± two standard errors. The horizontal "
    "line is the carried state, the dotted line the model's own window.",
    draw_contexts,
)
DIVERGENCE = Plot(
    "Divergence of the modes along a text",
    "Along {source}: the KL divergence of the next-character distribution with a window from the one with the state carried. "
    "Up to the dotted line the window contains the whole text, and both are equal except for rounding.",
    draw_divergence,
)
NORMS = Plot(
    "The carried state along the same text",
    "A norm that grows beyond its values before the dotted line shows that the state leaves the range that it has within a "
    "window.",
    draw_norms,
)
SWEEP = Plot(
    "Quality against speed", "Lower is better, further right is faster. Each point of the curve is a window.", draw_sweep
)


def plots_of(found: ComparisonResult) -> list[Plot]:
    """Return the plots of what a comparison measured."""
    plots = [DIVERGENCE, NORMS]
    if found.contexts:
        plots.insert(0, CONTEXTS)
        if len(found.windows) > 1:
            plots.append(SWEEP)
    return plots


def _add_legend(axes: "Axes", columns: int) -> None:
    """Add a legend below the axis label, where it covers no line."""
    axes.legend(frameon=False, ncols=columns, loc="upper center", bbox_to_anchor=(0.5, -0.2))


def _label_log_axis(axis: "Axis", label: Callable[[float], str]) -> None:
    """Label a logarithmic axis in plain text, because matplotlib's default labels are formulas.

    Call this after plotting. An axis of up to two decades has labels at 1, 2 and 5 times the powers of ten.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    least, greatest = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if greatest < 100 * least else (1,), numticks=8))
    axis.set_major_formatter(FuncFormatter(lambda value, _: label(value)))
    axis.set_minor_formatter(NullFormatter())


def scientific(value: float) -> str:
    """Return a positive number as a power of ten, with its factor unless that is 1.

    >>> scientific(1e-12), scientific(2e-3), scientific(1.0), scientific(100.0)
    ('10⁻¹²', '2·10⁻³', '1', '10²')
    """
    factor, _, exponent = f"{value:.2e}".partition("e")
    number = float(factor)
    if int(exponent) == 0:
        return f"{number:g}"
    power = "10" + str(int(exponent)).translate(_SUPERSCRIPTS)
    return power if number == 1 else f"{number:g}·{power}"


def svg_element(plot: Plot, found: ComparisonResult) -> str:
    """Return one plot as an SVG element that takes the text colour of its page."""
    with plot_style():
        figure = figure_of(1, 1)
        plot.draw(figure.subplots(), found)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue()
    return svg[svg.index("<svg") :].replace(_INK, "currentColor")


def image(found: ComparisonResult, suffix: str) -> bytes:
    """Return all plots as the contents of an image file of a format, one of :data:`FORMATS`."""
    plots = plots_of(found)
    columns = 2 if len(plots) > 1 else 1
    rows = math.ceil(len(plots) / columns)
    with plot_style(), warnings.catch_warnings():
        figure = figure_of(columns, rows)
        figure.suptitle(f"{found.checkpoint}: stateless and stateful")
        every = list(figure.subplots(rows, columns, squeeze=False).flat)
        for axes, plot in zip(every, plots, strict=False):
            plot.draw(axes, found)
            axes.set_title(plot.title)
        for axes in every[len(plots) :]:
            axes.set_axis_off()
        warnings.filterwarnings("ignore", "Glyph")  # characters that no installed font has are drawn as boxes
        file = io.BytesIO()
        figure.savefig(file, format=suffix[1:], dpi=150, metadata={"Date": None} if suffix == ".svg" else None)
    return file.getvalue()


def figure_of(columns: int, rows: int) -> "Figure":
    """Return an empty figure for a grid of plots."""
    from matplotlib.figure import Figure

    return Figure(figsize=(5.6 * columns, 3.2 * rows), layout="constrained")


def plot_style() -> Any:
    """Return a context with the settings of the plots: text is kept as text, and SVG ids are reproducible."""
    import matplotlib as mpl

    inked = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
    settings: dict[Any, Any] = dict.fromkeys(inked, _INK)
    settings |= {"svg.fonttype": "none", "svg.hashsalt": "charlstm", "axes.spines.top": False, "axes.spines.right": False}
    settings |= {"font.size": 10, "axes.titlesize": 11, "text.parse_math": False}
    return mpl.rc_context(settings)
