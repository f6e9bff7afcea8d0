"""Surprise against its definition, written out, and against models whose surprise is known."""

from itertools import pairwise

import numpy as np
import pytest

from charlstm.analysis.surprise import stateful_surprise, stateless_surprise
from charlstm.config import ModelConfig
from charlstm.inference.network import Network, build_network
from charlstm.inference.sampling import log_softmax

TEXT = np.random.default_rng(1).integers(0, 7, 1_500).astype(np.uint8)


def read(network: Network, ids: np.ndarray) -> np.ndarray:
    """Nats of every character but the first, one after the other."""
    state, nats = network.zero_state(1), []
    for character, following in pairwise(ids):
        network.step(np.array([character]), state)
        nats.append(-log_softmax(network.logits(state[-1].h).astype(np.float64))[0, following])
    return np.array(nats)


@pytest.mark.parametrize("length", [2, 3, 300, 1_500])  # one row, and two
def test_stateful_surprise_is_that_of_reading_the_text_once(make_network, length):
    network = make_network()
    np.testing.assert_allclose(stateful_surprise(network, TEXT[:length]), read(network, TEXT[:length]), atol=1e-5)


@pytest.mark.parametrize("context", [1, 3, 6])
def test_stateless_surprise_is_that_of_reading_each_window_from_zero(make_network, context):
    network, places = make_network(), np.array([1, 2, 5, 6, 7, 900])
    expected = [read(network, TEXT[max(0, place - context) : place + 1])[-1] for place in places]
    np.testing.assert_allclose(stateless_surprise(network, TEXT, places, context), expected, atol=1e-5)


def test_many_places_are_read_in_blocks_and_in_order(make_network):
    network = make_network()
    places = np.random.default_rng(0).permutation(np.arange(1, 1_500))[:600]
    together = stateless_surprise(network, TEXT, places, 2)
    apart = [stateless_surprise(network, TEXT, places[k : k + 1], 2)[0] for k in range(0, 600, 37)]
    np.testing.assert_allclose(together[::37], apart, atol=1e-6)


def test_the_modes_agree_where_the_context_is_the_whole_text(make_network):
    network = make_network()
    whole = stateless_surprise(network, TEXT[:40], np.arange(1, 40), 39)
    np.testing.assert_allclose(whole, stateful_surprise(network, TEXT[:40]), atol=1e-6)


def test_a_model_that_knows_nothing_pays_log_v():
    config = ModelConfig(vocabulary_size=7, seq_len=6, units=(5,))
    network = build_network(config, {name: np.zeros(shape, np.float32) for name, shape in config.weight_shapes.items()})
    np.testing.assert_allclose(stateful_surprise(network, TEXT), np.log(7), atol=1e-12)
    np.testing.assert_allclose(stateless_surprise(network, TEXT, np.arange(1, 99), 4), np.log(7), atol=1e-12)


def test_progress_adds_up_to_what_is_read(make_network):
    network, told = make_network(), []
    stateless_surprise(network, TEXT, np.arange(1, 600), 3, told.append)
    assert sum(told) == 3 * 599
    told.clear()
    stateful_surprise(network, TEXT, told.append)
    assert sum(told) >= 1_499
