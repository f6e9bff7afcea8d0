"""Along a text: what is kept is what the network had, and planted cells are found."""

from base64 import b64decode

import numpy as np
import pytest

from charlstm.analysis.inspection.inside import PROPERTIES, Inside, inside, inside_record, packed, readable_cells
from tests.analysis.conftest import random_text

TEXT = 'He said: "No (not now)." Then\n\nshe left, "open\n\nagain. In 1984 and 7 Xs'


def test_everything_is_kept_of_every_layer(make_network):
    network, text = make_network(), random_text(12, 4)
    layers, state = inside(network, text), network.zero_state(1)
    for place, character in enumerate(text):
        network.step(character[None], state)
        for found, layer in zip(layers, state, strict=True):
            np.testing.assert_array_equal(found.values[:4, place], layer.gates[:, 0])
            np.testing.assert_array_equal(found.c[place], layer.c[0])
            np.testing.assert_array_equal(found.values[5, place], layer.h[0])
    i, f, g, _, c, h = layers[0].values
    np.testing.assert_allclose(c[1:], f[1:] * c[:-1] + i[1:] * g[1:], atol=1e-6)
    assert np.abs(h).max() < 1


def test_properties_are_what_their_names_say():
    told = {name: measure(TEXT) for name, measure in PROPERTIES.items()}
    assert all(len(values) == len(TEXT) for values in told.values())
    quoted = "".join(c for c, inside in zip(TEXT, told["inside quotes"], strict=True) if inside)
    assert quoted == '"No (not now).' + '"open\n'  # the closing quote is outside; a blank line ends the second
    assert "".join(c for c, inside in zip(TEXT, told["inside brackets"], strict=True) if inside) == "(not now"
    line = told["characters since the line began"]
    assert line[TEXT.index("\n")] == 0
    assert line[TEXT.index("she") + 2] == 3
    assert told["characters since the word began"][TEXT.index("left") : TEXT.index("left") + 5] == [1, 2, 3, 4, 0]
    assert told["characters since the sentence began"][TEXT.index("now).") + 4] == 0
    for name, characters in {"a space": " ", "a capital letter": "HNTIX", "a digit": "19847", "a vowel": "eaioIuEAOU"}.items():
        assert told[f"after {name}"] == [float(c in characters) for c in TEXT]


@pytest.fixture
def planted():
    """Two layers of noise, in which a cell follows the quotes and another one the line, upside down."""
    text = (TEXT + "\n") * 8
    random = np.random.default_rng(0)
    layers = [random.normal(0, 1, (6, len(text), units)).astype(np.float32) for units in (9, 7)]
    layers[1][4, :, 3] = 2 + 5 * np.array(PROPERTIES["inside quotes"](text)) + random.normal(0, 0.5, len(text))
    layers[0][4, :, 8] = -np.array(PROPERTIES["characters since the line began"](text))
    return text, tuple(Inside(values) for values in layers)


def test_planted_cells_are_found_and_named(planted):
    first, *_ = found = readable_cells(*planted)
    assert (first.follows, first.layer, first.cell) == ("characters since the line began", 0, 8)
    assert first.correlation == pytest.approx(-1)
    quotes = next(one for one in found if one.follows == "inside quotes")
    assert (quotes.layer, quotes.cell) == (1, 3)
    assert quotes.correlation == pytest.approx(
        np.corrcoef(planted[1][1].c[:, 3], PROPERTIES["inside quotes"](planted[0]))[0, 1]
    )
    assert sum(one.follows == "inside quotes" for one in found) == 3


def test_among_noise_nothing_is_better_than_chance():
    text = (TEXT + "\n") * 8
    noise = Inside(np.random.default_rng(1).normal(0, 1, (6, len(text), 50)).astype(np.float32))
    for one in readable_cells(text, (noise,), each=1):
        assert abs(one.correlation) < 1.6 * one.by_chance


def test_what_does_not_vary_follows_nothing_and_is_followed_by_nobody(planted):
    _, layers = planted
    counting = {f"characters since the {what} began" for what in ("line", "sentence", "word")}
    assert {one.follows for one in readable_cells("b" * len(layers[0].c), layers)} == counting
    still = (Inside(np.ones((6, 40, 3), np.float32)),)
    assert {one.correlation for one in readable_cells("ab " * 13 + "a", still)} == {0}


def test_the_best_cell_is_shown_unless_another_is_asked_for(planted):
    text, layers = planted
    found = inside_record(text, layers, None, None)
    assert (found["layer"], found["cell"]) == (1, 8)
    assert found["values"]["c"] == pytest.approx(layers[0].c[:, 8].tolist())
    assert [inside_record(text, layers, 2, None)[key] for key in ("layer", "cell")] == [2, 3]
    assert [inside_record(text, layers, None, 5)[key] for key in ("layer", "cell")] == [1, 5]
    assert {one["layer"] for one in inside_record(text, layers, 2, None)["readable_cells"]} == {2}


def test_a_page_s_bytes_are_the_values_to_within_half_a_step(planted):
    layer = planted[1][1]
    found = packed(layer)
    shares = (np.frombuffer(b64decode(found["bytes"]), np.uint8).reshape(layer.values.shape) - 128.0) / 127
    reach = np.array(found["reach"])[:, None, None]
    assert np.abs(shares * reach - layer.values).max() <= reach.max() / 254 + 1e-6
