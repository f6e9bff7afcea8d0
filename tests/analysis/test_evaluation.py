"""Evaluation of models and texts whose scores are known otherwise."""

import numpy as np
import pytest

from charlstm.analysis.evaluation import context_lengths, evaluate, sampled_places, work
from charlstm.analysis.surprise import stateful_surprise, stateless_surprise
from charlstm.config import ModelConfig
from charlstm.inference.network import build_network

TEXT = np.random.default_rng(1).integers(0, 7, 900).astype(np.uint8)


def test_context_lengths_are_powers_of_two_up_to_the_window():
    assert context_lengths(10) == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert context_lengths(512)[-2:] == [256, 512]
    assert context_lengths(600)[-1] == 512


@pytest.mark.parametrize("sample", [1, 50, 899, 5_000])
def test_a_sample_has_each_place_once_and_never_the_first(sample):
    places = sampled_places(900, sample, 3)
    assert len(places) == min(sample, 899)
    assert (np.diff(places) > 0).all()
    assert 1 <= places[0] <= places[-1] < 900
    assert sample > 899 or not (sample == 50 and np.array_equal(places, sampled_places(900, sample, 4)))


def test_scores_are_means_of_surprise_and_the_sample_is_one_for_all(make_network):
    network, places, told = make_network(), sampled_places(900, 100, 0), []
    found = evaluate(network, TEXT, places, told.append)
    whole = stateful_surprise(network, TEXT)
    assert found.stateful.nats_per_char == pytest.approx(whole.mean())
    assert (found.stateful.standard_error, found.stateful.characters) == (0, 899)
    assert found.carried.nats_per_char == pytest.approx(whole[places - 1].mean())
    assert sorted(found.contexts) == [1, 2, 4, 6, 8, 16, 32, 64, 128, 256]
    assert found.stateless == found.contexts[6]
    four = stateless_surprise(network, TEXT, places, 4)
    assert found.contexts[4].nats_per_char == pytest.approx(four.mean())
    assert found.contexts[4].standard_error == pytest.approx(four.std(ddof=1) / 10 * np.sqrt(799 / 899))
    assert found.contexts[4].characters == 100
    assert sum(told) == pytest.approx(work(900, 100, 6), rel=0.1)


def test_the_whole_text_as_a_sample_leaves_no_error(make_network):
    found = evaluate(make_network(), TEXT[:50], sampled_places(50, 100, 0))
    assert {score.standard_error for score in (found.stateless, found.carried, *found.contexts.values())} == {0.0}
    assert found.contexts[64].nats_per_char == pytest.approx(found.stateful.nats_per_char, abs=1e-6)


def test_a_memoryless_model_scores_the_same_at_every_context():
    config = ModelConfig(vocabulary_size=7, seq_len=6, units=(5,))
    random = np.random.default_rng(0)
    weights = {name: random.normal(0, 0.5, shape).astype(np.float32) for name, shape in config.weight_shapes.items()}
    weights["lstm_1/recurrent_kernel"][:] = 0
    weights["lstm_1/kernel"][:, 5:10] = 0
    weights["lstm_1/bias"][5:10] = -200  # the forget gate is shut
    found = evaluate(build_network(config, weights), TEXT, sampled_places(900, 300, 0))
    assert {round(score.nats_per_char, 6) for score in found.contexts.values()} == {round(found.carried.nats_per_char, 6)}
