"""Readable cells of the page on the inside, and the order of a layer's units, against the command."""

import numpy as np
import pytest

from charlstm.inspection.readable_cells import PROPERTIES, readable_cells
from tests.inspection.conftest import TEXT as QUOTED
from tests.inspection.conftest import planted_cells

CELLS = "const work = engine.readableCells(Array.from(data.text), data.cells.map((values) => Float32Array.from(values)));" + (
    "for (;;) { const step = work.next(); if (step.done) return step.value; }"
)


def test_readable_cells_are_those_of_the_command(engine):
    text, layers = planted_cells()
    found = engine.run(CELLS, text=text, cells=[layer.c.ravel().tolist() for layer in layers])
    expected = readable_cells(text, layers)
    assert len(expected) > 2
    assert [(each["follows"], each["layer"], each["unit"]) for each in found] == [
        (each.follows, each.layer + 1, each.cell) for each in expected
    ]
    np.testing.assert_allclose([each["correlation"] for each in found], [each.correlation for each in expected], atol=1e-6)
    np.testing.assert_allclose([each["byChance"] for each in found], [each.by_chance for each in expected], atol=1e-6)


@pytest.mark.parametrize("text", [QUOTED, "“Oh,” (she) said.\n\n他说：「走吧。」《渡口》 ١٢ Ǆ", "", "\n\n\n"])
def test_properties_are_those_of_the_command(engine, text):
    found = engine.run(
        "return Object.fromEntries(Object.entries(engine.PROPERTIES).map(([name, of]) => [name, of(Array.from(data.text))]))",
        text=text,
    )
    assert found == {name: measure(text) for name, measure in PROPERTIES.items()}


def test_units_that_rise_and_fall_together_are_neighbours(engine):
    random = np.random.default_rng(0)
    sources = random.normal(size=(200, 3))
    group = random.permutation(np.repeat(np.arange(3), 6))
    values = sources[:, group] * random.uniform(0.5, 2, 18) + random.normal(scale=0.05, size=(200, 18))
    order = engine.run("return engine.similarityOrder(Float32Array.from(data.values), 200)", values=values.ravel().tolist())
    assert sorted(order) == list(range(18))
    assert (np.diff(group[order]) != 0).sum() == 2  # the groups are not mixed
