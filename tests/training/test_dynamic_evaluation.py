"""Dynamic evaluation compared with ordinary evaluation and with its definition, and on a repetitive text."""

import numpy as np
import pytest
import tensorflow as tf

from charlstm.config import ModelConfig
from charlstm.evaluation.surprisal import stateful_surprisal
from charlstm.inference.network import build_network
from charlstm.nn.network import build_layers, forward
from charlstm.text.windows import normalise
from charlstm.training.dynamic_evaluation import DynamicEvaluation, dynamic_surprisal

CONFIG = ModelConfig(vocabulary_size=7, seq_len=6, units=(5, 4), dropout=0.5, recurrent_dropout=0.2)
LEARNT = np.random.default_rng(0).integers(0, 7, 2_000).astype(np.uint8)
TEXT = np.random.default_rng(1).integers(0, 7, 203).astype(np.uint8)


def weights_of(config: ModelConfig) -> dict[str, np.ndarray]:
    random = np.random.default_rng(2)
    return {name: random.normal(0, 0.5, shape).astype(np.float32) for name, shape in config.weight_shapes.items()}


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, marks=pytest.mark.slow),
        {"encoding": "embedding", "embedding_size": 3},
        pytest.param({"encoding": "scalar"}, marks=pytest.mark.slow),
        pytest.param({"targets": "last"}, marks=pytest.mark.slow),
    ],
)
def test_at_a_zero_rate_it_equals_the_stateful_score(options):
    config = ModelConfig(vocabulary_size=7, seq_len=6, units=(5, 4), **options)
    weights = weights_of(config)
    found = dynamic_surprisal(config, weights, LEARNT[:300], TEXT, dynamics=DynamicEvaluation(rate=0, decay=0))
    np.testing.assert_allclose(found, stateful_surprisal(build_network(config, weights), TEXT), atol=1e-5)


@pytest.mark.slow
def test_the_first_segment_is_scored_before_learning_from_it():
    weights = weights_of(CONFIG)
    found = dynamic_surprisal(CONFIG, weights, LEARNT, TEXT, dynamics=DynamicEvaluation(rate=0.1, segment=10))
    still = stateful_surprisal(build_network(CONFIG, weights), TEXT)
    np.testing.assert_allclose(found[:10], still[:10], atol=1e-5)
    assert np.abs(found[10:] - still[10:]).max() > 0.01


def test_steps_follow_the_definition():
    """Compare two segments with gradients of Keras layers and NumPy arithmetic."""
    config = ModelConfig(vocabulary_size=7, seq_len=6, units=(5,))
    weights, how = weights_of(config), DynamicEvaluation(rate=0.05, decay=0.02, segment=20, measured=3)
    layers = build_layers(config)
    layers.assign(weights)
    variables = list(layers.weights.values())

    def read(ids, states):
        x, y = tf.constant(normalise(ids[None, :-1], 7)), tf.constant(ids[None, 1:].astype(np.int32))
        with tf.GradientTape() as tape:
            logits, states = forward(layers, x, states)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
            loss = tf.reduce_mean(losses)
        return losses[0].numpy(), states, [g.numpy() for g in tape.gradient(loss, [v.value for v in variables])]

    states, squares = layers.initial_states(1), [0.0] * len(variables)
    for start in range(1_939, 1_999, 20):
        _, states, gradients = read(LEARNT[start : start + 21], states)
        squares = [square + gradient**2 for square, gradient in zip(squares, gradients, strict=True)]
    states, nats = layers.initial_states(1), []
    for start in (0, 20, 40):
        losses, states, gradients = read(TEXT[start : start + 21], states)
        nats += losses.tolist()
        for variable, name, gradient, square in zip(variables, weights, gradients, squares, strict=True):
            r = np.sqrt(square / 3)
            now = variable.numpy()
            pull = np.minimum(how.decay * r / r.mean(), 1)
            variable.assign(now + pull * (weights[name] - now) - how.rate * gradient / (r + how.epsilon * r.mean()))
    np.testing.assert_allclose(dynamic_surprisal(config, weights, LEARNT, TEXT[:61], dynamics=how), nats, atol=2e-5)


@pytest.mark.slow
def test_a_repetitive_text_is_learned_while_it_is_scored():
    text = np.tile(np.array([0, 3, 1, 5], np.uint8), 500)
    weights = weights_of(CONFIG)
    still = stateful_surprisal(build_network(CONFIG, weights), text)
    found = dynamic_surprisal(CONFIG, weights, LEARNT, text, dynamics=DynamicEvaluation(rate=3e-3))
    assert found[-500:].mean() < 0.5 * still[-500:].mean()


@pytest.mark.slow
def test_all_characters_but_the_first_are_scored_once():
    weights, told = weights_of(CONFIG), []
    before = {name: array.copy() for name, array in weights.items()}
    assert len(dynamic_surprisal(CONFIG, weights, LEARNT[:5], TEXT, told.append)) == sum(told) == 202
    assert all(np.array_equal(weights[name], before[name]) for name in weights)


@pytest.mark.slow
def test_rare_characters_cost_the_placeholder_and_their_names():
    weights, naming = weights_of(CONFIG), np.linspace(0, 1, 203)
    learnt, text = (np.where(ids == 6, 9_999, ids) for ids in (LEARNT.astype(int), TEXT.astype(int)))
    found = dynamic_surprisal(CONFIG, weights, learnt, text, naming=naming)
    np.testing.assert_allclose(found, dynamic_surprisal(CONFIG, weights, LEARNT, TEXT) + naming[1:], atol=1e-6)
