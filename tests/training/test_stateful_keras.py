"""Training on streams against plain Keras: ``LSTM(stateful=True)`` layers that nobody here wrote, over three epochs.

Rows that start from zero states are reset by hand in Keras's layers, which can only reset all of them. A state that is dropped,
never reset, or carried to another row or layer changes the loss of the next batch.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from charlstm.config import ModelConfig, TrainingConfig
from charlstm.text.batches import batch_source
from charlstm.text.windows import denormalise
from charlstm.training.trainer import Trainer

IDS = np.random.default_rng(0).integers(0, 7, 6 * 5 * 7 + 4).astype(np.uint8)  # seven batches an epoch, and a remainder
RATE = 1e-2


def plain_keras(model: ModelConfig, rows: int) -> keras.Sequential:
    """Return the network of standard layers; ids go in for embeddings, vectors otherwise."""
    first = (
        [keras.Input((model.seq_len,), batch_size=rows), keras.layers.Embedding(7, model.embedding_size)]
        if model.encoding == "embedding"
        else [keras.Input((model.seq_len, model.features), batch_size=rows)]
    )
    lstms = [keras.layers.LSTM(units, return_sequences=True, stateful=True) for units in model.units]
    return keras.Sequential([*first, *lstms, keras.layers.Dense(7, activation="softmax")])


def read_by_keras(model: ModelConfig, x: np.ndarray) -> np.ndarray:
    ids = denormalise(x, 7)
    return {"embedding": ids, "one-hot": np.eye(7, dtype=np.float32)[ids], "scalar": x}[model.encoding]


@pytest.mark.parametrize(
    ("options", "state_reset"),
    [
        pytest.param({"units": (6,)}, 0.0, marks=pytest.mark.slow),
        pytest.param({"units": (6, 5)}, 0.0, marks=pytest.mark.slow),
        pytest.param({"units": (4, 6, 5)}, 0.3, marks=pytest.mark.slow),
        ({"units": (6, 5), "encoding": "embedding", "embedding_size": 3}, 0.3),
        pytest.param({"units": (5, 4), "encoding": "scalar"}, 0.5, marks=pytest.mark.slow),
    ],
    ids=["one layer", "two layers", "three layers, resets", "embeddings, resets", "scalar, resets"],
)
def test_three_epochs_of_streams_equal_stateful_keras_layers(options, state_reset):
    model = ModelConfig(vocabulary_size=7, seq_len=5, **options)
    training = TrainingConfig(batch_size=6, state_reset=state_reset, weight_average=0.0, clip_norm=0.0)
    source, ours = batch_source(IDS, model, training), Trainer(model, training)
    theirs = plain_keras(model, 6)
    theirs.set_weights([ours.weights()[name] for name in model.weight_shapes])
    lstms = [layer for layer in theirs.layers if isinstance(layer, keras.layers.LSTM)]
    adam = keras.optimizers.Adam(RATE)
    adam.build(theirs.trainable_variables)

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, theirs(x, training=True)))
        gradients = tape.gradient(loss, [variable.value for variable in theirs.trainable_variables])
        # Embedding gradients are sparse, for which Keras's Adam does not update the moments of rows without a gradient.
        adam.apply([tf.convert_to_tensor(gradient) for gradient in gradients], theirs.trainable_variables)
        return loss

    epoch = source.steps_per_epoch
    assert epoch == 7
    resets = 0
    for number in range(3 * epoch):
        batch = source.batch(number)
        for lstm in lstms:
            for state in lstm.states:
                state.assign(state * batch.kept)
        resets += int((batch.kept == 0).sum()) if number % epoch else 0
        expected = float(step(tf.constant(read_by_keras(model, batch.x)), tf.constant(batch.y)))
        assert ours.step(batch, RATE) == pytest.approx(expected, rel=2e-5), number
    assert (resets > 0) == (state_reset > 0)
    for name, value in zip(model.weight_shapes, theirs.get_weights(), strict=True):
        np.testing.assert_allclose(ours.weights()[name], value, atol=2e-5)
