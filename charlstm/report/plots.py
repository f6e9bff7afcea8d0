"""Plots of a comparison."""

import io
import math
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from charlstm.formatting import about, bits
from charlstm.report.records import Record

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


def by_context(axes: "Axes", record: Record) -> None:
    """Plot bits per character by context length."""
    contexts = {int(context): score for context, score in record["contexts"].items()}
    values = [score["bits_per_char"] for score in contexts.values()]
    errors = [2 * bits(score["standard_error_nats"]) for score in contexts.values()]
    axes.errorbar(list(contexts), values, errors, color=STATELESS, marker="o", markersize=3, capsize=2, label="stateless")
    stateful = record["modes"]["stateful"]["bits_per_char"]
    axes.axhline(stateful, color=STATEFUL, label="stateful")
    axes.axvline(record["window"], color=_INK, linewidth=0.8, linestyle=":", label=f"the model's window, {record['window']}")
    axes.set_xscale("log", base=2)
    axes.set_xticks(list(contexts), [str(context) if math.log2(context).is_integer() else "" for context in contexts])
    axes.set(xlabel="characters read before each", ylabel="bits per character")
    _add_legend(axes, 3)


def divergence(axes: "Axes", record: Record) -> None:
    """Plot the divergence of the two next-character distributions."""
    values = [value or math.nan for value in record["along"]["divergence_nats"]]
    axes.plot(range(1, len(values) + 1), values, ".", color=STATELESS, markersize=3)
    axes.axvline(record["window"], color=_INK, linewidth=0.8, linestyle=":")
    axes.set(xlabel="characters read", ylabel="KL divergence, nats")
    if not all(math.isnan(value) for value in values):
        axes.set_yscale("log")
        _label_log_axis(axes.yaxis, scientific)


def norms(axes: "Axes", record: Record) -> None:
    """Plot the norms of the carried h and c of every layer."""
    for number, layer in enumerate(record["along"]["layers"]):
        shade = _SHADES[number % len(_SHADES)]
        for what, line in (("c", "-"), ("h", ":")):
            places = range(1, len(layer[f"{what}_norm"]) + 1)
            axes.plot(places, layer[f"{what}_norm"], line, color=shade, linewidth=1, label=f"{what}, layer {number + 1}")
    axes.axvline(record["window"], color=_INK, linewidth=0.8, linestyle=":")
    axes.set(xlabel="characters read", ylabel="norm of the carried state", ylim=(0, None))
    _add_legend(axes, 4)


def sweep(axes: "Axes", record: Record) -> None:
    """Plot bits per character against characters per second, by window."""
    points = [(window, found) for window, found in record["windows"].items() if "bits_per_char" in found]
    for window, found in points:
        axes.annotate(window, (found["characters_per_second"], found["bits_per_char"]), (4, 4), textcoords="offset points")
    speeds, values = zip(*((found["characters_per_second"], found["bits_per_char"]) for _, found in points), strict=True)
    errors = [2 * bits(found["standard_error_nats"]) for _, found in points]
    axes.errorbar(speeds, values, errors, color=STATELESS, marker="o", markersize=4, capsize=2, label="stateless, by window")
    stateful = record["modes"]["stateful"]
    axes.plot(
        stateful["characters_per_second"], stateful["bits_per_char"], "*", color=STATEFUL, markersize=10, label="stateful"
    )
    axes.set_xscale("log")
    axes.margins(0.12)
    _label_log_axis(axes.xaxis, about)
    axes.set(xlabel="characters per second", ylabel="bits per character")
    _add_legend(axes, 2)


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


def panels(record: Record) -> dict[str, Callable[["Axes", Record], None]]:
    """Return the plots of a comparison by their titles."""
    found: dict[str, Callable[[Any, Record], None]] = {}
    if record["contexts"]:
        found["Score by context length"] = by_context
    found["Divergence of the modes along a text"] = divergence
    found["The carried state along the same text"] = norms
    if record["contexts"] and len(record["windows"]) > 1:
        found["Quality against speed"] = sweep
    return found


def drawing(panel: Callable[["Axes", Record], None], record: Record) -> str:
    """Return one panel as an SVG element that takes the text colour of its page."""
    with _style():
        figure = _figure(1, 1)
        panel(figure.subplots(), record)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue()
    return svg[svg.index("<svg") :].replace(_INK, "currentColor")


def plot(record: Record, suffix: str) -> bytes:
    """Return all panels as the contents of a file of a format, one of :data:`FORMATS`."""
    found = panels(record)
    columns = 2 if len(found) > 1 else 1
    rows = math.ceil(len(found) / columns)
    with _style(), warnings.catch_warnings():
        figure = _figure(columns, rows)
        figure.suptitle(f"{record['checkpoint']}: stateless and stateful")
        every = figure.subplots(rows, columns, squeeze=False).flat
        for axes, (title, panel) in zip(every, found.items(), strict=False):
            panel(axes, record)
            axes.set_title(title)
        for axes in list(every)[len(found) :]:
            axes.set_axis_off()
        warnings.filterwarnings("ignore", "Glyph")  # characters that no installed font has are drawn as boxes
        file = io.BytesIO()
        figure.savefig(file, format=suffix[1:], dpi=150, metadata={"Date": None} if suffix == ".svg" else None)
    return file.getvalue()


def _figure(columns: int, rows: int) -> "Figure":
    from matplotlib.figure import Figure

    return Figure(figsize=(5.6 * columns, 3.2 * rows), layout="constrained")


def _style() -> Any:
    """Return a context with the settings of the plots: text is kept as text, and SVG ids are reproducible."""
    import matplotlib as mpl

    inked = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
    settings: dict[Any, Any] = dict.fromkeys(inked, _INK)
    settings |= {"svg.fonttype": "none", "svg.hashsalt": "charlstm", "axes.spines.top": False, "axes.spines.right": False}
    settings |= {"font.size": 10, "axes.titlesize": 11, "text.parse_math": False}
    return mpl.rc_context(settings)
