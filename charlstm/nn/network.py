"""The network in Keras: ``Input(seq_len, 1) -> encoding -> LSTM x layers -> softmax Dense(V)``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from charlstm.config import ModelConfig, Precision
from charlstm.nn.fused_lstm import FusedLSTM
from charlstm.nn.keras_options import input_options, lstm_options
from charlstm.nn.masks import NOTHING_DROPPED, DropoutNoise, Masks, connections_dropped
from charlstm.nn.quiet import create_devices
from charlstm.nn.recurrence import look_up_rows
from charlstm.nn.softmax import large_cross_entropy
from charlstm.planning.adaptation import LARGE_VOCABULARY

Tensor = Any
States = tuple[tuple[Tensor, Tensor], ...]
"""``h`` and ``c`` of every LSTM layer, each ``[B, u]``."""


def character_ids(x: Tensor, vocabulary_size: int) -> Tensor:
    """The ids of normalised windows, exactly: ``[B, T, 1] -> [B, T]``."""
    return ops.cast(ops.round(x[..., 0] * vocabulary_size), "int32")


@keras.saving.register_keras_serializable("charlstm")
class OneHot(keras.layers.Layer):
    """Normalised windows as one-hot vectors: ``[B, T, 1] -> [B, T, V]``."""

    def __init__(self, vocabulary_size: int, **kwargs: Any) -> None:
        """Make the layer for an alphabet of V characters."""
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size

    def call(self, x: Tensor) -> Tensor:
        """Encode."""
        return ops.one_hot(character_ids(x, self.vocabulary_size), self.vocabulary_size, dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """For Keras's own serialisation."""
        return {**super().get_config(), "vocabulary_size": self.vocabulary_size}


@keras.saving.register_keras_serializable("charlstm")
class CharacterEmbedding(keras.layers.Embedding):
    """Normalised windows as learnt vectors: ``[B, T, 1] -> [B, T, E]``."""

    def call(self, x: Tensor) -> Tensor:
        """Look up."""
        return super().call(character_ids(x, self.input_dim))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The feature axis becomes E."""
        return (*input_shape[:-1], self.output_dim)


@dataclass(frozen=True)
class Layers:
    """The layers of one network, with their weights.

    Attributes:
        config: What it is.
        encoding: None for ``scalar``: the windows go into the first LSTM as they are.
        lstms: The LSTM layers.
        dropouts: One after each LSTM layer.
        dense: The softmax layer.
        noise: What dropout draws its masks from.
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
        """What the first LSTM reads of normalised windows: ``[B, T, 1] -> [B, T, d]``."""
        return x if self.encoding is None else self.encoding(x)

    def first_shares(self, x: Tensor) -> Tensor:
        """The input's share of the first LSTM's gates: ``[B, T, 1] -> [B, T, 4u]``.

        There are only V different characters: as long as the windows have more than that, a product for each of the V and
        a look-up is less work than one for every position. One-hot vectors need no product at all.
        """
        lstm, size = self.lstms[0], self.config.vocabulary_size
        ids = character_ids(x, size)
        if self.config.encoding == "one-hot":
            return lstm.shares_of_one_hot(ids)
        if (ids.shape.num_elements() or 0) < size:
            return lstm.shares(self.encode(x), exact=True)
        every = tf.range(size, dtype=tf.float32)[:, None, None] / size
        return look_up_rows(lstm.shares(self.encode(every)[:, 0], exact=True), ids)

    def assign(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Set every weight."""
        for name, variable in self.weights.items():
            variable.assign(weights[name])

    def zero_states(self, batch: int) -> States:
        """The states of layers that have read nothing."""
        return tuple((tf.zeros((batch, lstm.units)), tf.zeros((batch, lstm.units))) for lstm in self.lstms)


def keras_seed(random_seed: int) -> int:
    """Return the seed that Keras gets, which has 32 bits: the random seed itself below ``2**31``, a hash of a larger one.

    Layers count up from it, and the hash leaves them room.
    """
    if random_seed < 2**31:
        return random_seed
    return 2**31 + int(np.random.SeedSequence(random_seed).generate_state(1)[0]) % (2**31 - 2**10)


def build_layers(config: ModelConfig, precision: Precision = "float32", random_seed: int = 0) -> Layers:
    """Build a network's layers with freshly initialised weights.

    The weights are always float32. Under ``bfloat16`` the LSTM layers compute in it (Keras's ``mixed_bfloat16``); encoding
    and softmax stay in float32, where ``round(x * V)`` is exact. For a large V, :func:`cross_entropy` multiplies in the compute
    type too.

    Raises:
        ConfigError: If an option names something that Keras does not have.
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
                **(options | first_options if number == 1 and config.encoding != "embedding" else options),
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
    keras_model(layers, config.seq_len)  # builds the weights
    return layers


def keras_model(layers: Layers, seq_len: int | None) -> keras.Model:
    """The layers as a Keras model from windows ``[B, T, 1]`` to probabilities, ``[B, V]`` or ``[B, T, V]``.

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
    """Read windows from given states, up to the softmax layer.

    Args:
        layers: The network.
        x: Normalised windows: ``[B, T, 1]``.
        states: ``h`` and ``c`` of every layer before the first character.
        masks: In training, what dropout multiplies by: :class:`charlstm.nn.masks.DropoutNoise`.

    Returns:
        What the softmax layer reads, ``[B, u]`` for ``--targets last`` and ``[B, T, u]`` for ``every``, in the compute type;
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
            shares = layers.first_shares(x) if number == 0 else lstm.shares(y)
            outputs, h, c = lstm.recur(shares, state, mask.recurrent, mask.connections)
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
    """Return the negative log-likelihood of targets, in nats and in their shape, given what :func:`features` returns.

    A large vocabulary's products are in the compute type. A small one's are float32: they take a small part of a step.
    """
    kernel, bias = layers.dense.kernel.value, layers.dense.bias.value
    if layers.config.vocabulary_size <= LARGE_VOCABULARY:
        logits = ops.matmul(ops.cast(y, "float32"), kernel) + bias
        return tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
    rows = tf.reshape(y, (-1, kernel.shape[0]))
    return tf.reshape(large_cross_entropy(rows, kernel, bias, tf.reshape(targets, (-1,))), tf.shape(targets))


def weight_values(layers: Layers) -> dict[str, NDArray[np.float32]]:
    """A copy of every weight."""
    return {name: array_of(variable) for name, variable in layers.weights.items()}


def array_of(value: Any) -> NDArray[Any]:
    """A copy of a variable or tensor, which later steps leave alone (its own ``numpy()`` may be a view of it)."""
    return np.copy(tf.convert_to_tensor(value).numpy())
