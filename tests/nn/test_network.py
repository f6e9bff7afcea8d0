"""The Keras network: shapes, parameters, and equality with plain Keras layers and with the NumPy engine."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from charlstm.config import ModelConfig
from charlstm.errors import ConfigError
from charlstm.inference.network import build_network
from charlstm.nn.input_encoding import OneHot
from charlstm.nn.network import build_layers, forward, keras_model, keras_seed, weight_values
from charlstm.nn.row_parallelism import row_parallel_nats
from charlstm.text.windows import normalise
from tests.cases import every_eleventh, every_pair

IDS = np.random.default_rng(0).integers(0, 9, (3, 6))


def config(**options) -> ModelConfig:
    return ModelConfig(**{"vocabulary_size": 9, "seq_len": 6, "units": (5, 4), "embedding_size": 3, **options})


def randomised(layers) -> dict[str, np.ndarray]:
    """Return weights and biases that are all non-zero."""
    random = np.random.default_rng(1)
    weights = {name: random.normal(0, 0.5, value.shape).astype(np.float32) for name, value in weight_values(layers).items()}
    layers.assign(weights)
    return weights


def test_classic_has_the_tutorial_shapes():
    layers = build_layers(config(encoding="scalar", units=(256,), seq_len=100, targets="last"))
    model = keras_model(layers, 100)
    assert model.input_shape == (None, 100, 1)
    assert model.output_shape == (None, 9)
    assert layers.lstms[0].count_params() == 4 * (1 * 256 + 256 * 256 + 256)
    assert layers.lstms[0].return_sequences is False
    assert isinstance(layers.dense, keras.layers.Dense)
    assert layers.dense.activation is keras.activations.softmax


def test_every_has_a_time_distributed_softmax():
    layers = build_layers(config(units=(5, 4)))
    model = keras_model(layers, 6)
    assert model.output_shape == (None, 6, 9)
    assert isinstance(model.layers[-1], keras.layers.TimeDistributed)
    assert all(lstm.return_sequences for lstm in layers.lstms)


@pytest.mark.parametrize(
    ("encoding", "targets", "use_bias"), every_pair(["scalar", "one-hot", "embedding"], ["last", "every"], [True, False])
)
def test_network_can_be_rebuilt_from_plain_keras_layers(encoding, targets, use_bias):
    layers = build_layers(config(encoding=encoding, targets=targets, use_bias=use_bias))
    weights = randomised(layers)
    every = targets == "every"
    x = normalise(IDS, 9)
    if encoding == "one-hot":
        x = np.eye(9, dtype=np.float32)[IDS]
    elif encoding == "embedding":
        x = weights["embedding/embeddings"][IDS]
    plain = keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            keras.layers.LSTM(5, return_sequences=True, use_bias=use_bias),
            keras.layers.LSTM(4, return_sequences=every, use_bias=use_bias),
            keras.layers.Dense(9, activation="softmax"),
        ]
    )
    plain.set_weights([value for name, value in weights.items() if not name.startswith("embedding")])
    ours = keras_model(layers, 6)(normalise(IDS, 9))
    np.testing.assert_allclose(ours, plain(x), atol=1e-6)
    logits, _ = forward(layers, keras.ops.convert_to_tensor(normalise(IDS, 9)), layers.initial_states(3))
    np.testing.assert_allclose(keras.ops.softmax(logits), plain(x), atol=1e-6)


@pytest.mark.parametrize(
    ("encoding", "activation", "recurrent_activation", "use_bias", "units"),
    every_eleventh(
        ["scalar", "one-hot", "embedding"],
        ["tanh", "relu", "softsign", "linear"],
        ["sigmoid", "hard_sigmoid"],
        [True, False],
        [(5,), (4, 5, 3)],
    ),
)
def test_numpy_and_keras_agree(encoding, activation, recurrent_activation, use_bias, units):
    options = {"activation": activation, "recurrent_activation": recurrent_activation, "use_bias": use_bias}
    layers = build_layers(config(encoding=encoding, units=units, **options))
    network = build_network(layers.config, randomised(layers))
    x = keras.ops.convert_to_tensor(normalise(IDS, 9))
    logits, states = forward(layers, x, layers.initial_states(3))
    state = network.initial_state(3)
    for place, column in enumerate(IDS.T):
        network.step(column, state)
        np.testing.assert_allclose(network.logits(state[-1].h), logits[:, place], rtol=1e-5, atol=1e-5)
    for ours, theirs in zip(state, states, strict=True):
        np.testing.assert_allclose(ours.h, theirs[0], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(ours.c, theirs[1], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("encoding", "targets", "rows"),
    # Fewer positions than characters, and more: one by one, or from a table.
    every_pair(["scalar", "one-hot", "embedding"], ["last", "every"], [1, 3]),
)
def test_gradient_equals_that_of_the_keras_model(encoding, targets, rows):
    layers = build_layers(config(encoding=encoding, targets=targets))
    randomised(layers)
    x = keras.ops.convert_to_tensor(normalise(IDS[:rows], 9))
    y = IDS[:rows, 0] if targets == "last" else IDS[:rows, ::-1].copy()
    variables = [variable.value for variable in layers.weights.values()]
    with tf.GradientTape() as tape:
        loss = keras.ops.mean(keras.losses.sparse_categorical_crossentropy(y, keras_model(layers, 6)(x)))
    expected = tape.gradient(loss, variables)
    with tf.GradientTape() as tape:
        loss = keras.ops.mean(row_parallel_nats(layers, x, y, layers.initial_states(rows))[0])
    for ours, theirs in zip(tape.gradient(loss, variables), expected, strict=True):
        np.testing.assert_allclose(tf.convert_to_tensor(ours), tf.convert_to_tensor(theirs), rtol=1e-4, atol=1e-6)


def test_carrying_states_equals_one_long_window():
    layers = build_layers(config())
    randomised(layers)
    x = keras.ops.convert_to_tensor(normalise(IDS, 9))
    whole, _ = forward(layers, x, layers.initial_states(3))
    first, states = forward(layers, x[:, :2], layers.initial_states(3))
    second, _ = forward(layers, x[:, 2:], states)
    np.testing.assert_allclose(np.concatenate([first, second], 1), whole, atol=1e-6)


def test_weights_have_the_names_and_shapes_of_the_configuration():
    for options in ({}, {"use_bias": False}, {"encoding": "embedding"}, {"encoding": "scalar", "units": (3,)}):
        layers = build_layers(config(**options))
        assert {name: value.shape for name, value in weight_values(layers).items()} == layers.config.weight_shapes


def test_one_hot_reads_every_id_of_a_large_vocabulary():
    ids = np.arange(8_000)[None]
    assert (np.argmax(OneHot(8_000)(normalise(ids, 8_000)), -1) == ids).all()


@pytest.mark.parametrize("random_seed", [0, 5, 2**31 - 1])
def test_small_random_seeds_are_passed_to_keras_unchanged(random_seed):
    assert keras_seed(random_seed) == random_seed


@pytest.mark.parametrize("random_seed", [2**31, 2**31 + 5, 2**32 - 1, 2**32 + 5, 2**62 + 5, 2**63 - 1])
def test_large_random_seeds_map_to_distinct_seeds(random_seed):
    assert 2**31 <= keras_seed(random_seed) < 2**32 - 4 * 64  # layers count up from it
    ours, theirs = (build_layers(config(dropout=0.5, drop_connect=0.5), random_seed=seed) for seed in (random_seed, 5))
    kernels = [weight_values(layers)["lstm_1/kernel"] for layers in (ours, theirs)]
    assert not np.array_equal(*kernels)
    states = [{tuple(np.asarray(state).tolist()) for state in layers.noise.states} for layers in (ours, theirs)]
    assert not states[0] & states[1]


def test_the_same_random_seed_gives_the_same_weights():
    first, again, other = (weight_values(build_layers(config(), random_seed=seed)) for seed in (1, 1, 2))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["dense/kernel"], other["dense/kernel"])


def test_options_reach_the_keras_layer():
    layers = build_layers(
        config(
            unit_forget_bias=False,
            kernel_initializer="ones",
            kernel_regularizer="l2:0.5",
            recurrent_regularizer="l1_l2:0.25,0.125",
            bias_constraint="max_norm:3",
            recurrent_dropout=0.25,
        )
    )
    lstm = layers.lstms[1]
    assert float(lstm.kernel_regularizer.l2) == 0.5
    assert (float(lstm.recurrent_regularizer.l1), float(lstm.recurrent_regularizer.l2)) == (0.25, 0.125)
    assert lstm.bias_constraint.max_value == 3
    assert lstm.recurrent_dropout == 0.25
    weights = weight_values(layers)
    assert (weights["lstm_1/kernel"] == 1).all()
    assert not weights["lstm_1/bias"].any()
    assert (weight_values(build_layers(config()))["lstm_1/bias"][5:10] == 1).all()  # the forget gate's


@pytest.mark.parametrize(
    ("encoding", "changed", "layers_kernel"),
    [
        ("one-hot", "lstm_1/kernel", "lstm_2/kernel"),
        ("embedding", "embedding/embeddings", "lstm_1/kernel"),
        ("scalar", "lstm_1/kernel", "lstm_2/kernel"),
    ],
)
def test_input_encoding_has_its_own_initialiser(encoding, changed, layers_kernel):
    size = {"encoding": encoding, "embedding_size": 90, "vocabulary_size": 90, "units": (90, 90, 90)}
    theirs = weight_values(build_layers(config(**size)))
    ours = weight_values(build_layers(config(**size, input_initializer="random_normal:2", kernel_initializer="constant:0.5")))
    assert ours[changed].std() == pytest.approx(2, rel=0.1)
    assert (ours[layers_kernel] == 0.5).all()
    assert theirs[changed].std() < 0.2
    assert not np.array_equal(theirs["lstm_2/kernel"], theirs["lstm_3/kernel"])


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("random_normal:0.5", lambda kernel: kernel.std() == pytest.approx(0.5, rel=0.1)),
        ("random_uniform:3", lambda kernel: 2.9 < np.abs(kernel).max() <= 3 and kernel.min() < 0),
        ("orthogonal:2", lambda kernel: np.allclose(kernel @ kernel.T, 4 * np.eye(40), atol=1e-4)),
        ("he_normal", lambda kernel: kernel.std() == pytest.approx(np.sqrt(2 / 40), rel=0.1)),
    ],
)
def test_initialisers_may_have_a_number(text, check):
    weights = weight_values(build_layers(config(units=(40, 40), kernel_initializer=text)))
    assert check(weights["lstm_2/kernel"])


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_initializer": "nonsense"},
        {"kernel_initializer": "he_normal:2"},
        {"recurrent_initializer": "orthogonal:x"},
        {"input_initializer": "random_normal:nan"},
        {"bias_initializer": "orthogonal:1"},
        {"bias_regularizer": "l3:1"},
        {"kernel_constraint": "max_norm:x"},
    ],
)
def test_unknown_keras_names_are_refused_with_the_setting(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        build_layers(config(**options))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("rows", [1, 3])
def test_scalar_inputs_are_distinct_in_every_precision(precision, rows):
    layers = build_layers(config(encoding="scalar", vocabulary_size=1_000), precision)
    lstm = layers.lstms[0]
    ids = np.tile(np.arange(1_000) if rows == 3 else np.arange(900), (rows, 1))
    projection = np.asarray(tf.cast(layers.first_input_projection(tf.constant(normalise(ids, 1_000)))[0], tf.float32))
    exact = normalise(ids[0], 1_000) @ np.asarray(lstm.cell.kernel) + np.asarray(lstm.cell.bias)
    # Rounding happens after the product, never before: at most half a unit in the eighth bit.
    np.testing.assert_allclose(projection, exact, rtol=2.0**-8, atol=1e-7)
