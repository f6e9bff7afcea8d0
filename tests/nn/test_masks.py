"""Tests of dropout and DropConnect masks, in the fast loop and in the Keras loop."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from charlstm.config import ModelConfig
from charlstm.nn.fused_lstm import FusedLSTM
from charlstm.nn.masks import NOTHING_DROPPED, connection_mask
from charlstm.nn.network import Layers, build_layers, forward, weight_values
from charlstm.text.windows import normalise

IDS = np.random.default_rng(0).integers(0, 9, (3, 6))
X = keras.ops.convert_to_tensor(normalise(IDS, 9))


def network(**options) -> Layers:
    """Return a network whose weights and biases are all non-zero."""
    layers = build_layers(ModelConfig(**{"vocabulary_size": 9, "seq_len": 6, "units": (8,), **options}))
    random = np.random.default_rng(1)
    layers.assign({name: random.normal(0, 0.5, value.shape).astype("f") for name, value in weight_values(layers).items()})
    return layers


def test_dropout_mask_is_the_same_at_every_position():
    layers = network(dropout=0.5, units=(64,))
    masks = layers.noise.masks(3)
    ((mask, recurrent, connections),) = masks
    assert recurrent is None
    assert connections is None
    assert set(np.unique(mask)) == {0.0, 2.0}
    assert not (np.asarray(mask[0]) == np.asarray(mask[1])).all()
    assert not (np.asarray(mask) == np.asarray(layers.noise.masks(3)[0].output)).all()
    outputs = np.asarray(layers.lstms[0](layers.encode(X))[0])
    dense, bias = np.asarray(layers.dense.kernel), np.asarray(layers.dense.bias)
    np.testing.assert_allclose(through(layers, masks), outputs * mask @ dense + bias, atol=1e-5)


def test_recurrent_dropout_acts_in_training_with_a_mask_for_each_gate():
    layers = network(recurrent_dropout=0.5, units=(8,))
    masks = layers.noise.masks(3)
    ((output, recurrent, _),) = masks
    assert output is None
    assert recurrent.shape == (3, 4, 8)
    assert set(np.unique(recurrent)) == {0.0, 2.0}
    gates = np.asarray(recurrent)
    assert not any((gates[:, a] == gates[:, b]).all() for a in range(4) for b in range(a))
    dropped, plain = through(layers, masks), through(layers)
    np.testing.assert_allclose(dropped[:, 0], plain[:, 0], atol=1e-6)  # h is zero at the first step
    assert np.abs(dropped - plain)[:, 1:].max() > 1e-3


@pytest.mark.parametrize(("targets", "shape"), [("every", (3, 1, 8)), ("last", (3, 8))])
def test_mask_of_the_outputs_has_their_number_of_axes(targets, shape):
    first, last = network(dropout=0.5, units=(6, 8), targets=targets).noise.masks(3)
    assert first.output.shape == (3, 1, 6)
    assert last.output.shape == shape


def test_rows_of_masks_share_their_connections():
    (masks,) = network(dropout=0.5, recurrent_dropout=0.5, drop_connect=0.5).noise.masks(3)
    part = masks.rows(slice(1, 3))
    np.testing.assert_array_equal(part.output, masks.output[1:3])
    np.testing.assert_array_equal(part.recurrent, masks.recurrent[1:3])
    assert part.connections is masks.connections
    assert NOTHING_DROPPED.rows(slice(1, 3)) == NOTHING_DROPPED


def through(layers: Layers, masks=None) -> np.ndarray:
    """Return the logits."""
    return np.asarray(forward(layers, X, layers.initial_states(3), masks)[0])


def test_some_connections_are_kept_at_any_rate():
    mask = np.asarray(connection_mask(256, 0.999_999, keras.random.SeedGenerator(1)))
    assert set(np.unique(mask)) == {0.0, 2.0**16}


@pytest.mark.parametrize("rate", [0.25, 0.7])
def test_connections_are_dropped_at_their_rate_and_rescaled(rate):
    seed = keras.random.SeedGenerator(1)
    first, second = (np.asarray(connection_mask(256, rate, seed)) for _ in range(2))
    assert first.shape == (256, 1024)
    assert set(np.unique(first)) == {0.0, np.float32(2**16 / (2**16 - round(rate * 2**16)))}
    deviation = np.sqrt(rate * (1 - rate) / first.size)
    assert (first == 0).mean() == pytest.approx(rate, abs=4 * deviation)
    assert ((first == 0) & (second == 0)).mean() == pytest.approx(rate**2, abs=4 * deviation)
    assert ((first[:, ::2] == 0) & (first[:, 1::2] == 0)).mean() == pytest.approx(
        rate**2, abs=6 * deviation
    )  # two bits of one number
    assert (first == 0).mean(0).std() == pytest.approx(np.sqrt(rate * (1 - rate) / 256), rel=0.2)


@pytest.mark.parametrize("keras_loop", [False, True])
@pytest.mark.parametrize("encoding", ["one-hot", "scalar"])
def test_dropped_connections_equal_zero_weights(monkeypatch, keras_loop, encoding):
    layers = network(drop_connect=0.5, units=(8, 6), encoding=encoding)
    masks = layers.noise.masks(3)
    plain = network(units=(8, 6), encoding=encoding)
    holes = {f"lstm_{number}/recurrent_kernel": np.asarray(mask.connections) for number, mask in enumerate(masks, start=1)}
    plain.assign({name: value * holes.get(name, 1) for name, value in weight_values(layers).items()})
    expected = through(plain)
    if keras_loop:
        monkeypatch.setattr(FusedLSTM, "keras_path_because", lambda self, **_: "a test")
    np.testing.assert_allclose(through(layers, masks), expected, atol=1e-5)
    assert np.abs(through(layers) - expected).max() > 1e-2  # without masks nothing is dropped


@pytest.mark.parametrize("keras_loop", [False, True])
def test_dropped_connections_have_no_gradient(monkeypatch, keras_loop):
    layers = network(drop_connect=0.5)
    if keras_loop:
        monkeypatch.setattr(FusedLSTM, "keras_path_because", lambda self, **_: "a test")
    masks = layers.noise.masks(3)
    kernel, hole = layers.weights["lstm_1/recurrent_kernel"], np.asarray(masks[0].connections)

    def gradient(given) -> np.ndarray:
        with tf.GradientTape() as tape:
            objective = tf.reduce_sum(forward(layers, X, layers.initial_states(3), given)[0] ** 2)
        return np.asarray(tf.convert_to_tensor(tape.gradient(objective, kernel.value)))

    ours = gradient(masks)
    layers.assign(weight_values(layers) | {"lstm_1/recurrent_kernel": np.asarray(kernel) * hole})
    np.testing.assert_allclose(ours, gradient(None) * hole, rtol=1e-3, atol=1e-3)
    assert np.abs(ours[hole == 0]).max() == 0


def test_keras_recurrent_dropout_is_redrawn_with_drop_connect(monkeypatch):
    monkeypatch.setattr(FusedLSTM, "keras_path_because", lambda self, **_: "a test")
    layers = network(drop_connect=0.5, recurrent_dropout=0.5)
    masks = layers.noise.masks(3)
    assert masks[0].recurrent is None
    before = [np.asarray(state).copy() for state in layers.noise.states]
    assert np.abs(through(layers, masks) - through(layers, masks)).max() > 1e-3
    assert not np.array_equal(before[0], np.asarray(layers.noise.states[0]))
