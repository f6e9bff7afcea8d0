"""The first layer's projection by lookup, for each encoding."""

import numpy as np
import pytest

from charlstm.config import ModelConfig
from charlstm.inference.network import build_network
from charlstm.text.windows import normalise


def encoded(encoding: str, ids: np.ndarray, weights: dict) -> np.ndarray:
    """What the encoding makes of characters, written out: ``[B] -> [B, d]``."""
    if encoding == "scalar":
        return normalise(ids, 7)
    if encoding == "one-hot":
        return np.eye(7, dtype=np.float32)[ids]
    return weights["embedding/embeddings"][ids]


@pytest.mark.parametrize("encoding", ["scalar", "one-hot", "embedding"])
@pytest.mark.parametrize("use_bias", [True, False])
def test_looking_up_the_projection_is_encoding_and_multiplying(encoding, use_bias):
    config = ModelConfig(vocabulary_size=7, encoding=encoding, embedding_size=3, units=(4,), use_bias=use_bias)
    random = np.random.default_rng(0)
    weights = {name: random.normal(size=shape).astype(np.float32) for name, shape in config.weight_shapes.items()}
    network, ids = build_network(config, weights), np.arange(7)
    expected = encoded(encoding, ids, weights) @ weights["lstm_1/kernel"] + weights.get("lstm_1/bias", 0)
    np.testing.assert_allclose(network.projected[ids], expected, atol=1e-6)


def test_each_layer_reads_the_hidden_state_of_the_one_below(make_network):
    network = make_network(units=(5, 4, 3))
    ids, state = np.array([1, 6]), network.zero_state(2)
    after = network.step(ids, network.step(ids, state))
    first = network.layers[0].step(network.projected[ids], network.layers[0].zero_state(2))
    first = network.layers[0].step(network.projected[ids], first)
    np.testing.assert_array_equal(after[0].h, first.h)
    assert [layer.h.shape for layer in after] == [(2, 5), (2, 4), (2, 3)]
    assert network.logits(after[-1].h).shape == (2, 7)


def test_rows_of_a_batch_do_not_touch_one_another(make_network):
    network = make_network()
    both, single = network.zero_state(2), network.zero_state(1)
    for pair in ([1, 5], [2, 2], [3, 0]):
        both = network.step(np.array(pair), both)
        single = network.step(np.array(pair[1:]), single)
    np.testing.assert_allclose(both[-1].h[1], single[-1].h[0], atol=1e-6)
