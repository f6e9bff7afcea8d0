"""Tests of one time step, term by term, against the network and Keras."""

import keras
import numpy as np
import pytest

from charlstm.config import ModelConfig
from charlstm.inference.network import build_network
from charlstm.inspection.step import encoded, one_step, step_view
from charlstm.nn.keras_options import lstm_options
from charlstm.results.step import LikelyCharacter, StepSection
from tests.inspection.conftest import random_weights

MODELS = [
    {},
    {"encoding": "scalar", "units": (4,)},
    {"encoding": "embedding", "embedding_size": 3},
    {"use_bias": False},
    {"activation": "softsign", "recurrent_activation": "hard_sigmoid"},
]


@pytest.fixture(params=MODELS, ids=str)
def made(request):
    config = ModelConfig(**{"vocabulary_size": 7, "seq_len": 9, "units": (5, 4), **request.param})
    values = random_weights(config)
    random = np.random.default_rng(1)
    before = [tuple(random.normal(0, 1, (2, size)).astype(np.float32)) for size in config.units]
    return config, values, before, one_step(config, values, before, 3)


def test_step_matches_the_network(made):
    config, values, before, found = made
    network = build_network(config, values)
    state = network.initial_state(1)
    for layer, (h, c) in zip(state, before, strict=True):
        layer.h[0], layer.c[0] = h, c
    network.step(np.array([3]), state)
    for told, layer in zip(found.layers, state, strict=True):
        np.testing.assert_allclose(told.h, layer.h[0], atol=1e-6)
        np.testing.assert_allclose(told.c, layer.c[0], atol=1e-6)
    np.testing.assert_allclose(found.logits, network.logits(state[-1].h)[0], atol=1e-5)


def test_step_matches_keras(made):
    config, values, before, found = made
    x = encoded(config, values, 3)
    for number, (told, (h, c)) in enumerate(zip(found.layers, before, strict=True), start=1):
        layer = keras.layers.LSTM(len(h), **lstm_options(config), return_state=True)
        layer.build((1, 1, len(x)))
        names = ("kernel", "recurrent_kernel", "bias") if config.use_bias else ("kernel", "recurrent_kernel")
        layer.set_weights([values[f"lstm_{number}/{name}"] for name in names])
        _, after_h, after_c = layer(x[None, None].astype(np.float32), initial_state=[h[None], c[None]])
        np.testing.assert_allclose(told.h, np.asarray(after_h)[0], atol=1e-6)
        np.testing.assert_allclose(told.c, np.asarray(after_c)[0], atol=1e-6)
        x = np.array(told.h)


def test_terms_have_their_shapes_and_add_up(made):
    config, values, _, found = made
    first, x = found.layers[0], encoded(config, values, 3)
    size = config.units[0]
    assert first.shapes.to_dict() == {"W": [size, len(x)], "x": [len(x), 1], "U": [size, size], "h": [size, 1], "b": [size, 1]}
    for at, gate in enumerate("ifco"):
        terms = first.to_dict()["gates"][gate]
        np.testing.assert_allclose(np.sum([terms[name] for name in ("from_x", "from_h", "bias")], 0), terms["z"])
        w = values["lstm_1/kernel"][:, at * size : (at + 1) * size].T
        np.testing.assert_allclose(terms["from_x"], (w @ x[:, None])[:, 0], atol=1e-6)


def test_view_shows_the_numbers_of_the_unit(made):
    config, _, _, found = made
    likeliest = [LikelyCharacter(character="c", probability=0.25)]
    shown = StepSection(
        character="a",
        after="b",
        unit=2,
        id=found.id,
        x=found.x,
        layers=found.layers,
        logits=found.logits,
        likeliest=likeliest,
    )
    text = "\n".join(str(getattr(block, "rows", getattr(block, "text", ""))) for block in step_view(shown))
    layer = found.layers[0]
    forget = layer.to_dict()["gates"]["f"]
    terms = ["from_x", "from_h", "bias", "z", "value"] if config.use_bias else ["from_x", "from_h", "z", "value"]
    assert "', '".join(f"{forget[term][2]:+.4f}" for term in terms) in text
    assert ("+ b_f" in text) == config.use_bias
    assert f"= {layer.c[2]:+.4f}" in text
    assert "'c' 25.0%" in text
