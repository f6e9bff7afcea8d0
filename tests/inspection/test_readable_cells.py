"""Tests of the search for readable cells."""

import numpy as np
import pytest

from charlstm.inspection.activations import Activations
from charlstm.inspection.readable_cells import MARGIN, PROPERTIES, readable_cells
from tests.inspection.conftest import TEXT


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
    assert all(abs(one.correlation) > MARGIN * one.by_chance for one in readable_cells(text, layers, each=100))
    noise = Activations(np.random.default_rng(1).normal(0, 1, (6, len(text), 50)).astype(np.float32))
    found = readable_cells(text, (noise,), each=100)
    assert found == []  # of 50 cells and 9 properties


@pytest.mark.parametrize("rounding", [0.0, 1e-7])
@pytest.mark.parametrize("level", [0.0, 1.0, -3.5, 25.0])
def test_constant_cells_are_not_listed(rounding, level):
    text = (TEXT + "\n") * 8
    follows = np.array(PROPERTIES["after a space"](text))[:, None]
    still = Activations(np.repeat(level * (1 + rounding * follows), 3, 1)[None].repeat(6, 0).astype(np.float32))
    assert readable_cells(text, (still,)) == []


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
