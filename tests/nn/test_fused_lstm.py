"""Tests of the fast LSTM layer against the Keras layer and against finite differences."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from charlstm.nn.fused_lstm import FusedLSTM
from charlstm.nn.recurrence import ACTIVATIONS, look_up_rows
from tests.cases import every_eleventh

# All sizes differ, so that a swapped axis fails.
B, T, D, U = 3, 7, 4, 5
RANDOM = np.random.default_rng(0)
X, H0, C0 = (RANDOM.normal(size=shape).astype(np.float32) for shape in ((B, T, D), (B, U), (B, U)))


def pair(**options) -> tuple[keras.layers.LSTM, FusedLSTM]:
    """Return the Keras layer and ours with the same random weights and non-zero biases."""
    theirs, ours = (kind(U, return_state=True, **options) for kind in (keras.layers.LSTM, FusedLSTM))
    for layer in (theirs, ours):
        layer.build((B, T, D))
    weights = [np.random.default_rng(1).normal(0, 0.5, weight.shape).astype(np.float32) for weight in theirs.get_weights()]
    theirs.set_weights(weights)
    ours.set_weights(weights)
    return theirs, ours


def values_and_gradients(layer, *, states: bool = True, training: bool = False) -> list[np.ndarray]:
    """Return outputs, last states, and gradients of a function of them for inputs, states and weights."""
    x, h0, c0 = map(tf.constant, (X, H0, C0))
    with tf.GradientTape() as tape:
        tape.watch([x, h0, c0])
        y, h, c = layer(x, initial_state=[h0, c0] if states else None, training=training)
        weights = tf.reshape(tf.range(tf.size(y), dtype=tf.float32), y.shape) / 50
        y, h, c = (tf.cast(value, tf.float32) for value in (y, h, c))
        objective = tf.reduce_sum(y * weights) + tf.reduce_sum(tf.sin(h)) + tf.reduce_sum(2 * c * c)
    sources = [x, *([h0, c0] if states else []), *(variable.value for variable in layer.trainable_weights)]
    return [np.asarray(value) for value in (y, h, c, *tape.gradient(objective, sources))]


@pytest.mark.parametrize(
    ("activation", "recurrent_activation", "options", "states"),
    every_eleventh(
        ACTIVATIONS,
        ["sigmoid", "hard_sigmoid"],
        [{"return_sequences": True}, {"return_sequences": False}, {"return_sequences": True, "use_bias": False}],
        [True, False],
    ),
)
def test_values_and_gradients_equal_those_of_keras(activation, recurrent_activation, options, states):
    theirs, ours = pair(activation=activation, recurrent_activation=recurrent_activation, **options)
    assert ours.keras_path_because() is None
    for expected, found in zip(*(values_and_gradients(layer, states=states) for layer in (theirs, ours)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5 * max(1, np.abs(expected).max()))


def test_gradients_equal_finite_differences():
    _, layer = pair(return_sequences=True)

    def objective() -> float:
        y, h, c = (np.asarray(value, np.float64) for value in layer(X, initial_state=[H0, C0]))
        return float((y**2).sum() + np.sin(h).sum() + c.sum())

    with tf.GradientTape() as tape:
        y, h, c = layer(X, initial_state=[H0, C0])
        total = tf.reduce_sum(y**2) + tf.reduce_sum(tf.sin(h)) + tf.reduce_sum(c)
    gradients = tape.gradient(total, [variable.value for variable in layer.trainable_weights])
    step = 1e-2
    for variable, gradient in zip(layer.trainable_weights, gradients, strict=True):
        value = np.asarray(variable.value)
        for place in [tuple(RANDOM.integers(0, side) for side in value.shape) for _ in range(6)]:
            sides = []
            for sign in (1, -1):
                moved = value.copy()
                moved[place] += sign * step
                variable.assign(moved)
                sides.append(objective())
            variable.assign(value)
            assert (sides[0] - sides[1]) / (2 * step) == pytest.approx(float(gradient[place]), rel=2e-2, abs=2e-2)


def test_input_dropout_has_one_scaled_mask_for_all_steps():
    ours = FusedLSTM(U, dropout=0.5, return_sequences=True, seed=3)
    plain = FusedLSTM(U, return_sequences=True)
    ours.build((B, T, D))
    plain.build((B, T, D))
    plain.set_weights(ours.get_weights()[:3])
    found = np.asarray(ours(X, training=True))
    masks = [np.array(bits) for bits in np.ndindex(*(2,) * D)]
    for row in range(B):
        tried = [np.asarray(plain(X[row : row + 1] * mask.astype(np.float32) * 2))[0] for mask in masks]
        assert min(np.abs(found[row] - one).max() for one in tried) < 1e-6
    np.testing.assert_allclose(ours(X, training=False), plain(X), atol=1e-6)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_recurrent_dropout_equals_that_of_keras(activation):
    theirs, ours = pair(activation=activation, recurrent_dropout=0.4, return_sequences=True, seed=3)
    assert ours.keras_path_because() is None
    results = [values_and_gradients(layer, training=True) for layer in (theirs, ours)]
    for expected, found in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5 * max(1, np.abs(expected).max()))
    assert not np.allclose(results[1][0], values_and_gradients(ours)[0])


def test_bfloat16_keeps_states_and_gradients_in_float32():
    exact, rounded = (FusedLSTM(64, return_sequences=True, return_state=True, dtype=d) for d in ("float32", "mixed_bfloat16"))
    for layer in (exact, rounded):
        layer.build((B, T, D))
    rounded.set_weights(exact.get_weights())
    x, h0, c0 = tf.constant(X), tf.constant(np.tile(H0, 13)[:, :64]), tf.constant(np.tile(C0, 13)[:, :64])
    results = []
    for layer in (exact, rounded):
        with tf.GradientTape() as tape:
            y, h, c = layer.run_recurrence(layer.input_projection(x), (h0, c0))
            objective = tf.reduce_sum(tf.cast(y, tf.float32) ** 2) + tf.reduce_sum(c)
        assert (h.dtype, c.dtype) == (tf.float32, tf.float32)
        gradients = tape.gradient(objective, [variable.value for variable in layer.trainable_weights])
        assert {gradient.dtype for gradient in gradients} == {tf.float32}
        results.append([np.asarray(tf.cast(value, tf.float32)) for value in (y, h, c, *gradients)])
    for expected, found in zip(*results, strict=True):
        assert np.abs(found - expected).max() < 0.02 * np.abs(expected).max()
        assert np.abs(found - expected).max() > 0  # equal values would mean float32 products


def test_layer_is_configured_and_saved_like_the_keras_layer(tmp_path):
    options = {"activation": "relu", "kernel_regularizer": "l2", "dropout": 0.25, "unit_forget_bias": False}
    theirs, ours = keras.layers.LSTM(U, name="a", **options), FusedLSTM(U, name="a", **options)
    assert theirs.get_config() == ours.get_config()
    assert FusedLSTM.from_config(theirs.get_config()).get_config() == ours.get_config()
    theirs.build((B, T, D))
    ours.build((B, T, D))
    assert [weight.path for weight in theirs.weights] == [weight.path for weight in ours.weights]
    model = keras.Sequential([keras.Input((T, D)), ours])
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(X), model(X), atol=1e-6)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"go_backwards": True}, "go_backwards"),
        ({"dropout": 0.2, "recurrent_dropout": 0.2}, "dropout"),
        ({"unroll": True}, "unroll"),
        ({"activation": "elu"}, "elu"),
        ({"dtype": "float64"}, "float64"),
        ({"activation": lambda x: 0.5 * x}, "fast form"),
    ],
)
def test_unsupported_options_use_keras_and_give_the_reason(options, reason):
    theirs, ours = pair(return_sequences=True, **options)
    assert reason in ours.keras_path_because()
    for expected, found in zip(*(values_and_gradients(layer) for layer in (theirs, ours)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_a_mask_uses_the_keras_loop():
    theirs, ours = pair(return_sequences=True)
    mask = tf.constant([[True] * 5 + [False] * 2] * B)
    for expected, found in zip(theirs(X, mask=mask), ours(X, mask=mask), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)
    assert "mask" in ours.keras_path_because(masked=True)


def test_keras_fit_and_stateful_layers_work():
    model = keras.Sequential(
        [keras.Input(batch_shape=(B, T, D)), FusedLSTM(U, stateful=True, return_sequences=True), keras.layers.Dense(1)]
    )
    model.compile("sgd", "mse", jit_compile=False)
    model.fit(X, X[..., :1], epochs=1, batch_size=B, verbose=0)
    first, second = np.asarray(model(X)), np.asarray(model(X))
    assert not np.allclose(first, second)
    model.layers[0].reset_state()
    lone = np.asarray(model(X))
    model.layers[0].reset_state()
    np.testing.assert_array_equal(np.asarray(model(X)), lone)


def test_an_activation_of_the_same_name_is_not_replaced():
    def tanh(x):
        return 0.5 * x

    theirs, ours = pair(activation=tanh)
    assert "tanh" in ours.keras_path_because()
    np.testing.assert_allclose(ours(X)[0], theirs(X)[0], atol=1e-6)


def test_call_accepts_other_weights():
    theirs, ours = pair()
    other = [0.5 * weight for weight in ours.get_weights()]
    (expected, *_), _ = theirs.stateless_call(other, [variable.value for variable in theirs.non_trainable_variables], X)
    (found, *_), _ = ours.stateless_call(other, [variable.value for variable in ours.non_trainable_variables], X)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_layer_without_bias_is_built_by_its_first_batch():
    model = keras.Sequential([FusedLSTM(U, use_bias=False, return_sequences=True), keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=False)
    model.fit(X, X[..., :1], epochs=1, verbose=0)
    assert model.layers[0].get_weights()[0].shape == (D, 4 * U)


def test_bfloat16_cell_state_accumulates_in_float32():
    layer = FusedLSTM(1, return_state=True, dtype="mixed_bfloat16")
    layer.build((1, 400, 1))
    kernel = np.array([[20, 20, 0, 20]], np.float32)  # open gates: c grows by tanh(0.001) at every step
    layer.set_weights([kernel, np.zeros((1, 4), np.float32), np.array([0, 0, 0.001, 0], np.float32)])
    x = tf.ones((1, 400, 1))
    start = tf.constant([[0.30001]]), tf.constant([[1.0]])
    _, h, c = layer.run_recurrence(layer.input_projection(x), start)
    assert float(c[0, 0]) == pytest.approx(1.4, abs=0.01)  # bfloat16 would stay at 1
    assert float(c[0, 0]) != float(tf.cast(tf.cast(c[0, 0], tf.bfloat16), tf.float32))
    _, _, c = layer.run_recurrence(layer.input_projection(x[:, :1]), (h, tf.constant([[1 + 2.0**-12]])))
    assert float(c[0, 0]) > 1 + 2.0**-12  # the initial state is not rounded either


def test_lookup_gradient_accumulates_in_float32():
    table = tf.zeros((2, 4), tf.bfloat16)
    ids = tf.zeros((1, 3_000), tf.int32)
    with tf.GradientTape() as tape:
        tape.watch(table)
        total = tf.reduce_sum(tf.cast(look_up_rows(table, ids), tf.float32))
    np.testing.assert_allclose(tf.cast(tape.gradient(total, table), tf.float32), [[3_000] * 4, [0] * 4], rtol=4e-3)
