"""Tests of the plots of a comparison: which are drawn, from which numbers, and in which file formats."""

from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

from charlstm.report.plots import CONTEXTS, DIVERGENCE, NORMS, SWEEP, image, plots_of, svg_element
from charlstm.report.records import comparison_result
from tests.evaluation.conftest import compared, memoryless_network
from tests.report.conftest import typed


def drawn(plot, record):
    axes = Figure(figsize=(5.6, 3.2), layout="constrained").subplots()
    plot.draw(axes, typed(record))
    return axes


def test_plots_match_what_was_measured(record, make_network):
    assert plots_of(typed(record)) == [CONTEXTS, DIVERGENCE, NORMS, SWEEP]
    assert plots_of(comparison_result("tale", compared(make_network()))) == [CONTEXTS, DIVERGENCE, NORMS]
    assert plots_of(comparison_result("tale", compared(make_network(), measured=False))) == [DIVERGENCE, NORMS]


def labels(axes) -> list[str]:
    """Return every tick label of both axes that is drawn."""
    axes.figure.draw_without_rendering()
    found = []
    for axis in (axes.xaxis, axes.yaxis):
        least, greatest = sorted(axis.get_view_interval())
        for tick in axis.get_major_ticks() + axis.get_minor_ticks():
            if least <= tick.get_loc() <= greatest and tick.label1.get_text():
                found.append(tick.label1.get_text())
    return found


@pytest.mark.parametrize("plot", [CONTEXTS, DIVERGENCE, NORMS, SWEEP], ids=lambda plot: plot.title)
def test_tick_labels_are_plain_text(record, plot):
    assert not any("$" in label or "\\" in label for label in labels(drawn(plot, record)))
    svg = svg_element(plot, typed(record))
    assert "$" not in svg
    assert "mathdefault" not in svg


DIVERGENCES = {
    "many decades": ([1e-16, 1e-12, 0.5], {"10⁻¹⁵", "10⁻⁹", "10⁻³"}),
    "one decade": ([1e-3, 5e-3, 1e-2], {"10⁻³", "2·10⁻³", "5·10⁻³", "10⁻²"}),
    "nearly one value": ([0.11, 0.12], {"1.1·10⁻¹", "1.2·10⁻¹"}),
    "one value": ([0.3], {"10⁻¹", "1"}),
    "zeros": ([0.0, 2e-3], {"10⁻³", "2·10⁻³"}),
    "more than one nat": ([0.5, 80.0], {"1", "10¹"}),
}


@pytest.mark.parametrize(("values", "expected"), DIVERGENCES.values(), ids=DIVERGENCES)
def test_divergence_labels_are_readable_for_any_range(record, values, expected):
    record["along"]["divergence_nats"] = values
    found = labels(drawn(DIVERGENCE, record))
    assert expected <= set(found)
    assert not any("$" in label or "1e" in label for label in found)


SPEEDS = {
    "four decades": ([10, 500, 10_000, 60_000], {"10", "100", "1,000", "10,000"}),
    "one decade": ([900, 1_100, 13_000], {"1,000", "2,000", "5,000", "10,000"}),
    "nearly one value": ([1_010, 1_020, 1_030], {"1,010", "1,020", "1,030"}),
    "slow": ([0.5, 3, 9], {"0.5", "1", "2", "5"}),
}


@pytest.mark.parametrize(("speeds", "expected"), SPEEDS.values(), ids=SPEEDS)
def test_speed_labels_are_readable_and_do_not_overlap(record, speeds, expected):
    *stateless, stateful = speeds
    found = record["windows"]["3"] | {"bits_per_char": 2.0, "standard_error_nats": 0.1}
    record["windows"] = {str(number): {**found, "characters_per_second": speed} for number, speed in enumerate(stateless)}
    record["modes"]["stateful"]["characters_per_second"] = stateful
    axes = drawn(SWEEP, record)
    assert expected <= set(labels(axes))
    boxes = [tick.label1.get_window_extent() for tick in axes.xaxis.get_major_ticks() if tick.label1.get_text()]
    assert not any(one.overlaps(other) for one, other in pairwise(boxes))


def test_context_curve_shows_the_scores(record):
    axes = drawn(CONTEXTS, record)
    (bars,) = axes.containers
    x, y = bars.lines[0].get_data()
    low, high = bars.lines[1][0].get_ydata()[0], bars.lines[1][1].get_ydata()[0]
    error = record["contexts"]["1"]["standard_error_nats"] / np.log(2)
    assert (high - low) == pytest.approx(4 * error)  # two standard errors up and down
    assert list(x) == [int(context) for context in record["contexts"]]
    assert list(y) == [score["bits_per_char"] for score in record["contexts"].values()]
    assert record["modes"]["stateful"]["bits_per_char"] in {line.get_ydata()[0] for line in axes.lines}


@pytest.mark.parametrize(
    ("windows", "labelled"),
    [([6], {"6"}), ([6, 300], {"6", "300"}), ([6, 100, 10_000], {"6", "100", "10000"}), ([6, 7, 250], {"7", "250"})],
)
def test_context_curve_labels_the_windows(record, windows, labelled):
    score, found = record["contexts"]["1"], record["windows"]["3"]
    record["windows"] = {str(window): found for window in windows}
    record["contexts"] = {str(context): score for context in sorted({1, 2, 4, 8, 16, 32, 64, 128, 256, *windows})}
    axes = drawn(CONTEXTS, record)
    axes.figure.draw_without_rendering()
    boxes = {tick.label1.get_text(): tick.label1.get_window_extent() for tick in axes.xaxis.get_major_ticks()}
    boxes.pop("", None)
    assert labelled <= boxes.keys()
    assert {"1", "2", "32"} <= boxes.keys()
    assert not any(one.overlaps(other) for one, other in pairwise(boxes.values()))


def test_divergence_plot_shows_the_divergences(record):
    axes = drawn(DIVERGENCE, record)
    assert list(axes.lines[0].get_xdata())[:2] == [1, 2]
    assert list(axes.lines[0].get_ydata()) == pytest.approx(
        [d or float("nan") for d in record["along"]["divergence_nats"]], nan_ok=True
    )
    assert axes.lines[1].get_xdata()[0] == 6  # the window


def test_norm_plot_shows_every_layer(record):
    axes = drawn(NORMS, record)
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    assert axes.lines[0].get_xdata()[0] == 1
    assert axes.lines[-1].get_xdata()[0] == 6  # the window
    assert list(lines["c, layer 2"]) == record["along"]["layers"][1]["c_norm"]
    assert list(lines["h, layer 1"]) == record["along"]["layers"][0]["h_norm"]


def test_sweep_plot_shows_every_window(record):
    axes = drawn(SWEEP, record)
    curve, star = axes.containers[0].lines[0], axes.lines[-1]
    assert list(curve.get_ydata()) == [found["bits_per_char"] for found in record["windows"].values()]
    assert list(star.get_xdata()) == [record["modes"]["stateful"]["characters_per_second"]]


def test_page_drawing_is_reproducible_and_keeps_text(record):
    svg = svg_element(CONTEXTS, typed(record))
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert "currentColor" in svg
    assert "#4c4d4e" not in svg
    assert "characters read before each" in svg
    assert svg == svg_element(CONTEXTS, typed(record))


@pytest.mark.parametrize(("suffix", "begins"), [(".png", b"\x89PNG"), (".svg", b"<?xml")])
def test_file_format_matches_the_suffix(record, suffix, begins):
    assert image(typed(record), suffix).startswith(begins)


def test_image_of_three_plots_has_no_fourth_chart(make_network):
    found = comparison_result("tale", compared(make_network()))
    drawing = ElementTree.fromstring(image(found, ".svg"))
    assert len(plots_of(found)) == 3
    assert len([group for group in drawing.iter() if (group.get("id") or "").startswith("matplotlib.axis_")]) == 2 * 3


def test_name_with_formula_characters_and_missing_glyphs(record):
    record["checkpoint"] = "$x^{$ 渡口"
    assert len(image(typed(record), ".png")) > 1_000


def test_modes_that_never_differ_are_plotted():
    record = comparison_result("tale", compared(memoryless_network())).to_dict()
    record["along"]["divergence_nats"] = [0.0] * len(record["along"]["divergence_nats"])
    assert len(image(typed(record), ".svg")) > 1_000
