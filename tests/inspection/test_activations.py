"""Tests of the activations along a text, and of the search for readable cells."""

from base64 import b64decode

import numpy as np
import pytest

from charlstm.inspection.activations import (
    PROPERTIES,
    Activations,
    activations_along,
    activations_record,
    activations_view,
    packed,
    readable_cells,
)
from charlstm.inspection.blocks import Grid
from charlstm.results.inspection import InsideRecord
from tests.evaluation.conftest import random_text

TEXT = 'He said: "No (not now)." Then\n\nshe left, "open\n\nagain. In 1984 and 7 Xs'


def test_activations_match_the_network_states(make_network):
    network, text = make_network(), random_text(12, 4)
    layers, state, workspace = activations_along(network, text), network.initial_state(1), network.workspace(1)
    for place, character in enumerate(text):
        network.step(character[None], state, workspace)
        for found, layer, scratch in zip(layers, state, workspace, strict=True):
            np.testing.assert_array_equal(found.values[:4, place], scratch.gates[:, 0])
            np.testing.assert_array_equal(found.c[place], layer.c[0])
            np.testing.assert_array_equal(found.values[5, place], layer.h[0])
    i, f, g, _, c, h = layers[0].values
    np.testing.assert_allclose(c[1:], f[1:] * c[:-1] + i[1:] * g[1:], atol=1e-6)
    assert np.abs(h).max() < 1


def test_properties_match_their_names():
    properties = {name: measure(TEXT) for name, measure in PROPERTIES.items()}
    assert all(len(values) == len(TEXT) for values in properties.values())
    quoted = "".join(c for c, inside in zip(TEXT, properties["inside quotes"], strict=True) if inside)
    assert quoted == '"No (not now).' + '"open\n'  # the closing quote is outside; a blank line ends the second
    assert "".join(c for c, inside in zip(TEXT, properties["inside brackets"], strict=True) if inside) == "(not now"
    line = properties["characters since the line began"]
    assert line[TEXT.index("\n")] == 0
    assert line[TEXT.index("she") + 2] == 3
    assert properties["characters since a space or punctuation"][TEXT.index("left") : TEXT.index("left") + 5] == [1, 2, 3, 4, 0]
    assert properties["characters since the sentence began"][TEXT.index("now).") + 4] == 0
    for name, characters in {"a space": " ", "a capital letter": "HNTIX", "a digit": "19847", "a vowel": "eaioIuEAOU"}.items():
        assert properties[f"after {name}"] == [float(c in characters) for c in TEXT]


@pytest.mark.parametrize(("text", "name", "inside_it"), [
    ("他说：「走吧。」她走了。", "inside quotes", "「走吧。"),
    ("《渡口》是（一年）里的书", "inside brackets", "《渡口（一年"),
    ("“Oh,” she said", "inside quotes", "“Oh,"),
])  # fmt: skip
def test_quotes_and_brackets_of_other_scripts(text, name, inside_it):
    assert "".join(c for c, inside in zip(text, PROPERTIES[name](text), strict=True) if inside) == inside_it


@pytest.fixture
def planted():
    """Return two layers of noise in which one cell follows the quotes and another the line, negatively."""
    text = (TEXT + "\n") * 8
    random = np.random.default_rng(0)
    layers = [random.normal(0, 1, (6, len(text), units)).astype(np.float32) for units in (9, 7)]
    layers[1][4, :, 3] = 2 + 5 * np.array(PROPERTIES["inside quotes"](text)) + random.normal(0, 0.5, len(text))
    layers[0][4, :, 8] = -np.array(PROPERTIES["characters since the line began"](text)) + np.arange(len(text))  # with a trend
    layers[1][4, :, 0] = np.arange(len(text))  # a trend alone
    return text, tuple(Activations(values) for values in layers)


def test_planted_cells_are_found(planted):
    first, *_ = found = readable_cells(*planted)
    assert (first.follows, first.layer, first.cell) == ("characters since the line began", 0, 8)
    assert first.correlation < -0.99
    assert (1, 0) not in {(one.layer, one.cell) for one in found if abs(one.correlation) > 0.1}
    quotes = next(one for one in found if one.follows == "inside quotes")
    assert (quotes.layer, quotes.cell) == (1, 3)
    both = np.stack([planted[1][1].c[:, 3], PROPERTIES["inside quotes"](planted[0])])
    line = np.arange(both.shape[1])
    flat = [series - np.polyval(np.polyfit(line, series, 1), line) for series in both]
    assert quotes.correlation == pytest.approx(np.corrcoef(*flat)[0, 1])
    assert all(sum(one.follows == name for one in found) <= 3 for name in PROPERTIES)


def test_only_correlations_above_chance_are_listed(planted):
    text, layers = planted
    assert all(abs(one.correlation) > one.by_chance for one in readable_cells(text, layers, each=100))
    noise = Activations(np.random.default_rng(1).normal(0, 1, (6, len(text), 50)).astype(np.float32))
    found = readable_cells(text, (noise,), each=100)
    assert len(found) < 9  # few of 50 cells exceed the estimate for 9 properties by chance
    assert all(abs(one.correlation) < 1.3 * one.by_chance for one in found)


@pytest.mark.parametrize("rounding", [0.0, 1e-7])
@pytest.mark.parametrize("level", [0.0, 1.0, -3.5, 25.0])
def test_constant_cells_are_not_listed(rounding, level):
    text = (TEXT + "\n") * 8
    follows = np.array(PROPERTIES["after a space"](text))[:, None]
    still = Activations(np.repeat(level * (1 + rounding * follows), 3, 1)[None].repeat(6, 0).astype(np.float32))
    assert readable_cells(text, (still,)) == []


def test_view_says_if_no_cell_is_readable():
    text = "ab " * 20
    found = activations_record(text, (Activations(np.ones((6, len(text), 3), np.float32)),), None, None)
    assert (found.layer, found.cell, found.readable_cells) == (1, 0, [])
    said, *_ = activations_view(found)
    assert said.text.startswith("No cell follows anything over the 60 characters")
    assert not any(isinstance(block, Grid) for block in activations_view(found))


def test_rare_changes_and_duplicate_properties_are_skipped(planted):
    _, layers = planted
    length = len(layers[0].c)
    assert readable_cells("b" * length, layers) == []
    once = ("ab " * length)[: length - 2] + '"x'
    assert "inside quotes" not in {one.follows for one in readable_cells(once, layers)}
    text = "".join(np.random.default_rng(1).choice(list("Abbb "), 300))  # its capitals are exactly its vowels
    cells = np.random.default_rng(0).normal(0, 0.1, (6, len(text), 3)) + np.array(PROPERTIES["after a vowel"](text))[:, None]
    follows = {one.follows for one in readable_cells(text, (Activations(cells.astype(np.float32)),), each=100)}
    assert "after a capital letter" in follows
    assert "after a vowel" not in follows


def test_search_can_be_limited_to_a_layer(planted):
    text, layers = planted
    found = readable_cells(text, layers, only=1)
    assert {one.layer for one in found} == {0}
    assert (found[0].follows, found[0].cell) == ("characters since the line began", 8)


def chosen(found: InsideRecord) -> tuple[int, int]:
    return found.layer, found.cell


def test_best_cell_is_the_default(planted):
    text, layers = planted
    found = activations_record(text, layers, None, None)
    assert chosen(found) == (1, 8)
    assert found.values.c == pytest.approx(layers[0].c[:, 8].tolist())
    assert chosen(activations_record(text, layers, 2, None)) == (2, 3)
    assert chosen(activations_record(text, layers, None, 5)) == (1, 5)
    assert {one.layer for one in activations_record(text, layers, 2, None).readable_cells} == {2}


def test_packed_bytes_are_within_half_a_quantisation_step(planted):
    layer = planted[1][1]
    found = packed(layer)
    shares = (np.frombuffer(b64decode(found.bytes), np.uint8).reshape(layer.values.shape) - 128.0) / 127
    reach = np.array(found.reach)[:, None, None]
    assert np.abs(shares * reach - layer.values).max() <= reach.max() / 254 + 1e-6
