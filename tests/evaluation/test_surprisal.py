"""Tests of surprisal against its definition and against models with known surprisal."""

from itertools import pairwise

import numpy as np
import pytest

from charlstm.config import ModelConfig
from charlstm.evaluation.surprisal import stateful_surprisal, step_cost, windowed_surprisal
from charlstm.inference.logits import log_softmax
from charlstm.inference.network import Network, build_network
from charlstm.text.scoring import MAX_NATS, clip_nats
from charlstm.text.vocabulary import RareCharacters, Vocabulary
from charlstm.text.windows import model_ids
from tests.cases import slow
from tests.conftest import LONG_MEMORIES, long_memory

TEXT = np.random.default_rng(1).integers(0, 7, 1_500).astype(np.uint8)


def read(network: Network, ids: np.ndarray) -> np.ndarray:
    """Return the nats of every character but the first, read one by one."""
    state, nats = network.initial_state(1), []
    for character, following in pairwise(ids):
        network.step(np.array([character]), state)
        nats.append(-log_softmax(network.logits(state[-1].h).astype(np.float64))[0, following])
    return np.array(nats)


@pytest.mark.parametrize("length", [2, 3, 300, 1_500])  # one row, and two
def test_stateful_surprisal_matches_reading_in_one_row(make_network, length):
    network = make_network()
    np.testing.assert_allclose(stateful_surprisal(network, TEXT[:length]), read(network, TEXT[:length]), atol=1e-5)


@pytest.mark.parametrize("memory", [each if each in ("linear", "tanh") else slow(each) for each in LONG_MEMORIES])
def test_memory_beyond_the_warm_up_is_read_in_one_piece(memory):
    network = build_network(*long_memory(**LONG_MEMORIES[memory]))
    text = np.random.default_rng(2).integers(0, 7, 6_000).astype(np.uint8)
    found = stateful_surprisal(network, text)
    with np.errstate(over="ignore", invalid="ignore"):
        expected = clip_nats(read(network, text))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert np.isfinite(found).all()


def test_short_memory_is_read_only_once(make_network):
    told = []
    stateful_surprisal(make_network(), np.tile(TEXT, 4), told.append)
    rows = (6_000 - 1) // 512
    assert sum(told) < 1.2 * step_cost(rows) * (6_000 / rows + 384)


def test_unbounded_state_in_a_window_has_bounded_surprisal():
    network = build_network(*long_memory(**LONG_MEMORIES["linear, at once"]))
    found = windowed_surprisal(network, TEXT, np.arange(100), [1, 400])
    assert (found[0] < 10).all()
    assert (found[1] == MAX_NATS).all()


def test_windowed_surprisal_matches_reading_from_zero_states(make_network):
    network, starts, contexts = make_network(), np.array([0, 1, 2, 3, 700, 1_490]), [1, 3, 6]
    found = windowed_surprisal(network, TEXT, starts, contexts)
    expected = [[read(network, TEXT[start : start + context + 1])[-1] for start in starts] for context in contexts]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_context_beyond_the_end_of_the_text_is_nan(make_network):
    found = windowed_surprisal(make_network(), TEXT[:10], np.array([0, 5, 8]), [1, 4, 9, 20])
    assert np.isnan(found).tolist() == [[False] * 3, [False, False, True], [False, True, True], [True] * 3]


def test_many_starts_are_read_in_batches_and_in_order(make_network):
    network = make_network()
    starts = np.random.default_rng(0).permutation(np.arange(1_490))[:600]
    together = windowed_surprisal(network, TEXT, starts, [2])[0]
    apart = [windowed_surprisal(network, TEXT, starts[k : k + 1], [2])[0, 0] for k in range(0, 600, 37)]
    np.testing.assert_allclose(together[::37], apart, atol=1e-6)


def test_modes_agree_if_the_context_is_the_whole_text(make_network):
    network = make_network()
    whole = windowed_surprisal(network, TEXT[:40], np.array([0]), range(1, 40))[:, 0]
    np.testing.assert_allclose(whole, stateful_surprisal(network, TEXT[:40]), atol=1e-6)


def test_uniform_model_has_surprisal_log_v():
    config = ModelConfig(vocabulary_size=7, seq_len=6, units=(5,))
    network = build_network(config, {name: np.zeros(shape, np.float32) for name, shape in config.weight_shapes.items()})
    np.testing.assert_allclose(stateful_surprisal(network, TEXT), np.log(7), atol=1e-12)
    np.testing.assert_allclose(windowed_surprisal(network, TEXT, np.arange(99), [1, 4]), np.log(7), atol=1e-12)


def test_progress_sums_to_the_work(make_network):
    network, told = make_network(), []
    windowed_surprisal(network, TEXT, np.arange(1, 600), [1, 3], told.append)
    assert sum(told) == pytest.approx(3 * (2 * step_cost(256) + step_cost(599 - 512)))
    told.clear()
    stateful_surprisal(network, TEXT, told.append)
    assert sum(told) >= 1_499 / 2 * step_cost(2)  # in two rows


@pytest.mark.parametrize("context", [40, 1_000, 1_000_000])
def test_reading_stops_at_the_end_of_the_text(make_network, context):
    network, starts, read_so_far = make_network(), np.array([30, 10, 20]), []
    found = windowed_surprisal(network, TEXT[:50], starts, [5, 39, context], read_so_far.append)
    np.testing.assert_array_equal(found[:2], windowed_surprisal(network, TEXT[:50], starts, [5, 39]))
    assert np.isnan(found[2]).all()
    assert sum(read_so_far) == pytest.approx(context * step_cost(3))
    assert len(read_so_far) == 39 + 1


RARE = Vocabulary("abcdef", RareCharacters("yz", (5, 2)))
STRANGE = "".join(np.random.default_rng(3).choice(list("abcdefyz渡"), 700))


def by_hand(network: Network, text: str) -> np.ndarray:
    """Return the nats of every character but the first: the network's, whose id 6 is the placeholder, and the name's."""
    places = [min("abcdefyz渡".index(character), 6) for character in text]
    unlearned = 0x110000 - 6
    names = {"y": (5 + 2 / unlearned) / 9, "z": (2 + 2 / unlearned) / 9, "渡": 2 / unlearned / 9}
    return read(network, np.array(places)) + np.array([-np.log(names.get(character, 1.0)) for character in text[1:]])


def test_rare_character_costs_placeholder_and_name(make_network):
    network = make_network()
    ids = RARE.encode_any(STRANGE)
    found = stateful_surprisal(network, ids, naming=RARE.naming_nats(ids))
    np.testing.assert_allclose(found, by_hand(network, STRANGE), atol=1e-5)


def test_windowed_surprisal_includes_naming_costs(make_network):
    network, text = make_network(), STRANGE[:40]
    ids = RARE.encode_any(text)
    whole = windowed_surprisal(network, ids, np.array([0]), range(1, 40), naming=RARE.naming_nats(ids))[:, 0]
    np.testing.assert_allclose(whole, by_hand(network, text), atol=1e-5)
    found = windowed_surprisal(network, ids, np.array([0, 30]), [5, 20], naming=RARE.naming_nats(ids))
    assert np.isnan(found[1, 1])
    assert np.isfinite(found[[0, 0, 1], [0, 1, 0]]).all()


def test_probabilities_of_all_code_points_sum_to_one(make_network):
    """The next-character probabilities of all code points sum to one."""
    network = make_network()
    every = "".join(map(chr, range(0x110000)))
    ids, state = RARE.encode_any(every), network.initial_state(1)
    network.step(np.array([2]), state)
    logs = log_softmax(network.logits(state[-1].h).astype(np.float64))[0]
    assert np.exp(logs[model_ids(ids, 7)] - RARE.naming_nats(ids)).sum() == pytest.approx(1, abs=1e-9)
