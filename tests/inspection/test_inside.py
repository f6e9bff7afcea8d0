"""Tests of the inside of a network along a text."""

import numpy as np
import pytest

from charlstm.inspection.activations import Activations
from charlstm.inspection.blocks import Grid
from charlstm.inspection.inside import inside_record, inside_view
from charlstm.results.inspection import InsideRecord


def test_view_says_if_no_cell_is_readable():
    text = "ab " * 20
    found = inside_record(text, (Activations(np.ones((6, len(text), 3), np.float32)),), None, None)
    assert (found.layer, found.cell, found.readable_cells) == (1, 0, [])
    said, *_ = inside_view(found)
    assert said.text.startswith("No cell follows anything over the 60 characters")
    assert not any(isinstance(block, Grid) for block in inside_view(found))


def chosen(found: InsideRecord) -> tuple[int, int]:
    return found.layer, found.cell


def test_best_cell_is_the_default(planted):
    text, layers = planted
    found = inside_record(text, layers, None, None)
    assert chosen(found) == (1, 8)
    assert found.values.c == pytest.approx(layers[0].c[:, 8].tolist())
    assert chosen(inside_record(text, layers, 2, None)) == (2, 3)
    assert chosen(inside_record(text, layers, None, 5)) == (1, 5)
    assert {one.layer for one in inside_record(text, layers, 2, None).readable_cells} == {2}
