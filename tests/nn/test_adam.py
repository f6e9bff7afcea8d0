"""The optimiser against Keras's AdamW, with every update compiled and with none."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from charlstm.nn import adam
from charlstm.nn.adam import Adam

SHAPES = ((9, 6), (6,), (6, 4))
STEPS = 12


@pytest.fixture(params=[0, 10**9], ids=["compiled", "plain"])
def _threshold(request, monkeypatch):
    monkeypatch.setattr(adam, "COMPILED", request.param)


def weights(constraint=None) -> list[keras.Variable]:
    random = np.random.default_rng(0)
    variables = [keras.Variable(random.normal(size=shape).astype(np.float32), name="weight") for shape in SHAPES]
    variables[0].constraint = constraint
    return variables


def gradients(step: int) -> list[np.ndarray]:
    """Return gradients of very different sizes; only three rows of the first are non-zero."""
    random = np.random.default_rng([1, step])
    dense = [random.normal(0, 10.0 ** -(step % 4), shape).astype(np.float32) for shape in SHAPES]
    dense[0][[0, 1, 4, 5, 7, 8]] = 0
    return dense


def by_row(gradient: np.ndarray) -> tf.IndexedSlices:
    """Return a sparse gradient as a lookup gives it: rows in any order, one of them twice."""
    values = np.stack([gradient[6], gradient[2] * 0.25, gradient[3], gradient[2] * 0.75])
    return tf.IndexedSlices(tf.constant(values), tf.constant([6, 2, 3, 2]), tf.constant(gradient.shape))


def trained(optimizer: Adam, *, rows: bool) -> None:
    @tf.function
    def update(gradients, rate, momentum):
        if rows:
            gradients = [tf.IndexedSlices(gradients[0].values, gradients[0].indices, SHAPES[0]), *gradients[1:]]
        optimizer.apply(gradients, rate, momentum)

    for step in range(STEPS):
        first, *others = map(tf.constant, gradients(step))
        update([by_row(first.numpy()) if rows else first, *others], tf.constant(0.01 / (1 + step)), tf.constant(0.9))


@pytest.mark.usefixtures("_threshold")
@pytest.mark.parametrize("rows", [False, True], ids=["dense", "by row"])
@pytest.mark.parametrize(
    ("options", "constraint"),
    [
        pytest.param({}, None, marks=pytest.mark.slow),
        pytest.param({"clip_norm": 0.3}, None, marks=pytest.mark.slow),
        pytest.param({"clip_norm": 1e9, "weight_decay": 0.5}, None, marks=pytest.mark.slow),
        ({"clip_norm": 0.3, "weight_decay": 0.5}, keras.constraints.MaxNorm(0.8)),
    ],
    ids=["nothing", "clip", "decay", "all"],
)
def test_updates_equal_those_of_keras(rows, options, constraint):
    theirs = weights(constraint)
    keras_adam = keras.optimizers.AdamW(
        0.01, weight_decay=options.get("weight_decay", 0.0), global_clipnorm=options.get("clip_norm")
    )
    keras_adam.exclude_from_weight_decay([theirs[1]])
    keras_adam.build(theirs)
    for step in range(STEPS):
        keras_adam.learning_rate.assign(0.01 / (1 + step))
        keras_adam.apply([tf.constant(gradient) for gradient in gradients(step)], theirs)

    ours = weights(constraint)
    optimizer = Adam(ours, [], **options)
    trained(optimizer, rows=rows)
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=2e-6, atol=2e-7)
    moments = [variable for variable in keras_adam.variables if variable.path.endswith(("momentum", "velocity"))]
    for mine, other in zip(optimizer.variables[1:], moments, strict=True):
        np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=2e-6, atol=2e-7)


@pytest.mark.usefixtures("_threshold")
@pytest.mark.parametrize("rows", [False, True], ids=["dense", "by row"])
def test_multiplied_rates_equal_an_optimizer_of_keras_for_each_weight(rows):
    multipliers, theirs = [8.0, 1.0, 0.25], weights()
    for number, (multiplier, weight) in enumerate(zip(multipliers, theirs, strict=True)):
        keras_adam = keras.optimizers.AdamW(0.01, weight_decay=0.0 if number == 1 else 0.5 / multiplier)
        keras_adam.build([weight])
        for step in range(STEPS):
            keras_adam.learning_rate.assign(multiplier * 0.01 / (1 + step))
            keras_adam.apply([tf.constant(gradients(step)[number])], [weight])

    ours = weights()
    trained(Adam(ours, [], weight_decay=0.5, rate_multipliers=multipliers), rows=rows)
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=2e-6, atol=2e-7)


@pytest.mark.usefixtures("_threshold")
@pytest.mark.parametrize("rows", [False, True])
def test_averages_follow_the_constrained_weights(rows):
    ours = weights(keras.constraints.MaxNorm(0.8))
    averages = [tf.Variable(weight.value) for weight in ours]
    optimizer = Adam(ours, averages)
    expected = [average.numpy() for average in averages]
    for step in range(3):
        first, *others = map(tf.constant, gradients(step))
        optimizer.apply([by_row(first.numpy()) if rows else first, *others], tf.constant(0.1), tf.constant(0.75))
        expected = [0.75 * average + 0.25 * weight.numpy() for average, weight in zip(expected, ours, strict=True)]
    assert np.linalg.norm(ours[0].numpy(), axis=0).max() <= 0.8 + 1e-6
    for average, value in zip(averages, expected, strict=True):
        np.testing.assert_allclose(average.numpy(), value, rtol=1e-5, atol=1e-7)


def test_variables_are_saved_in_the_order_of_keras():
    ours, theirs = Adam(weights(), []), keras.optimizers.Adam(0.01)
    theirs.build(weights())
    kept = [variable for variable in theirs.variables if variable is not theirs.learning_rate]
    assert [(tuple(each.shape), each.dtype.name) for each in ours.variables] == [(each.shape, each.dtype) for each in kept]
    assert [each.path.rpartition("_")[2] for each in kept[1:]] == ["momentum", "velocity"] * len(SHAPES)


@pytest.mark.usefixtures("_threshold")
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_non_finite_gradient_makes_every_weight_nan(wrong):
    ours = weights()
    first, *others = map(tf.constant, gradients(0))
    Adam(ours, [], clip_norm=1.0).apply([first, others[0] * wrong, others[1]], tf.constant(0.1), tf.constant(0.0))
    assert all(np.isnan(weight.numpy()).all() for weight in ours)


@pytest.mark.usefixtures("_threshold")
def test_rows_without_a_gradient_move_by_their_momentum():
    ours = weights()
    optimizer = Adam(ours, [])
    first, *others = map(tf.constant, gradients(0))
    optimizer.apply([tf.ones(SHAPES[0]), *others], tf.constant(0.1), tf.constant(0.0))
    before = ours[0].numpy()
    optimizer.apply([by_row(first.numpy()), *others], tf.constant(0.1), tf.constant(0.0))
    assert (before != ours[0].numpy()).all()


@pytest.mark.parametrize(
    ("replicas", "devices", "compiled"), [(1, 1, [(SHAPES[0], True)]), (2, 1, [(SHAPES[0], True)]), (2, 2, [])]
)
def test_one_device_compiles_large_weights_and_keeps_their_rows(monkeypatch, replicas, devices, compiled):
    found = []

    def record(weight, m, v, average, gradient, *_):
        found.append((tuple(weight.shape), isinstance(gradient, tf.IndexedSlices)))

    def merge_call(function, args):
        function(tf.distribute.get_strategy(), *args)

    monkeypatch.setattr(adam, "COMPILED", 9 * 6)  # as many elements as the first weight has; the others have fewer
    monkeypatch.setattr(adam, "_in_one_pass", record)
    strategy = SimpleNamespace(extended=SimpleNamespace(worker_devices=("CPU:0", "CPU:1")[:devices]))
    context = SimpleNamespace(num_replicas_in_sync=replicas, merge_call=merge_call, strategy=strategy)
    monkeypatch.setattr(tf.distribute, "get_replica_context", lambda: context)
    first, *others = gradients(0)
    Adam(weights(), []).apply([by_row(first), *map(tf.constant, others)], tf.constant(0.1), tf.constant(0.0))
    assert found == compiled
