"""Tests of the explicit softmax against TensorFlow, finite differences and the float32 step."""

import numpy as np
import pytest
import tensorflow as tf

from charlstm.config import ModelConfig, TrainingConfig
from charlstm.nn.network import build_layers, forward
from charlstm.nn.row_parallelism import row_parallel_nats
from charlstm.nn.softmax import large_cross_entropy
from charlstm.text.batches import batch_source
from charlstm.text.windows import normalise
from charlstm.training.trainer import Trainer

N, U, V = 7, 5, 300


def arrays(scale: float = 1.0) -> list[tf.Tensor]:
    """Return inputs, kernel, bias, and a gradient that varies by position."""
    random = np.random.default_rng(0)
    return [tf.constant(random.normal(0, scale, shape).astype(np.float32)) for shape in ((N, U), (U, V), (V,), (N,))]


TARGETS = tf.constant([0, V - 1, 3, 3, 150, 299, 17])


def plain(h, kernel, bias, targets):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(targets, tf.matmul(h, kernel) + bias)


def result(function, dtype="float32", scale=1.0):
    """Return the losses and the gradients of inputs, kernel and bias."""
    h, kernel, bias, d = arrays(scale)
    h = tf.cast(h, dtype)

    @tf.function
    def run():
        with tf.GradientTape() as tape:
            tape.watch([h, kernel, bias])
            losses = function(h, kernel, bias, TARGETS)
        return [losses, *tape.gradient(losses, [h, kernel, bias], output_gradients=d)]

    return [value.numpy() for value in run()]


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
def test_losses_and_gradients_equal_those_of_tensorflow(scale):
    for ours, theirs in zip(result(large_cross_entropy, scale=scale), result(plain, scale=scale), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5 * np.abs(theirs).max())


def test_gradients_equal_finite_differences():
    h, kernel, bias, d = (value.numpy().astype(np.float64) for value in arrays())

    def total(h, kernel, bias):
        z = h @ kernel + bias
        return d @ (np.log(np.exp(z).sum(1)) - z[np.arange(N), TARGETS.numpy()])

    _, *gradients = result(large_cross_entropy)
    random, step = np.random.default_rng(1), 1e-5
    for number, gradient in enumerate(gradients):
        for place in (tuple(random.integers(0, gradient.shape)) for _ in range(10)):
            moved = []
            for sign in (1, -1):
                values = [h.copy(), kernel.copy(), bias.copy()]
                values[number][place] += sign * step
                moved.append(total(*values))
            assert gradient[place] == pytest.approx((moved[0] - moved[1]) / (2 * step), rel=1e-3, abs=1e-5)


def test_bfloat16_products_differ_by_their_rounding():
    exact, rounded = result(plain), result(large_cross_entropy, "bfloat16")
    assert [value.dtype.name for value in rounded] == ["float32", "bfloat16", "float32", "float32"]
    for ours, theirs in zip(rounded, exact, strict=True):
        assert np.linalg.norm(ours.astype(np.float64) - theirs) <= 2**-7 * np.linalg.norm(theirs)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_non_finite_values_are_not_hidden(wrong):
    h, kernel, bias, _ = arrays()
    assert not np.isfinite(large_cross_entropy(h * wrong, kernel, bias, TARGETS)).any()


@pytest.mark.parametrize("targets", ["last", "every"])
@pytest.mark.parametrize("encoding", ["one-hot", "embedding"])
def test_large_vocabulary_gradient_equals_that_of_the_logits(targets, encoding):
    layers = build_layers(ModelConfig(vocabulary_size=V, seq_len=6, units=(5,), targets=targets, encoding=encoding))
    ids = np.random.default_rng(0).integers(0, V, (3, 7))
    x, y = tf.constant(normalise(ids[:, :-1], V)), ids[:, -1] if targets == "last" else ids[:, 1:]
    variables, found = [variable.value for variable in layers.weights.values()], []
    for losses in (
        lambda: row_parallel_nats(layers, x, y, layers.initial_states(3))[0],
        lambda: tf.nn.sparse_softmax_cross_entropy_with_logits(y, forward(layers, x, layers.initial_states(3))[0]),
    ):
        with tf.GradientTape() as tape:
            values = losses()
            mean = tf.reduce_mean(values)
        assert values.shape == y.shape
        found.append([mean, *map(tf.convert_to_tensor, tape.gradient(mean, variables))])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("vocabulary_size", [256, 257])
def test_only_large_vocabularies_use_bfloat16_products(vocabulary_size):
    model = ModelConfig(vocabulary_size=vocabulary_size, seq_len=8, units=(6,))
    training = TrainingConfig(batch_size=4, precision="bfloat16", random_seed=1)
    batch = batch_source(np.arange(200).astype(np.uint16), model, training).batch(0)
    trainer = Trainer(model, training)
    read = trainer._run.get_concrete_function(
        *map(tf.constant, (*batch, np.zeros(1, np.float32))), trainer._states, tf.constant(0.0), tf.constant(0.0)
    )
    widths = {
        operation.outputs[0].dtype.name
        for operation in read.graph.get_operations()
        if operation.type in ("MatMul", "BatchMatMulV2") and vocabulary_size in operation.outputs[0].shape
    }
    assert widths == ({"bfloat16"} if vocabulary_size > 256 else {"float32"})


@pytest.mark.slow
def test_bfloat16_step_equals_the_float32_step_to_rounding():
    model, found = ModelConfig(vocabulary_size=V, seq_len=8, units=(6,)), []
    for precision in ("float32", "bfloat16"):
        training = TrainingConfig(batch_size=4, precision=precision, random_seed=1)
        source, trainer = batch_source(np.arange(900).astype(np.uint16) % V, model, training), Trainer(model, training)
        found.append([trainer.step(source.batch(step), 1e-2) for step in range(20)])
    np.testing.assert_allclose(*found, rtol=5e-3)
    assert found[0][-1] < found[0][0] - 0.05
