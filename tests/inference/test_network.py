"""Tests of the input projection by lookup, for each encoding."""

import numpy as np
import pytest

from charlstm.config import ModelConfig
from charlstm.inference.lstm import by_gate
from charlstm.inference.network import build_network
from charlstm.text.windows import normalise


def encoded(encoding: str, ids: np.ndarray, weights: dict) -> np.ndarray:
    """Return the input encoding of characters: ``[B] -> [B, d]``."""
    if encoding == "scalar":
        return normalise(ids, 7)
    if encoding == "one-hot":
        return np.eye(7, dtype=np.float32)[ids]
    return weights["embedding/embeddings"][ids]


@pytest.mark.parametrize("encoding", ["scalar", "one-hot", "embedding"])
@pytest.mark.parametrize("use_bias", [True, False])
def test_input_projection_equals_encoding_times_kernel(encoding, use_bias):
    config = ModelConfig(vocabulary_size=7, encoding=encoding, embedding_size=3, units=(4,), use_bias=use_bias)
    random = np.random.default_rng(0)
    weights = {name: random.normal(size=shape).astype(np.float32) for name, shape in config.weight_shapes.items()}
    network, ids = build_network(config, weights), np.arange(7)
    expected = encoded(encoding, ids, weights) @ weights["lstm_1/kernel"] + weights.get("lstm_1/bias", 0)
    halves = np.array([0.5, 0.5, 1, 0.5])[:, None, None]
    np.testing.assert_allclose(network.projected[:, :, 0].transpose(1, 0, 2), by_gate(expected) * halves, atol=1e-6)


def test_each_layer_reads_the_hidden_state_of_the_one_below(make_network):
    network = make_network(units=(5, 4, 3))
    ids, state = np.array([1, 6]), network.initial_state(2)
    by_hand, workspace = network.initial_state(2), network.workspace(2)
    for _ in range(2):
        output = network.step(ids, state)
        workspace[0].input_projection[:] = network.projected[ids, :, 0].transpose(1, 0, 2)
        network.layers[0].step(by_hand[0], workspace[0])
        for number in (1, 2):
            network.layers[number].project(by_hand[number - 1].h, workspace[number].input_projection)
            network.layers[number].step(by_hand[number], workspace[number])
        np.testing.assert_array_equal(output, state[-1].h)
    for found, expected in zip(state, by_hand, strict=True):
        np.testing.assert_allclose(found.h, expected.h, atol=1e-6)
    assert [layer.h.shape for layer in state] == [(2, 5), (2, 4), (2, 3)]
    assert network.logits(state[-1].h).shape == (2, 7)


def test_step_depends_on_the_state_but_not_on_the_workspace(make_network):
    network = make_network(units=(5, 4))
    shared = network.workspace(2)
    texts = np.array([[1, 5], [2, 2], [3, 0]]), np.array([[6, 6], [0, 4], [1, 3]])
    alone = [[network.step(ids, state).copy() for ids in text] for text, state in zip(texts, _states(network), strict=True)]
    states = _states(network)
    for place in range(3):  # two batches take turns in one workspace
        for text, state, expected in zip(texts, states, alone, strict=True):
            np.testing.assert_array_equal(network.step(text[place], state, shared), expected[place])


@pytest.mark.parametrize("ids", [[3], [1, 5], [2, 0, 6]])
def test_characters_can_repeat_over_the_rows(make_network, ids):
    network, rows = make_network(units=(5, 4)), np.tile(ids, 2)
    repeated, literal = network.initial_state(len(rows)), network.initial_state(len(rows))
    for _ in range(2):
        network.step(np.array(ids), repeated)
        network.step(rows, literal)
    np.testing.assert_allclose(repeated[-1].h, literal[-1].h, atol=1e-6)


@pytest.mark.parametrize("count", [1, 2])
def test_characters_out_of_range_are_read_as_the_last_one(make_network, count):
    network = make_network()
    last, beyond = network.initial_state(count), network.initial_state(count)
    np.testing.assert_array_equal(network.step(np.full(count, 6), last), network.step(np.full(count, 900), beyond))


def _states(network):
    return [network.initial_state(2), network.initial_state(2)]


def test_rows_of_a_batch_do_not_touch_one_another(make_network):
    network = make_network()
    both, single = network.initial_state(2), network.initial_state(1)
    for pair in ([1, 5], [2, 2], [3, 0]):
        network.step(np.array(pair), both)
        network.step(np.array(pair[1:]), single)
    np.testing.assert_allclose(both[-1].h[1], single[-1].h[0], atol=1e-6)
