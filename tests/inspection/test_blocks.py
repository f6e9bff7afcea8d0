"""Tests of the blocks."""

from charlstm.inspection.blocks import Grid


def test_columns_of_numbers_and_shapes_are_numeric():
    rows = [["1", "1,024", "(None, 64, 320)", "a word", "-2.1 … +3.0", "3e-08 (rounding)", "0.25", "i f c o"]]
    assert Grid([""] * 8, rows).numeric == [False, True, True, False, True, True, True, False]


def test_numbers_and_histograms_are_unbroken():
    assert Grid([""] * 4, [["W_i", "-2.1 … +3.0", " ▁▄█  ▂", "a word"]]).unbroken == [False, True, True, False]
