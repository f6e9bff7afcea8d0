"""The training step against exact gradients and Keras's own ``fit``."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from charlstm.config import ModelConfig, TrainingConfig
from charlstm.errors import CheckpointError
from charlstm.nn.network import build_layers, keras_model, weight_values
from charlstm.text.batches import Batch, batch_source
from charlstm.text.windows import denormalise
from charlstm.training.trainer import Trainer
from tests.cases import slow

IDS = np.random.default_rng(0).integers(0, 7, 400).astype(np.uint8)
PLAIN = {"weight_average": 0.0, "clip_norm": 0.0, "batch_size": 4}


def parts(model: dict, training: dict) -> tuple[ModelConfig, TrainingConfig]:
    return (
        ModelConfig(**{"vocabulary_size": 7, "seq_len": 5, "units": (6,), **model}),
        TrainingConfig(**{**PLAIN, **training}),
    )


COMPILED: dict[tuple[ModelConfig, TrainingConfig], tuple[Trainer, dict[str, np.ndarray]]] = {}


def fresh(model: ModelConfig, training: TrainingConfig) -> Trainer:
    """Return a trainer at its start, the same one for the same settings: its step is compiled once."""
    if (model, training) not in COMPILED:
        trainer = Trainer(model, training)
        COMPILED[model, training] = trainer, trainer.snapshot()
    trainer, start = COMPILED[model, training]
    trainer.restore(start, 0)
    return trainer


def trained(model: ModelConfig, training: TrainingConfig, steps: int) -> Trainer:
    trainer, source = fresh(model, training), batch_source(IDS, model, training)
    for step in range(steps):
        trainer.step(source.batch(step), 1e-2)
    return trainer


@pytest.mark.parametrize(("targets", "weight_decay"), [slow("last", 0.0), slow("every", 0.0), ("every", 0.5)])
def test_steps_on_windows_are_keras_fit(targets, weight_decay):
    model, training = parts({"targets": targets}, {"batches": "windows", "weight_decay": weight_decay})
    source = batch_source(IDS, model, training)
    layers = build_layers(model, random_seed=training.random_seed)
    theirs = keras_model(layers, 5)
    adam = keras.optimizers.AdamW(1e-2, weight_decay=weight_decay)
    adam.exclude_from_weight_decay([variable for variable in theirs.trainable_variables if "bias" in variable.name])
    theirs.compile(adam, keras.losses.SparseCategoricalCrossentropy())
    ours = Trainer(model, training)
    for step in range(5):
        batch = source.batch(step)
        expected = theirs.train_on_batch(batch.x, batch.y)
        assert ours.step(batch, 1e-2) == pytest.approx(float(np.mean(expected)), rel=1e-4) or step > 0
    for name, value in weight_values(layers).items():
        np.testing.assert_allclose(ours.weights()[name], value, atol=2e-5)


def test_the_reported_loss_is_the_mean_over_every_target():
    model, training = parts({}, {})
    trainer, batch = fresh(model, training), batch_source(IDS, model, training).batch(0)
    probabilities = np.asarray(keras_model(trainer.layers, 5)(batch.x))
    expected = -np.log(np.take_along_axis(probabilities, batch.y[..., None], -1)).mean()
    assert trainer.step(batch, 1e-2) == pytest.approx(expected, rel=1e-5)


def test_streams_carry_their_states_unless_reset():
    model, training = parts({}, {"state_reset": 0.0})
    source = batch_source(IDS, model, training)
    first, second = source.batch(0), source.batch(1)
    joined = Batch(np.concatenate([first.x, second.x], 1), np.concatenate([first.y, second.y], 1), first.kept)

    def second_loss(kept: np.ndarray) -> float:
        trainer = fresh(model, training)
        trainer.step(first, 0.0)  # a zero learning rate changes the states only
        return trainer.step(Batch(second.x, second.y, kept), 0.0)

    whole, alone = fresh(model, training).step(joined, 0.0), fresh(model, training).step(first, 0.0)
    carried = second_loss(np.ones((4, 1), np.float32))
    assert (alone + carried) / 2 == pytest.approx(whole, rel=1e-5)
    from_zero = fresh(model, training).step(Batch(*second[:2], first.kept), 0.0)
    assert second_loss(np.zeros((4, 1), np.float32)) == pytest.approx(from_zero, rel=1e-5)
    assert second_loss(np.array([[1], [0], [0], [0]], np.float32)) != pytest.approx(carried, rel=1e-6)


def test_the_gradient_is_clipped_to_the_norm():
    model, training = parts({}, {"clip_norm": 1e-9})
    trainer = trained(model, training, 1)
    # Adam divides by the gradient's own size, so a norm far below its epsilon of 1e-7 is what makes the step small.
    before = weight_values(build_layers(model, random_seed=training.random_seed))
    moved = max(np.abs(trainer.weights()[name] - before[name]).max() for name in before)
    unclipped = trained(*parts({}, {}), 1).weights()
    assert moved < 1e-3 < max(np.abs(unclipped[name] - before[name]).max() for name in before)


@pytest.mark.parametrize("encoding", ["one-hot", "embedding", slow("scalar")])
def test_the_multiplied_rate_is_that_of_the_weights_that_read_the_characters(encoding):
    settings = [parts({"encoding": encoding}, {"input_rate_multiplier": multiplier}) for multiplier in (1.0, 3.0)]
    before = fresh(*settings[0]).weights()
    once, thrice = (trained(*each, 1).weights() for each in settings)
    first, *others = before
    assert first == ("embedding/embeddings" if encoding == "embedding" else "lstm_1/kernel")
    np.testing.assert_allclose(thrice[first] - before[first], 3 * (once[first] - before[first]), atol=1e-6)
    assert np.abs(once[first] - before[first]).max() > 0.009
    for name in others:
        np.testing.assert_array_equal(thrice[name], once[name])


def test_the_ema_follows_the_weights():
    model, training = parts({}, {"weight_average": 0.5})
    trainer = Trainer(model, training)
    source, average = batch_source(IDS, model, training), weight_values(trainer.layers)
    for step in range(12):
        trainer.step(source.batch(step), 1e-2)
        momentum = min(0.5, (1 + step) / (10 + step))
        now = weight_values(trainer.layers)
        average = {name: momentum * average[name] + (1 - momentum) * now[name] for name in now}
    for name, value in trainer.weights().items():
        np.testing.assert_allclose(value, average[name], atol=1e-6)
    assert not np.allclose(trainer.weights()["dense/kernel"], now["dense/kernel"])


def test_regularisers_and_constraints_act_in_training_but_not_in_the_loss():
    free = trained(*parts({}, {}), 20).weights()
    shrunk = trained(*parts({"kernel_regularizer": "l2:1.0"}, {}), 20).weights()
    bounded = trained(*parts({"kernel_constraint": "max_norm:0.1"}, {}), 3).weights()
    assert np.abs(shrunk["lstm_1/kernel"]).mean() < 0.8 * np.abs(free["lstm_1/kernel"]).mean()
    assert np.linalg.norm(bounded["lstm_1/kernel"], axis=0).max() < 0.1001
    losses = []
    for options in ({}, {"kernel_regularizer": "l2:1.0"}):
        model, training = parts(options, {})
        losses.append(fresh(model, training).step(batch_source(IDS, model, training).batch(0), 1e-2))
    assert losses[0] == losses[1]


@pytest.mark.parametrize(
    "model",
    [
        # Beside the fast test of a run that is interrupted, whose arrays are compared too.
        slow({"dropout": 0.3, "recurrent_dropout": 0.2, "drop_connect": 0.2, "units": (6, 5)}),
        pytest.param({"targets": "last", "encoding": "embedding"}, marks=pytest.mark.slow),
        # In Keras's own loop.
        pytest.param({"recurrent_dropout": 0.2, "drop_connect": 0.2, "activation": "silu"}, marks=pytest.mark.slow),
    ],
)
def test_a_restored_trainer_gives_identical_steps(model):
    configs = parts(model, {"weight_average": 0.9})
    first, second, source = Trainer(*configs), Trainer(*configs), batch_source(IDS, *configs)
    for step in range(3):
        first.step(source.batch(step), 1e-2)
    second.restore(first.snapshot(), 3)
    for step in range(3, 6):
        first.step(source.batch(step), 1e-2)
    for step in range(3, 6):
        second.step(source.batch(step), 1e-2)
    ours, expected = second.snapshot(), first.snapshot()
    assert ours.keys() == expected.keys()
    assert all(np.array_equal(ours[name], expected[name]) for name in expected)


@pytest.mark.parametrize(
    "option", [{}, slow({"dropout": 0.5}), {"recurrent_dropout": 0.5}, slow({"drop_connect": 0.5})], ids=str
)
def test_every_step_draws_new_masks(option):
    model, training = parts(option, {})
    trainer, batch = fresh(model, training), batch_source(IDS, model, training).batch(0)
    assert not batch.kept.any()
    first, second = (trainer.step(batch, 0.0) for _ in range(2))  # a zero learning rate keeps the weights
    assert (first == second) == (not option)


def test_layout_is_that_of_a_snapshot():
    trainer = Trainer(*parts({"units": (6, 5), "dropout": 0.3}, {"weight_average": 0.9}))
    assert trainer.layout() == {name: (array.shape, array.dtype.name) for name, array in trainer.snapshot().items()}
    assert trainer.layout()["states/1/c"] == ((4, 5), "float32")
    assert trainer.layout()["average/dense/kernel"] == ((5, 7), "float32")
    assert not any(name.startswith("average/") for name in Trainer(*parts({}, {})).layout())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"states/0/h": None}, "states/0/h is missing and should be ((4, 6), 'float32')"),
        ({"states/9/h": np.zeros(2)}, "states/9/h is ((2,), 'float64') and should be left out"),
        ({"weights/dense/bias": np.zeros(8, "f")}, "weights/dense/bias is ((8,), 'float32') and should be ((7,), 'float32')"),
        ({"optimizer/0": np.zeros((), "i4")}, "optimizer/0 is ((), 'int32') and should be ((), 'int64')"),
        ({"optimizer/1": None, "average/dense/bias": None}, "average/dense/bias is missing"),
    ],
    ids=["missing", "unknown", "shape", "type", "two"],
)
def test_arrays_of_another_training_are_refused(changes, message):
    configs = parts({}, {"weight_average": 0.9})
    trainer = Trainer(*configs)
    before, other = trainer.snapshot(), trained(*configs, 1).snapshot() | changes
    with pytest.raises(CheckpointError) as caught:
        trainer.restore({name: array for name, array in other.items() if array is not None}, 1)
    assert message in str(caught.value)
    assert trainer.steps == 0
    for name, array in trainer.snapshot().items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize("weight_average", [0.0, 0.9])
def test_assign_sets_the_weights_and_their_average(weight_average):
    model, training = parts({}, {"weight_average": weight_average})
    trainer, other = Trainer(model, training), weight_values(build_layers(model, random_seed=training.random_seed + 1))
    trainer.assign(other)
    assert trainer.weights().keys() == other.keys()
    for name, value in other.items():
        np.testing.assert_array_equal(trainer.weights()[name], value)
        np.testing.assert_array_equal(weight_values(trainer.layers)[name], value)


def test_received_is_the_message_of_the_last_step():
    model, training = parts({}, {})
    trainer, source = fresh(model, training), batch_source(IDS, model, training)
    received = [trainer.received.tolist()]
    for step, message in enumerate([(), (np.array([1, 20, 0.5], np.float32),), ()]):
        trainer.step(source.batch(step), 1e-2, *message)
        received.append(trainer.received.tolist())
    assert received == [[0, 0, 0], [0, 0, 0], [1, 20, 0.5], [0, 0, 0]]


def test_bfloat16_keeps_float32_weights_and_exact_ids():
    model, training = parts({"vocabulary_size": 2_000}, {"precision": "bfloat16"})
    trainer = Trainer(model, training)
    assert trainer.layers.lstms[0].compute_dtype == "bfloat16"
    assert {variable.dtype for variable in trainer.layers.weights.values()} == {"float32"}
    loss = trainer.step(batch_source(IDS, model, training).batch(0), 1e-2)
    assert loss == pytest.approx(np.log(2_000), rel=0.02)
    x = np.arange(2_000, dtype=np.float32)[None, :, None] / np.float32(2_000)
    assert (np.argmax(trainer.layers.encoding(tf.constant(x)), -1) == denormalise(x, 2_000)).all()
