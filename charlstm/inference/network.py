"""The whole network in NumPy: encoding, LSTM layers, Dense."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from charlstm.config import ModelConfig
from charlstm.inference.lstm import Array, LayerState, LSTMLayer
from charlstm.text.vocabulary import Ids

State = tuple[LayerState, ...]
"""The state of every LSTM layer, the first layer first."""


@dataclass(frozen=True)
class Network:
    """A network that reads one character at a time.

    Whatever the encoding is, there are only V inputs, so the first layer's share ``x . kernel + bias`` is computed once
    for each of them and then looked up: a gather in place of a product.

    Attributes:
        config: What it is.
        projected: The first layer's input projection of every character: ``[V, 4u]``.
        layers: The LSTM layers.
        dense_kernel: ``[u, V]``.
        dense_bias: ``[V]``.
    """

    config: ModelConfig
    projected: Array
    layers: tuple[LSTMLayer, ...]
    dense_kernel: Array
    dense_bias: Array

    def zero_state(self, batch: int) -> State:
        """The state of a network that has read nothing."""
        return tuple(layer.zero_state(batch) for layer in self.layers)

    def step(self, ids: Ids, state: State) -> State:
        """Read one character in each row of a batch: ids ``[B]``."""
        projected = self.projected[ids]
        after: list[LayerState] = []
        for number, (layer, before) in enumerate(zip(self.layers, state, strict=True)):
            if number:
                projected = layer.project(after[-1].h)
            after.append(layer.step(projected, before))
        return tuple(after)

    def logits(self, h: Array) -> Array:
        """What the softmax is taken of, from the last layer's ``h``: ``[B, u] -> [B, V]``."""
        z: Array = h @ self.dense_kernel + self.dense_bias
        return z


def build_network(config: ModelConfig, weights: Mapping[str, Array]) -> Network:
    """A network from its weights, by their names in ``model.safetensors``, with the shapes of ``config.weight_shapes``."""
    layers = tuple(
        LSTMLayer(
            weights[f"lstm_{number}/kernel"],
            weights[f"lstm_{number}/recurrent_kernel"],
            weights.get(f"lstm_{number}/bias", np.zeros(4 * units, np.float32)),
            config.activation,
            config.recurrent_activation,
        )
        for number, units in enumerate(config.units, start=1)
    )
    first = layers[0]
    if config.encoding == "one-hot":
        projected = first.kernel + first.bias  # a one-hot row times the kernel is a row of the kernel
    elif config.encoding == "embedding":
        projected = first.project(weights["embedding/embeddings"])
    else:
        x = np.arange(config.vocabulary_size, dtype=np.float32) / np.float32(config.vocabulary_size)
        projected = first.project(x[:, None])
    return Network(config, projected, layers, weights["dense/kernel"], weights["dense/bias"])
