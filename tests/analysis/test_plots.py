"""Plots: which there are, that they are drawn of the record's numbers, and that files are what their names say."""

from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

from charlstm.analysis.plots import by_context, divergence, drawing, norms, panels, plot, sweep
from charlstm.analysis.record import comparison_record
from tests.analysis.conftest import compared, memoryless_network


@pytest.fixture
def record(comparison):
    return comparison_record("tale", comparison)


def drawn(panel, record):
    axes = Figure().subplots()
    panel(axes, record)
    return axes


def test_there_is_a_panel_for_everything_that_was_measured(record, make_network):
    assert len(panels(record)) == 4
    assert len(panels(comparison_record("tale", compared(make_network())))) == 3  # no sweep
    assert len(panels(comparison_record("tale", compared(make_network(), measured=False)))) == 2  # no quality


def test_the_curve_by_context(record):
    axes = drawn(by_context, record)
    (bars,) = axes.containers
    x, y = bars.lines[0].get_data()
    low, high = bars.lines[1][0].get_ydata()[0], bars.lines[1][1].get_ydata()[0]
    error = record["contexts"]["1"]["standard_error_nats"] / np.log(2)
    assert (high - low) == pytest.approx(4 * error)  # two standard errors up and down
    assert list(x) == [int(context) for context in record["contexts"]]
    assert list(y) == [score["bits_per_char"] for score in record["contexts"].values()]
    assert record["modes"]["stateful"]["bits_per_char"] in {line.get_ydata()[0] for line in axes.lines}


def test_the_divergence_along_the_text(record):
    axes = drawn(divergence, record)
    assert list(axes.lines[0].get_xdata())[:2] == [1, 2]
    assert list(axes.lines[0].get_ydata()) == pytest.approx(
        [d or float("nan") for d in record["along"]["divergence_nats"]], nan_ok=True
    )
    assert axes.lines[1].get_xdata()[0] == 6  # the window


def test_the_norms_of_every_layer(record):
    axes = drawn(norms, record)
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    assert axes.lines[0].get_xdata()[0] == 1
    assert axes.lines[-1].get_xdata()[0] == 6  # the window
    assert list(lines["c, layer 2"]) == record["along"]["layers"][1]["c_norm"]
    assert list(lines["h, layer 1"]) == record["along"]["layers"][0]["h_norm"]


def test_the_sweep(record):
    axes = drawn(sweep, record)
    curve, star = axes.containers[0].lines[0], axes.lines[-1]
    assert list(curve.get_ydata()) == [found["bits_per_char"] for found in record["windows"].values()]
    assert list(star.get_xdata()) == [record["modes"]["stateful"]["characters_per_second"]]


def test_a_drawing_for_a_page_has_its_colour_and_its_letters_and_is_the_same_at_every_run(record):
    svg = drawing(by_context, record)
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert "currentColor" in svg
    assert "#4c4d4e" not in svg
    assert "characters read before each" in svg
    assert svg == drawing(by_context, record)


@pytest.mark.parametrize(("suffix", "begins"), [(".png", b"\x89PNG"), (".svg", b"<?xml")])
def test_files_are_of_the_format_of_their_suffix(record, suffix, begins):
    assert plot(record, suffix).startswith(begins)


def test_a_name_that_is_no_formula_and_has_no_letters_here_can_be_drawn(record):
    record["checkpoint"] = "$x^{$ 渡口"
    assert len(plot(record, ".png")) > 1_000


def test_modes_that_never_differ_can_be_drawn():
    record = comparison_record("tale", compared(memoryless_network()))
    record["along"]["divergence_nats"] = [0.0] * len(record["along"]["divergence_nats"])
    assert len(plot(record, ".svg")) > 1_000
