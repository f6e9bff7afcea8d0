"""The network as two TensorFlow functions of plain operators, which a SavedModel and LiteRT can hold."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from charlstm.checkpoint.weights import Weights
from charlstm.config import ModelConfig


def state_sizes(config: ModelConfig) -> dict[str, int]:
    """Return the units of the states by name, the first layer's first.

    >>> state_sizes(ModelConfig(vocabulary_size=8, units=(5, 4)))
    {'h_1': 5, 'c_1': 5, 'h_2': 4, 'c_2': 4}
    """
    return {f"{part}_{number}": units for number, units in enumerate(config.units, start=1) for part in "hc"}


class ExportedFunctions(tf.Module):
    """The functions ``step`` (one character, with the state) and ``window`` (a normalised window, from a zero state)."""

    def __init__(self, config: ModelConfig, weights: Weights) -> None:
        """Hold the weights as variables."""
        super().__init__()
        self._config = config
        self._weights = {name: tf.Variable(weights[name], trainable=False) for name in config.weight_shapes}
        self._activation = keras.activations.get(config.activation)
        self._recurrent_activation = keras.activations.get(config.recurrent_activation)

    def step(self, batch: int | None) -> Any:
        """Return the function that reads a character: int32 ``ids [B]`` and states ``[B, u]`` to logits ``[B, V]`` and states.

        Args:
            batch: B; None leaves it open.
        """
        sizes = state_sizes(self._config)
        states = [tf.TensorSpec([batch, size], name=name) for name, size in sizes.items()]

        @tf.function(input_signature=[tf.TensorSpec([batch], tf.int32, name="ids"), *states])
        def step(ids: tf.Tensor, *before: tf.Tensor) -> dict[str, tf.Tensor]:
            h, after = self._read(ids, before)
            return {"logits": self._logits(h), **{f"{name}_after": state for name, state in zip(sizes, after, strict=True)}}

        return step.get_concrete_function()

    def window(self) -> Any:
        """Return the function that reads windows: ``x = id / V``, float32 ``[B, T, 1]``, to the next logits ``[B, V]``."""

        @tf.function(input_signature=[tf.TensorSpec([None, None, 1], name="x")])
        def window(x: tf.Tensor) -> dict[str, tf.Tensor]:
            # Half of one is added, since the cast cuts the fraction off.
            ids = tf.transpose(tf.cast(x[:, :, 0] * self._config.vocabulary_size + 0.5, tf.int32))
            rows = tf.shape(ids)[1]
            first = [tf.zeros([rows, size]) for size in state_sizes(self._config).values()]
            states = tf.foldl(lambda before, each: self._read(each, before)[1], ids, first)
            return {"logits": self._logits(states[-2])}

        return window.get_concrete_function()

    def _read(self, ids: tf.Tensor, before: Sequence[tf.Tensor]) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Return the last layer's ``h`` and all states after a character: ids ``[B]``, states ``[B, u]``."""
        weights, config = self._weights, self._config
        after: list[tf.Tensor] = []
        features = None
        for number in range(1, len(config.units) + 1):
            kernel = weights[f"lstm_{number}/kernel"]
            h, c = before[2 * number - 2 : 2 * number]
            projection = self._first_projection(ids, kernel) if features is None else tf.matmul(features, kernel)
            gates = projection + tf.matmul(h, weights[f"lstm_{number}/recurrent_kernel"])
            if config.use_bias:
                gates += weights[f"lstm_{number}/bias"]
            i, f, g, o = tf.split(gates, 4, axis=-1)
            c = self._recurrent_activation(f) * c + self._recurrent_activation(i) * self._activation(g)
            features = self._recurrent_activation(o) * self._activation(c)
            after += [features, c]
        return features, after

    def _first_projection(self, ids: tf.Tensor, kernel: tf.Variable) -> tf.Tensor:
        """Return the first layer's input projection without its bias: ids ``[B]`` to ``[B, 4u]``."""
        if self._config.encoding == "one-hot":
            return tf.gather(kernel, ids)
        if self._config.encoding == "embedding":
            return tf.matmul(tf.gather(self._weights["embedding/embeddings"], ids), kernel)
        return tf.cast(ids, tf.float32)[:, None] / self._config.vocabulary_size * kernel

    def _logits(self, h: tf.Tensor) -> tf.Tensor:
        return tf.matmul(h, self._weights["dense/kernel"]) + self._weights["dense/bias"]
