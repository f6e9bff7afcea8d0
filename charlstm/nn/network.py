"""The network in Keras: ``Input(seq_len, 1) -> encoding -> LSTM x layers -> softmax Dense(V)``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from charlstm.choices import Precision
from charlstm.config import ModelConfig
from charlstm.nn.fused_lstm import FusedLSTM
from charlstm.nn.input_encoding import CharacterEmbedding, OneHot, character_ids
from charlstm.nn.keras_options import input_options, lstm_options
from charlstm.nn.masks import NOTHING_DROPPED, DropoutNoise, Masks, connections_dropped
from charlstm.nn.quiet import create_devices
from charlstm.nn.recurrence import look_up_rows
from charlstm.nn.softmax import large_cross_entropy
from charlstm.planning.adaptation import LARGE_VOCABULARY

Tensor = Any
States = tuple[tuple[Tensor, Tensor], ...]
"""``h`` and ``c`` of every LSTM layer, each ``[B, u]``."""


@dataclass(frozen=True)
class Layers:
    """The layers of one network, with their weights.

    Attributes:
        config: The model's configuration.
        encoding: The input encoding; None for ``scalar``, where the first LSTM reads the normalised windows directly.
        lstms: The LSTM layers.
        dropouts: One after each LSTM layer.
        dense: The softmax layer.
        noise: The source of the dropout masks.
    """

    config: ModelConfig
    encoding: keras.layers.Layer | None
    lstms: tuple[FusedLSTM, ...]
    dropouts: tuple[keras.layers.Dropout, ...]
    dense: keras.layers.Dense
    noise: DropoutNoise

    @property
    def weights(self) -> dict[str, keras.Variable]:
        """Every weight by its name in ``model.safetensors``, in the order of ``config.weight_shapes``."""
        layers = [self.encoding, *self.lstms, self.dense]
        variables = [variable for layer in layers if layer is not None for variable in layer.trainable_weights]
        return dict(zip(self.config.weight_shapes, variables, strict=True))

    def encode(self, x: Tensor) -> Tensor:
        """Return the first LSTM's input for normalised windows: ``[B, T, 1] -> [B, T, d]``."""
        return x if self.encoding is None else self.encoding(x)

    def first_input_projection(self, x: Tensor) -> Tensor:
        """Return the first LSTM's input projection: ``[B, T, 1] -> [B, T, 4u]``.

        If the windows have more than V positions, it is cheaper to project each of the V characters once and look up the
        results. One-hot vectors need no product at all.
        """
        lstm, size = self.lstms[0], self.config.vocabulary_size
        ids = character_ids(x, size)
        if self.config.encoding == "one-hot":
            return lstm.one_hot_input_projection(ids)
        if (ids.shape.num_elements() or 0) < size:
            return lstm.input_projection(self.encode(x), exact=True)
        every = tf.range(size, dtype=tf.float32)[:, None, None] / size
        return look_up_rows(lstm.input_projection(self.encode(every)[:, 0], exact=True), ids)

    def assign(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Set every weight."""
        for name, variable in self.weights.items():
            variable.assign(weights[name])

    def initial_states(self, batch: int) -> States:
        """Return the zero states of all LSTM layers."""
        return tuple((tf.zeros((batch, lstm.units)), tf.zeros((batch, lstm.units))) for lstm in self.lstms)


def keras_seed(random_seed: int) -> int:
    """Return a 32-bit seed for Keras: the random seed itself below ``2**31``, a hash of a larger one.

    Layers use the seeds that follow it. The hash is small enough that these stay below ``2**32``.
    """
    if random_seed < 2**31:
        return random_seed
    return 2**31 + int(np.random.SeedSequence(random_seed).generate_state(1)[0]) % (2**31 - 2**10)


def build_layers(config: ModelConfig, precision: Precision = "float32", random_seed: int = 0) -> Layers:
    """Build a network's layers with freshly initialised weights.

    The weights are always float32. With a precision of ``bfloat16``, the LSTM layers compute in bfloat16 (Keras's
    ``mixed_bfloat16``). Encoding and softmax stay in float32, where ``round(x * V)`` is exact. For a large V,
    :func:`cross_entropy` multiplies in the compute type too.

    Raises:
        ConfigError: If an option is not known to Keras.
    """
    create_devices()
    first_seed = keras_seed(random_seed)
    keras.utils.set_random_seed(first_seed)
    options, first_options = lstm_options(config), input_options(config)
    encoding: keras.layers.Layer | None = None
    if config.encoding == "one-hot":
        encoding = OneHot(config.vocabulary_size, name="one_hot")
    elif config.encoding == "embedding":
        encoding = CharacterEmbedding(config.vocabulary_size, config.embedding_size, **first_options, name="embedding")
    every = config.targets == "every"
    last = len(config.units)
    lstms, dropouts = [], []
    policy = "mixed_bfloat16" if precision == "bfloat16" else "float32"
    for number, units in enumerate(config.units, start=1):
        sequences = every or number < last
        lstms.append(
            FusedLSTM(
                units,
                **{**options, **(first_options if number == 1 and config.encoding != "embedding" else {})},
                return_sequences=sequences,
                return_state=True,
                seed=first_seed + number,
                dtype=policy,
                name=f"lstm_{number}",
            )
        )
        dropouts.append(
            keras.layers.Dropout(
                config.dropout,
                noise_shape=(None, 1, None) if sequences else None,
                seed=first_seed + last + number,
                dtype=policy,
                name=f"dropout_{number}",
            )
        )
    dense = keras.layers.Dense(config.vocabulary_size, activation="softmax", name="dense")
    connection_seeds = tuple(keras.random.SeedGenerator(first_seed + 2 * last + 1 + number) for number in range(last))
    noise = DropoutNoise(tuple(lstms), tuple(dropouts), config.drop_connect, connection_seeds)
    layers = Layers(config, encoding, noise.lstms, noise.dropouts, dense, noise)
    keras_model(layers, config.seq_len)  # creates the weights
    return layers


def keras_model(layers: Layers, seq_len: int | None) -> keras.Model:
    """Return the layers as a Keras model from windows ``[B, T, 1]`` to probabilities, ``[B, V]`` or ``[B, T, V]``.

    It is not for export, because its LSTM layers are charlstm's own. :func:`charlstm.nn.plain_keras.plain_keras` builds the
    network of standard layers.

    Args:
        layers: The layers; the model shares their weights.
        seq_len: T, or None for windows of any length.
    """
    x = y = keras.Input((seq_len, 1), name="windows")
    if layers.encoding is not None:
        y = layers.encoding(y)
    for lstm, dropout in zip(layers.lstms, layers.dropouts, strict=True):
        y = dropout(lstm(y)[0])
    every = layers.config.targets == "every"
    output = keras.layers.TimeDistributed(layers.dense, name="time_distributed")(y) if every else layers.dense(y)
    return keras.Model(x, output, name="charlstm")


def features(layers: Layers, x: Tensor, states: States, masks: Masks | None = None) -> tuple[Tensor, States]:
    """Run the LSTM layers over windows, from given initial states.

    Args:
        layers: The network.
        x: Normalised windows: ``[B, T, 1]``.
        states: ``h`` and ``c`` of every layer before the first character.
        masks: In training, the dropout masks from :class:`charlstm.nn.masks.DropoutNoise`.

    Returns:
        The input of the softmax layer in the compute type, ``[B, u]`` for ``targets="last"`` and ``[B, T, u]`` for ``"every"``;
        and the states after the last character.
    """
    after, y = [], x
    for number, (lstm, state) in enumerate(zip(layers.lstms, states, strict=True)):
        mask = masks[number] if masks else NOTHING_DROPPED
        if lstm.keras_path_because():
            y = layers.encode(x) if number == 0 else y
            with connections_dropped(lstm, mask.connections):
                y, *state_after = lstm(y, initial_state=list(state), training=masks is not None)
            h, c = (tf.cast(value, tf.float32) for value in state_after)
        else:
            input_projection = layers.first_input_projection(x) if number == 0 else lstm.input_projection(y)
            outputs, h, c = lstm.run_recurrence(input_projection, state, mask.recurrent, mask.connections)
            y = outputs if lstm.return_sequences else tf.cast(h, lstm.compute_dtype)
        after.append((h, c))
        if mask.output is not None:
            y *= tf.cast(mask.output, y.dtype)
    return y, tuple(after)


def forward(layers: Layers, x: Tensor, states: States, masks: Masks | None = None) -> tuple[Tensor, States]:
    """Return logits, ``[B, V]`` or ``[B, T, V]``, and the states after the last character; see :func:`features`."""
    y, after = features(layers, x, states, masks)
    return ops.matmul(ops.cast(y, "float32"), layers.dense.kernel) + layers.dense.bias, after


def cross_entropy(layers: Layers, y: Tensor, targets: Tensor) -> Tensor:
    """Return the negative log-likelihood of each target, in nats and in the targets' shape.

    For a large vocabulary, the products are in the compute type. For a small one they are in float32, since they take a small
    part of a step.

    Args:
        layers: The network.
        y: The input of the softmax layer, from :func:`features`.
        targets: Ids ``[B]`` or ``[B, T]``.
    """
    kernel, bias = layers.dense.kernel.value, layers.dense.bias.value
    if layers.config.vocabulary_size <= LARGE_VOCABULARY:
        logits = ops.matmul(ops.cast(y, "float32"), kernel) + bias
        return tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
    rows = tf.reshape(y, (-1, kernel.shape[0]))
    return tf.reshape(large_cross_entropy(rows, kernel, bias, tf.reshape(targets, (-1,))), tf.shape(targets))


def weight_values(layers: Layers) -> dict[str, NDArray[np.float32]]:
    """Return a copy of every weight, by name."""
    return {name: array_of(variable) for name, variable in layers.weights.items()}


def array_of(value: Any) -> NDArray[Any]:
    """Return a copy of a variable or tensor; ``numpy()`` may return a view, which later steps would change."""
    return np.copy(tf.convert_to_tensor(value).numpy())
