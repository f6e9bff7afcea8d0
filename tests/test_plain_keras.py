"""The documented way to rebuild a checkpoint from plain Keras layers, for checkpoints of every kind."""

import re
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from charlstm.checkpoint.config_file import read_config
from charlstm.checkpoint.weights import read_weights
from charlstm.config import ModelConfig
from charlstm.inference.logits import log_softmax
from charlstm.inference.network import build_network
from charlstm.text.windows import normalise
from tests.cases import slow

ROOT = Path(__file__).parent.parent
VOCABULARY = "".join(sorted(set("The quick brown fox jumps over the lazy dog.\n")))
KINDS: dict[str, dict[str, Any]] = {
    "scalar": {"encoding": "scalar"},
    "scalar, last": {"encoding": "scalar", "targets": "last", "units": (9, 6)},
    "one-hot": {"encoding": "one-hot", "units": (9, 6)},
    "one-hot, last": {"encoding": "one-hot", "targets": "last"},
    "embedding": {"encoding": "embedding", "embedding_size": 5},
    "embedding, last": {"encoding": "embedding", "embedding_size": 5, "targets": "last", "units": (9, 6, 4)},
    "one unit": {"encoding": "embedding", "embedding_size": 1, "units": (1,), "seq_len": 1},
    "no bias": {"use_bias": False, "units": (9, 6)},
    "relu": {"activation": "relu", "recurrent_activation": "hard_sigmoid", "targets": "last"},
    "softsign": {"activation": "softsign", "encoding": "embedding", "embedding_size": 3, "use_bias": False},
    "linear": {"activation": "linear", "recurrent_activation": "tanh", "encoding": "scalar"},
    "dropout": {"dropout": 0.3, "recurrent_dropout": 0.2, "drop_connect": 0.1},
}


def rebuilt() -> keras.Model:
    """Run the code of the page in the current folder."""
    page = (ROOT / "docs" / "reference" / "checkpoint-format.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    model: keras.Model = names["model"]
    return model


def probabilities(folder: Path, windows: np.ndarray) -> np.ndarray:
    """Return what charlstm itself expects after every character of some windows: ids ``[B, T]`` to ``[B, T, V]``."""
    config = read_config(folder).model
    network = build_network(config, read_weights(folder, config))
    state, found = network.initial_state(len(windows)), []
    for characters in windows.T:
        network.step(characters, state)
        found.append(np.exp(log_softmax(network.logits(state[-1].h).astype(np.float64))))
    return np.stack(found, 1)


def check_alike(folder: Path, tmp_path: Path) -> None:
    config = read_config(folder).model
    windows = np.random.default_rng(1).integers(0, config.vocabulary_size, (3, config.seq_len))
    x, expected = normalise(windows, config.vocabulary_size), probabilities(folder, windows)
    if config.targets == "last":
        expected = expected[:, -1]
    model = rebuilt()
    loaded = keras.saving.load_model(tmp_path / "ferry.keras", safe_mode=True)
    for each in (model, loaded):
        predicted = np.asarray(each(x))
        assert predicted.shape == expected.shape
        np.testing.assert_allclose(predicted, expected, atol=1e-5)
    assert all(type(layer).__module__.startswith("keras.") for layer in loaded.layers)
    assert not any(isinstance(layer, keras.layers.Lambda) for layer in loaded.layers)


QUICK = ("scalar", "one-hot, last", "embedding, last", "softsign", "relu")
"""Kinds that are rebuilt by default: every encoding, with and without biases, one to three layers."""


@pytest.mark.parametrize("options", [options if kind in QUICK else slow(options) for kind, options in KINDS.items()], ids=KINDS)
def test_any_checkpoint_is_rebuilt_in_plain_keras(options, tmp_path, make_checkpoint, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = ModelConfig(**{"vocabulary_size": len(VOCABULARY), "seq_len": 12, "units": (9,), **options})
    check_alike(make_checkpoint(tmp_path / "checkpoints" / "ferry", config, vocabulary=VOCABULARY), tmp_path)


def test_shipped_checkpoint_is_rebuilt_in_plain_keras(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "checkpoints" / "ferry", tmp_path / "checkpoints" / "ferry")
    check_alike(tmp_path / "checkpoints" / "ferry", tmp_path)


@pytest.mark.usefixtures("without_graph_optimizer")
@pytest.mark.parametrize("size", [2, 997, 7_000, *map(slow, (3, 10, 62, 74, 255, 1_024, 4_099, 6_999))])
def test_ids_are_recovered_exactly(size):
    ids = np.arange(size)
    x = normalise(ids[:, None], size)
    to_ids = keras.layers.Rescaling(size, offset=0.5)
    look_up = keras.layers.Embedding(size, 1)
    look_up.build()
    look_up.set_weights([ids.astype(np.float32)[:, None]])
    model = keras.Sequential([keras.Input((1, 1)), to_ids, keras.layers.Reshape((1,)), look_up])
    np.testing.assert_array_equal(model.predict(x, verbose=0)[:, 0, 0], ids)
    some = np.unique(np.append(np.random.default_rng(0).integers(0, size, 300), [0, size - 1]))
    one_hot = keras.Sequential([keras.Input((1, 1)), to_ids, keras.layers.CategoryEncoding(size, output_mode="one_hot")])
    encoded = one_hot.predict(x[some], verbose=0)
    assert encoded.shape == (len(some), 1, size)
    np.testing.assert_array_equal(encoded.argmax(-1)[:, 0], some)
    np.testing.assert_array_equal(encoded.sum(-1), 1)
