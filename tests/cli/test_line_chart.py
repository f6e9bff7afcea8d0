"""Charts in a terminal: every curve where it belongs, within the width."""

import math

import pytest

from charlstm.cli.line_chart import Chart, chart_lines
from charlstm.report.learning_curves import Series


def chart(*curves: Series, labels: tuple[str, ...] = ("falling", "rising")) -> Chart:
    return Chart(curves, labels[: len(curves)], 0.0, 10.0, [0.0, 5.0, 10.0], ("0", "steps", "100"))


FALLING, RISING = Series([0, 100], [10, 0]), Series([0, 100], [0, 10])


@pytest.mark.parametrize("width", [30, 60, 80, 100])
@pytest.mark.parametrize("braille", [True, False])
def test_lines_fit_the_width(width, braille):
    lines = chart_lines(chart(FALLING, RISING), width, 12, braille=braille)
    assert max(map(len, lines)) <= width
    assert len(lines) == 14


def test_a_straight_line_in_ascii():
    lines = chart_lines(chart(Series([0, 100], [10, 0]), labels=("y",)), 19, 5, braille=False)
    assert lines == [
        "10.00 |**",
        "      |  **",
        " 5.00 |    **",
        "      |      **",
        " 0.00 |        ** y",
        "      +----------",
        "       0  steps 100",
    ]


def test_every_dot_of_braille_is_where_the_curve_is():
    lines = chart_lines(chart(Series([0, 100], [10, 0])), 40, 8, braille=True)
    columns = len(lines[-2]) - 7
    for row, line in enumerate(lines[:8]):
        for column, character in enumerate(line[7 : 7 + columns]):
            if not 0x2800 < ord(character) < 0x2900:
                assert character in " abcdefghijklmnopqrstuvwxyz"
                continue
            for bit, (down, right) in {
                0: (0, 0),
                1: (1, 0),
                2: (2, 0),
                3: (0, 1),
                4: (1, 1),
                5: (2, 1),
                6: (3, 0),
                7: (3, 1),
            }.items():
                if ord(character) - 0x2800 >> bit & 1:
                    x, y = (2 * column + right) / (2 * columns - 1), (4 * row + down) / 31
                    assert abs(x - y) < 0.05


def test_curves_end_at_their_labels_and_take_their_colours():
    lines = chart_lines(chart(FALLING, RISING), 60, 9, braille=True, paint=lambda text, number: f"<{number}>{text}")
    assert lines[0].endswith("<1>rising")
    assert lines[8].endswith("<0>falling")


def test_labels_of_curves_that_end_together_are_below_each_other():
    lines = chart_lines(chart(FALLING, FALLING), 60, 9, braille=False)
    assert [line.split()[-1] for line in lines[7:9]] == ["rising", "falling"]


@pytest.mark.parametrize(
    "curve", [Series([], []), Series([5], [5]), Series([0, 1], [math.nan, math.nan]), Series([0, 1], [99, 99])]
)
def test_curves_without_a_line_to_draw(curve):
    lines = chart_lines(chart(curve), 60, 9, braille=True)
    assert sum(0x2800 < ord(character) < 0x2900 for line in lines for character in line) == (list(curve.x) == [5])


def test_a_curve_above_the_chart_is_cut_off():
    lines = chart_lines(chart(Series([0, 50, 100], [99, 5, 5])), 60, 9, braille=False)
    assert lines[0].startswith("10.00 |  ")
