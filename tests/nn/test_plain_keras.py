"""The network of standard Keras layers, compared with the NumPy network for every kind of configuration."""

import subprocess
import sys
from typing import Any

import keras
import numpy as np
import pytest

from charlstm.config import ModelConfig
from charlstm.inference.logits import log_softmax
from charlstm.inference.network import build_network
from charlstm.nn.plain_keras import plain_keras
from charlstm.text.windows import normalise
from tests.cases import slow

V, T = 9, 7
KINDS: dict[str, dict[str, Any]] = {
    "scalar": {"encoding": "scalar", "units": (5,)},
    "scalar, last": {"encoding": "scalar", "targets": "last", "units": (9, 6)},
    "one-hot": {"units": (9, 6)},
    "one-hot, last": {"targets": "last", "units": (4, 5, 3)},
    "embedding": {"encoding": "embedding", "embedding_size": 5, "units": (8,)},
    "embedding, last": {"encoding": "embedding", "embedding_size": 5, "targets": "last", "units": (9, 6)},
    "no bias": {"use_bias": False, "units": (6,)},
    "relu": {"activation": "relu", "recurrent_activation": "hard_sigmoid", "units": (6,)},
    "softsign": {"activation": "softsign", "encoding": "embedding", "embedding_size": 3, "units": (6, 5)},
}


@pytest.fixture(params=[each if each in ("one-hot, last", "embedding", "scalar", "softsign") else slow(each) for each in KINDS])
def network(request) -> tuple[ModelConfig, dict[str, np.ndarray]]:
    config = ModelConfig(vocabulary_size=V, seq_len=T, **KINDS[request.param])
    random = np.random.default_rng(0)
    return config, {name: random.normal(0, 0.5, shape).astype(np.float32) for name, shape in config.weight_shapes.items()}


def expected(config: ModelConfig, weights: dict[str, np.ndarray], ids: np.ndarray) -> np.ndarray:
    """Return the probabilities after every character, the state carried from zero: ``[B, N] -> [B, N, V]``."""
    numpy = build_network(config, weights)
    state, found = numpy.initial_state(len(ids)), []
    for characters in ids.T:
        numpy.step(characters, state)
        found.append(np.exp(log_softmax(numpy.logits(state[-1].h).astype(np.float64))))
    return np.stack(found, 1)


def test_windows_are_read_alike_before_and_after_saving(network, tmp_path):
    config, weights = network
    ids = np.random.default_rng(1).integers(0, V, (4, T))
    probabilities = expected(config, weights, ids)
    if config.targets == "last":
        probabilities = probabilities[:, -1]
    model = plain_keras(config, weights)
    assert all(type(layer).__module__.startswith("keras.") for layer in model.layers)
    assert not any(isinstance(layer, keras.layers.Lambda) for layer in model.layers)
    assert model.input_shape == (None, T, 1)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    for each in (model, loaded):
        np.testing.assert_allclose(np.asarray(each(normalise(ids, V))), probabilities, atol=1e-5)
    np.testing.assert_allclose(loaded.predict(normalise(ids, V), verbose=0), probabilities, atol=1e-5)


def test_a_stateful_model_carries_its_state_from_call_to_call(network, tmp_path):
    config, weights = network
    ids = np.random.default_rng(2).integers(0, V, (3, 2 * T))
    probabilities = expected(config, weights, ids)
    plain_keras(config, weights, stateful=True, batch_size=3).save(tmp_path / "model.keras")
    model = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    for begin, end in ((0, 1), (1, 2), (2, T), (T, 2 * T)):  # a step at a time, then several
        found = np.asarray(model(normalise(ids[:, begin:end], V)))
        wanted = probabilities[:, end - 1] if config.targets == "last" else probabilities[:, begin:end]
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_the_batch_size_can_be_fixed():
    config = ModelConfig(vocabulary_size=V, seq_len=T, units=(4,))
    weights = {name: np.zeros(shape, np.float32) for name, shape in config.weight_shapes.items()}
    assert plain_keras(config, weights, batch_size=5).input_shape == (5, T, 1)
    assert plain_keras(config, weights, stateful=True).input_shape == (1, None, 1)


@pytest.mark.slow
def test_a_process_without_charlstm_loads_the_file(tmp_path):
    config = ModelConfig(vocabulary_size=V, seq_len=T, units=(4, 3), encoding="embedding", embedding_size=3)
    random = np.random.default_rng(0)
    weights = {name: random.normal(0, 0.5, shape).astype(np.float32) for name, shape in config.weight_shapes.items()}
    ids = random.integers(0, V, (1, T))
    plain_keras(config, weights).save(tmp_path / "model.keras")
    np.save(tmp_path / "x.npy", normalise(ids, V))
    program = (
        "import sys, keras, numpy as np; sys.modules['charlstm'] = None\n"
        "np.save('y.npy', keras.saving.load_model('model.keras', safe_mode=True)(np.load('x.npy')))"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True)
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), expected(config, weights, ids), atol=1e-5)
