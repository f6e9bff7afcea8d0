"""Tests of the divergence of both modes along a text, and of the norms of the state."""

import numpy as np
import pytest

from charlstm.config import ModelConfig
from charlstm.evaluation.divergence import divergence_along, drift
from charlstm.evaluation.surprisal import stateful_surprisal, windowed_surprisal
from charlstm.inference.logits import log_softmax
from charlstm.inference.network import build_network
from charlstm.text.scoring import MAX_NATS
from charlstm.text.vocabulary import RareCharacters, Vocabulary
from tests.conftest import LONG_MEMORIES, long_memory
from tests.evaluation.conftest import memoryless_network, random_text

TEXT = random_text(60, 5)


def test_surprisal_matches_each_mode(make_network):
    network = make_network()
    found = divergence_along(network, TEXT)
    np.testing.assert_allclose(found.stateful, stateful_surprisal(network, TEXT), atol=1e-5)
    windowed = windowed_surprisal(network, TEXT, np.arange(60 - 6), [6])[0]
    np.testing.assert_allclose(found.stateless[5:], windowed, atol=1e-5)


def test_modes_differ_only_beyond_the_window(make_network):
    found = divergence_along(make_network(), TEXT)
    assert found.divergence[:6].max() < 1e-10  # rounding of float32
    assert found.divergence[6:].min() > 1e-10
    np.testing.assert_allclose(found.stateful[:6], found.stateless[:6], atol=1e-6)


def test_memoryless_model_has_zero_divergence():
    found = divergence_along(memoryless_network(), TEXT)
    assert found.divergence.max() < 1e-10
    assert found.stateful.std() > 0.1  # the predictions are not uniform


def test_divergence_matches_its_definition():
    config = ModelConfig(vocabulary_size=7, seq_len=6, units=(5,))
    random = np.random.default_rng(3)
    weights = {name: random.normal(0, 2, shape).astype(np.float32) for name, shape in config.weight_shapes.items()}
    weights["lstm_1/bias"][5:10] = 5
    network = build_network(config, weights)  # long memory and confident predictions
    state, fresh = network.initial_state(1), network.initial_state(1)
    for character in TEXT[:9]:
        network.step(character[None], state)
    for character in TEXT[3:9]:
        network.step(character[None], fresh)
    p, q = (np.exp(log_softmax(network.logits(each[-1].h).astype(float)))[0] for each in (state, fresh))
    forth, back = (p * np.log(p / q)).sum(), (q * np.log(q / p)).sum()
    assert abs(forth - back) > 0.05 * forth
    assert divergence_along(network, TEXT).divergence[8] == pytest.approx(forth, rel=1e-3)


def test_norms_match_the_state_after_every_character(make_network):
    network = make_network()
    found, state = divergence_along(network, TEXT), network.initial_state(1)
    for place, character in enumerate(TEXT[:-1]):
        network.step(character[None], state)
        for layer, each in enumerate(state):
            assert found.h_norms[layer, place] == pytest.approx(np.sqrt((each.h**2).sum()), rel=1e-5)
            assert found.c_norms[layer, place] == pytest.approx(np.sqrt((each.c**2).sum()), rel=1e-5)
    assert found.c_norms.shape == (2, 59)


def test_state_that_only_accumulates_drifts():
    config = ModelConfig(vocabulary_size=7, seq_len=6, units=(3,))
    weights = {name: np.zeros(shape, np.float32) for name, shape in config.weight_shapes.items()}
    weights["lstm_1/bias"] = np.repeat([200, 200, 200, 0], 3).astype(np.float32)  # c grows by 1 a character
    found = divergence_along(build_network(config, weights), TEXT)
    np.testing.assert_allclose(found.c_norms[0], np.sqrt(3) * np.arange(1, 60))
    assert drift(found.c_norms, 6) == pytest.approx([np.arange(7, 60).mean() / 5])  # 4, 5, 6 within


def test_no_drift_within_the_window():
    assert drift(np.ones((2, 6)) * [[3], [4]], 6).tolist() == [1, 1]


@pytest.mark.parametrize("memory", ["linear, at once", "relu, recurrent", "relu"])
def test_unbounded_state_gives_finite_results(memory):
    text = np.random.default_rng(0).integers(0, 7, 500).astype(np.uint8)
    found = divergence_along(build_network(*long_memory(**LONG_MEMORIES[memory])), text)
    for values in vars(found).values():
        assert np.isfinite(values).all()
    assert found.c_norms.max() > 100
    assert found.stateful.max() <= MAX_NATS


def test_naming_costs_add_to_surprisal_but_not_to_divergence(make_network):
    vocabulary = Vocabulary("abcdef", RareCharacters("yz", (5, 2)))
    ids = vocabulary.encode_any("abc渡yzfed" * 6)
    network, naming = make_network(), vocabulary.naming_nats(ids)
    found, without = divergence_along(network, ids, naming=naming), divergence_along(network, np.minimum(ids, 6))
    np.testing.assert_allclose(found.stateful, without.stateful + naming[1:])
    np.testing.assert_allclose(found.stateless, without.stateless + naming[1:])
    np.testing.assert_array_equal(found.divergence, without.divergence)
