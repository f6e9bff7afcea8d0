"""Surprise against its definition, written out, and against models whose surprise is known."""

from itertools import pairwise

import numpy as np
import pytest

from charlstm.analysis.surprise import stateful_surprise, step_cost, windowed_surprise
from charlstm.config import ModelConfig
from charlstm.inference.network import Network, build_network
from charlstm.inference.sampling import log_softmax
from charlstm.text.scoring import WORST, bounded
from tests.conftest import LONG_MEMORIES, long_memory

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


@pytest.mark.parametrize("memory", LONG_MEMORIES)
def test_a_model_that_remembers_more_than_a_warm_up_is_read_in_one_piece(memory):
    network = build_network(*long_memory(**LONG_MEMORIES[memory]))
    text = np.random.default_rng(2).integers(0, 7, 6_000).astype(np.uint8)
    found = stateful_surprise(network, text)
    with np.errstate(over="ignore", invalid="ignore"):
        expected = bounded(read(network, text))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert np.isfinite(found).all()


def test_a_model_that_does_not_is_read_once(make_network):
    told = []
    stateful_surprise(make_network(), np.tile(TEXT, 4), told.append)
    rows = (6_000 - 1) // 512
    assert sum(told) < 1.2 * step_cost(rows) * (6_000 / rows + 384)


def test_a_window_in_which_the_state_grows_out_of_bounds_costs_what_is_bounded():
    network = build_network(*long_memory(**LONG_MEMORIES["linear, at once"]))
    found = windowed_surprise(network, TEXT, np.arange(100), [1, 400])
    assert (found[0] < 10).all()
    assert (found[1] == WORST).all()


def test_windowed_surprise_is_that_of_reading_from_zero_at_each_start(make_network):
    network, starts, contexts = make_network(), np.array([0, 1, 2, 3, 700, 1_490]), [1, 3, 6]
    found = windowed_surprise(network, TEXT, starts, contexts)
    expected = [[read(network, TEXT[start : start + context + 1])[-1] for start in starts] for context in contexts]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_where_the_text_ends_before_the_context_is_read_there_is_nothing(make_network):
    found = windowed_surprise(make_network(), TEXT[:10], np.array([0, 5, 8]), [1, 4, 9, 20])
    assert np.isnan(found).tolist() == [[False] * 3, [False, False, True], [False, True, True], [True] * 3]


def test_many_starts_are_read_in_blocks_and_in_order(make_network):
    network = make_network()
    starts = np.random.default_rng(0).permutation(np.arange(1_490))[:600]
    together = windowed_surprise(network, TEXT, starts, [2])[0]
    apart = [windowed_surprise(network, TEXT, starts[k : k + 1], [2])[0, 0] for k in range(0, 600, 37)]
    np.testing.assert_allclose(together[::37], apart, atol=1e-6)


def test_the_modes_agree_where_the_context_is_the_whole_text(make_network):
    network = make_network()
    whole = windowed_surprise(network, TEXT[:40], np.array([0]), range(1, 40))[:, 0]
    np.testing.assert_allclose(whole, stateful_surprise(network, TEXT[:40]), atol=1e-6)


def test_a_model_that_knows_nothing_pays_log_v():
    config = ModelConfig(vocabulary_size=7, seq_len=6, units=(5,))
    network = build_network(config, {name: np.zeros(shape, np.float32) for name, shape in config.weight_shapes.items()})
    np.testing.assert_allclose(stateful_surprise(network, TEXT), np.log(7), atol=1e-12)
    np.testing.assert_allclose(windowed_surprise(network, TEXT, np.arange(99), [1, 4]), np.log(7), atol=1e-12)


def test_progress_adds_up_to_what_is_read(make_network):
    network, told = make_network(), []
    windowed_surprise(network, TEXT, np.arange(1, 600), [1, 3], told.append)
    assert sum(told) == pytest.approx(3 * (2 * step_cost(256) + step_cost(599 - 512)))
    told.clear()
    stateful_surprise(network, TEXT, told.append)
    assert sum(told) >= 1_499 / 2 * step_cost(2)  # in two rows


@pytest.mark.parametrize("context", [40, 1_000, 1_000_000])
def test_nothing_is_read_beyond_the_end_of_the_text(make_network, context):
    network, starts, read_so_far = make_network(), np.array([30, 10, 20]), []
    found = windowed_surprise(network, TEXT[:50], starts, [5, 39, context], read_so_far.append)
    np.testing.assert_array_equal(found[:2], windowed_surprise(network, TEXT[:50], starts, [5, 39]))
    assert np.isnan(found[2]).all()
    assert sum(read_so_far) == pytest.approx(context * step_cost(3))
    assert len(read_so_far) == 39 + 1
