"""The numbers of the page on the inside of a model, against NumPy and the command."""

import base64
from typing import Any

import numpy as np
import pytest

from charlstm.inference.modes import decoder
from charlstm.inspection.activations import activations_along
from charlstm.inspection.step import one_step
from charlstm.text.vocabulary import Vocabulary
from tests.export.interventions import read
from tests.export.node import WebModel

CHARACTERS = Vocabulary.of("The quick brown fox jumps over the lazy dog.\n").characters
TEXT = "the lazy dog jumps over The quick brown fox"
TRACE = """
    const model = globalThis.model;
    const trace = new engine.Trace(model.network, { changes: data.changes, first: data.first });
    for (const text of data.texts) for (const _ of trace.reading(model.vocabulary.encode(text)));
    return { layers: trace.rows(0, trace.ids.length).layers, logits: trace.rows(0, trace.ids.length).logits };
"""


def weights_of(model: WebModel) -> dict[str, Any]:
    """Return the weights of a model in float64."""
    return {name: np.asarray(values, np.float64) for name, values in model.arrays.items()}


def traced(engine, model, *texts, changes=(), first=0):
    engine.load_model(model)
    found = engine.run(TRACE, texts=texts, changes=list(changes), first=first)
    characters = len(texts[-1])
    layers = [np.array(values).reshape(characters, 6, size) for values, size in zip(found["layers"], model.units, strict=True)]
    return layers, np.array(found["logits"]).reshape(characters, -1)


@pytest.mark.parametrize("units", [(16,), (9, 7, 5)])
@pytest.mark.parametrize("encoding", ["scalar", "one-hot", "embedding"])
def test_a_trace_equals_the_activations_and_predictions(engine, encoding, units):
    model = WebModel(CHARACTERS, encoding=encoding, units=units, embedding_size=6)
    layers, logits = traced(engine, model, TEXT)
    ids = model.vocabulary.encode(TEXT)
    for found, expected in zip(layers, activations_along(model.network, ids), strict=True):
        np.testing.assert_allclose(found, expected.values.transpose(1, 0, 2), atol=1e-5)
    reader = decoder(model.network, "stateful")
    state = reader.initial_state(1)
    for place, character in enumerate(ids[:, None]):
        state = reader.step(character, state)
        np.testing.assert_allclose(logits[place], reader.logits(state)[0], atol=1e-5)


@pytest.mark.parametrize("edits", [
    (TEXT[:20], TEXT), (TEXT, TEXT[:9]), (TEXT, TEXT[:15] + "X" + TEXT[15:]),
    (TEXT, "T" + TEXT[1:], TEXT), (TEXT, TEXT[:30] + TEXT[31:]),
])  # fmt: skip
def test_an_edited_text_is_traced_as_if_it_were_new(engine, edits):
    model = WebModel(CHARACTERS + "X", units=(9, 7))
    after, logits = traced(engine, model, *edits)
    anew, expected = traced(engine, model, edits[-1])
    np.testing.assert_array_equal(logits, expected)
    for found, layer in zip(after, anew, strict=True):
        np.testing.assert_array_equal(found, layer)


CHANGES: dict[str, list[dict[str, Any]]] = {
    "forget gates of a layer at 0": [{"what": "f", "layer": 1, "unit": None, "value": 0, "from": 0, "to": None}],
    "forget gate of a unit at 1": [{"what": "f", "layer": 2, "unit": 3, "value": 1, "from": 5, "to": None}],
    "input gate of a unit for a while": [{"what": "i", "layer": 1, "unit": 8, "value": 0.25, "from": 5, "to": 20}],
    "candidate below zero": [{"what": "g", "layer": 2, "unit": None, "value": -1, "from": 3, "to": 3}],
    "output gates closed": [{"what": "o", "layer": 1, "unit": None, "value": 0, "from": 10, "to": None}],
    "a cell that is set": [{"what": "c", "layer": 2, "unit": 6, "value": -2.5, "from": 7, "to": 7}],
    "a reset": [{"what": "reset", "layer": 1, "unit": None, "value": 0, "from": 12, "to": 12}],
    "several": [
        {"what": "f", "layer": 1, "unit": None, "value": 1, "from": 0, "to": None},
        {"what": "f", "layer": 1, "unit": 0, "value": 0, "from": 4, "to": None},
        {"what": "c", "layer": 1, "unit": None, "value": 0.5, "from": 9, "to": 9},
        {"what": "reset", "layer": 1, "unit": None, "value": 0, "from": 25, "to": 25},
    ],
}


@pytest.mark.parametrize("name", CHANGES)
def test_interventions_give_the_numbers_of_numpy(engine, name):
    model = WebModel(CHARACTERS, units=(9, 7))
    layers, logits = traced(engine, model, TEXT, changes=CHANGES[name])
    ids = model.vocabulary.encode(TEXT).tolist()
    expected_logits, expected = read(weights_of(model), model.units, ids, CHANGES[name])
    plain, _ = read(weights_of(model), model.units, ids, [])
    assert np.abs(plain - expected_logits).max() > 0.01  # the change has an effect
    np.testing.assert_allclose(logits, expected_logits, atol=2e-5)
    for found, layer in zip(layers, expected, strict=True):
        np.testing.assert_allclose(found, layer, atol=2e-5)


def test_a_window_is_read_from_a_zero_state(engine):
    model = WebModel(CHARACTERS, units=(9, 7))
    layers, logits = traced(engine, model, TEXT, first=len(TEXT) - 12)
    reader = decoder(model.network, "stateless")
    state = reader.initial_state(1)
    for character in model.vocabulary.encode(TEXT)[:, None]:
        state = reader.step(character, state)
    np.testing.assert_allclose(logits[-1], reader.logits(state)[0], atol=1e-5)
    assert not layers[0][: len(TEXT) - 12].any()


STEP = """
    const model = globalThis.model;
    const trace = new engine.Trace(model.network, { changes: data.changes });
    for (const _ of trace.reading(model.vocabulary.encode(data.text)));
    const size = model.config.units[data.layer - 2];
    const h = (6 * data.place + 5) * size;
    const below = data.layer > 1 ? trace.layers[data.layer - 2].slice(h, h + size) : null;
    return engine.unitStep(data.manifest.config, engine.decodeWeights(data.weights, data.manifest.weights), {
      id: trace.ids[data.place], before: trace.stateBefore(data.place), below, layer: data.layer, unit: data.unit,
      changes: data.changes, place: data.place,
    });
"""


def step(engine, model, place, layer, unit, changes=()):
    engine.load_model(model)
    packed = base64.b64encode(model.weights).decode()
    return engine.run(
        STEP, text=TEXT, place=place, layer=layer, unit=unit, changes=list(changes), manifest=model.manifest, weights=packed
    )


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("recurrent_activation", ["sigmoid", "hard_sigmoid"])
@pytest.mark.parametrize("encoding", ["scalar", "one-hot", "embedding"])
def test_a_step_equals_that_of_inspect(engine, encoding, recurrent_activation, use_bias):
    settings = {"recurrent_activation": recurrent_activation, "use_bias": use_bias}
    model = WebModel(CHARACTERS, encoding=encoding, units=(9, 7), embedding_size=6, **settings)
    random = np.random.default_rng(0)
    for _ in range(8):
        place, layer = int(random.integers(len(TEXT))), int(random.integers(1, 3))
        unit = int(random.integers(model.units[layer - 1]))
        found = step(engine, model, place, layer, unit)
        ids = model.vocabulary.encode(TEXT)
        state = model.network.initial_state(1)
        for character in ids[:place, None]:
            model.network.step(character, state)
        before = [(each.h[0].copy(), each.c[0].copy()) for each in state]
        expected = one_step(model.network.config, model.arrays, before, int(ids[place])).layers[layer - 1]
        for name, gate in zip("ifgo", (expected.gates.i, expected.gates.f, expected.gates.c, expected.gates.o), strict=True):
            terms = found["gates"][name]
            shown = [terms["fromX"], terms["fromH"], terms["bias"], terms["z"], terms["value"]]
            wanted = [gate.from_x[unit], gate.from_h[unit], gate.bias[unit], gate.z[unit], gate.value[unit]]
            np.testing.assert_allclose(shown, wanted, atol=1e-5)
            assert terms["activation"] == gate.activation
            assert terms["column"] == "ifgo".index(name) * model.units[layer - 1] + unit
        numbers = [found["cBefore"], found["hBefore"], found["c"], found["h"]]
        np.testing.assert_allclose(
            numbers, [expected.c_before[unit], expected.h_before[unit], expected.c[unit], expected.h[unit]], atol=1e-5
        )


def test_terms_of_a_product_are_its_largest(engine):
    model = WebModel(CHARACTERS, units=(30, 7))
    terms = step(engine, model, 20, 1, 4)["gates"]["f"]
    values = model.arrays["lstm_1/recurrent_kernel"][:, 30 + 4]
    h = activations_along(model.network, model.vocabulary.encode(TEXT))[0].h[19]
    products = values * h
    largest = np.argsort(-np.abs(products))[:10]
    assert [term["index"] for term in terms["recurrent"]] == largest.tolist()
    np.testing.assert_allclose([term["product"] for term in terms["recurrent"]], products[largest], atol=1e-5)
    (one,) = terms["inputs"]
    assert (one["index"], one["input"]) == (model.vocabulary.encode(TEXT[20])[0], 1)


def test_a_held_gate_and_a_set_cell_are_named(engine):
    model = WebModel(CHARACTERS, units=(9, 7))
    changes = [
        {"what": "f", "layer": 1, "unit": None, "value": 0.5, "from": 3, "to": 8},
        {"what": "c", "layer": 1, "unit": 2, "value": 4, "from": 5, "to": 5},
    ]
    found = step(engine, model, 5, 1, 2, changes)
    assert (found["gates"]["f"]["value"], found["gates"]["f"]["held"], found["gates"]["i"]["held"]) == (0.5, True, False)
    assert (found["c"], found["set"]) == (4, True)
    other = step(engine, model, 9, 1, 2, changes)
    assert not other["gates"]["f"]["held"]
    assert not other["set"]


INFLUENCE = """
    const model = globalThis.model;
    const trace = new engine.Trace(model.network);
    for (const _ of trace.reading(model.vocabulary.encode(data.text)));
    const work = engine.influence(trace, data.place, data.reach, model.vocabulary.size);
    for (;;) { const step = work.next(); if (step.done) return step.value; }
"""


@pytest.mark.parametrize(("place", "reach"), [(len(TEXT) - 1, 100), (30, 10), (0, 5)])
def test_the_influence_of_each_character_is_exact(engine, place, reach):
    model = WebModel(CHARACTERS, units=(9, 7))
    engine.load_model(model)
    found = engine.run(INFLUENCE, text=TEXT, place=place, reach=reach)
    ids = model.vocabulary.encode(TEXT)[: place + 1].tolist()

    def prediction(some):
        if not some:
            return np.log(softmax(model.arrays["dense/bias"].astype(float)))
        return np.log(softmax(read(weights_of(model), model.units, some, [])[0][-1]))

    def softmax(logits):
        powers = np.exp(logits - logits.max())
        return powers / powers.sum()

    truth = prediction(ids)
    count = min(reach, place + 1)
    assert len(found["leftOut"]) == len(found["window"]) == count
    for back in range(count):
        without = ids[: place - back] + ids[place - back + 1 :]
        for values, other in ((found["leftOut"], without), (found["window"], ids[place - back :])):
            expected = (np.exp(truth) * (truth - prediction(other))).sum()
            np.testing.assert_allclose(values[back], expected, atol=1e-5)
