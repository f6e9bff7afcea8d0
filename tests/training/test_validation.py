"""Validation scores compared with independent values."""

from itertools import pairwise

import numpy as np
import pytest

from charlstm.config import ModelConfig
from charlstm.evaluation.surprisal import stateful_surprisal
from charlstm.inference.logits import log_softmax
from charlstm.inference.network import build_network
from charlstm.nn.network import build_layers, keras_model
from charlstm.text.scoring import MAX_NATS, ScoringPass
from charlstm.text.vocabulary import RareCharacters, Vocabulary
from charlstm.text.windows import normalise
from charlstm.training.validation import Validator
from tests.cases import slow
from tests.conftest import LONG_MEMORIES, long_memory

AT_ONCE = {"linear, at once", "relu, recurrent"}
IDS = np.random.default_rng(0).integers(0, 7, 3_000).astype(np.uint8)


def weights(config: ModelConfig, scale: float) -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    return {name: random.normal(0, scale, shape).astype(np.float32) for name, shape in config.weight_shapes.items()}


@pytest.mark.parametrize("targets", ["last", "every"])
def test_a_uniform_model_scores_the_log_of_the_vocabulary_size(targets):
    config = ModelConfig(vocabulary_size=7, units=(4,), targets=targets)
    assert Validator(config, IDS).nats_per_char(weights(config, 0.0)) == pytest.approx(np.log(7), rel=1e-6)


@pytest.mark.parametrize("length", [2, 1_025, *map(slow, (3, 511, 3_000))])
def test_the_score_equals_reading_the_text_in_one_piece(length):
    config = ModelConfig(vocabulary_size=7, units=(5, 4), encoding="embedding", embedding_size=3)
    values, ids = weights(config, 0.5), IDS[:length]
    network = build_network(config, values)
    state, nats = network.initial_state(1), 0.0
    for character, following in pairwise(ids):
        network.step(np.array([character]), state)
        nats -= log_softmax(network.logits(state[-1].h).astype(float))[0, following]
    assert Validator(config, ids).nats_per_char(values) == pytest.approx(nats / (length - 1), rel=1e-5)


@pytest.mark.parametrize(
    "memory",
    [
        pytest.param(memory, marks=() if memory == "linear" else pytest.mark.slow)
        for memory in sorted(LONG_MEMORIES.keys() - AT_ONCE)
    ],
)
def test_a_model_with_long_memory_is_scored_in_one_piece(memory):
    config, values = long_memory(**LONG_MEMORIES[memory])
    ids = np.tile(IDS, 2)
    found = Validator(config, ids).nats_per_char(values)
    assert found == pytest.approx(stateful_surprisal(build_network(config, values), ids).mean(), rel=1e-4)
    assert found <= MAX_NATS


@pytest.mark.parametrize("memory", sorted(AT_ONCE))
def test_a_model_whose_state_overflows_has_no_finite_score(memory):
    config, values = long_memory(**LONG_MEMORIES[memory])
    assert np.isnan(Validator(config, IDS).nats_per_char(values))


@pytest.mark.parametrize("slower", [0.0, 30.0])
def test_rehearsal_times_the_first_chunk_after_compiling(slower):
    config = ModelConfig(vocabulary_size=7, units=(4,))
    evaluator = Validator(config, IDS)
    looks = iter([10.0, 100.0, 102.0 + slower, 104.0 + slower])  # compiling takes 90 s, another program 30 s of one run
    pieces = sum(1 for _ in ScoringPass(IDS, 7).chunks())
    assert evaluator.rehearse(lambda: next(looks)) == 2.0 * pieces


@pytest.mark.slow
def test_scoring_is_repeatable_and_depends_on_the_weights():
    config = ModelConfig(vocabulary_size=7, units=(4,))
    evaluator = Validator(config, IDS)
    first = evaluator.nats_per_char(weights(config, 0.5))
    other = evaluator.nats_per_char(weights(config, 1.0))
    assert evaluator.nats_per_char(weights(config, 0.5)) == first != other


@pytest.mark.parametrize(
    "most", [pytest.param(5 * 64 * 7, marks=pytest.mark.slow), 5 * 3 * 7, pytest.param(1, marks=pytest.mark.slow)]
)
def test_shorter_chunks_give_the_same_score(monkeypatch, most):
    config = ModelConfig(vocabulary_size=7, units=(5, 4))
    expected = Validator(config, IDS).nats_per_char(weights(config, 0.5))
    monkeypatch.setattr("charlstm.text.scoring.MAX_LOGITS", most)
    assert Validator(config, IDS).nats_per_char(weights(config, 0.5)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.slow
def test_a_rare_character_costs_the_placeholder_of_keras_and_its_name():
    vocabulary = Vocabulary("abcdef", RareCharacters("yz", (5, 2)))
    ids = vocabulary.encode_any("".join(np.random.default_rng(5).choice(list("abcdefyz渡"), 300)))
    config = ModelConfig(vocabulary_size=vocabulary.model_size, seq_len=12, units=(5, 4))
    values = weights(config, 0.5)
    layers = build_layers(config)
    layers.assign(values)
    clamped = np.minimum(ids, 6)
    probabilities = keras_model(layers, None).predict(normalise(clamped[None, :-1], 7), verbose=0)[0]
    expected = -np.log(probabilities[np.arange(299), clamped[1:]]) + vocabulary.naming_nats(ids)[1:]
    naming = vocabulary.naming_nats(ids)
    assert Validator(config, ids, naming).nats_per_char(values) == pytest.approx(expected.mean(), rel=1e-5)
    np.testing.assert_allclose(stateful_surprisal(build_network(config, values), ids, naming=naming), expected, atol=1e-4)
    config, values = long_memory(**LONG_MEMORIES["tanh"])  # read again in one piece
    ids = np.where(IDS == 6, ids.max(), IDS)
    naming = vocabulary.naming_nats(ids)
    expected = stateful_surprisal(build_network(config, values), ids, naming=naming).mean()
    assert Validator(config, ids, naming).nats_per_char(values) == pytest.approx(expected, rel=1e-4)
