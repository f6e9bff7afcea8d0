"""The whole network in NumPy: encoding, LSTM layers, Dense."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from charlstm.config import ModelConfig
from charlstm.inference.lstm import Array, LayerState, LSTMLayer, by_gate, initial_state, lstm_layer
from charlstm.text.vocabulary import Ids

State = tuple[LayerState, ...]
"""The state of every LSTM layer, the first layer first."""


any_weights = np.errstate(over="ignore", invalid="ignore")
"""Decorates what multiplies by weights, which can be of any size: what comes of it is checked where it is shown."""


@dataclass(frozen=True)
class Network:
    """A network that reads one character at a time.

    Whatever the encoding is, there are only V inputs, so the first layer's share ``x . kernel + bias`` is computed once
    for each of them and then looked up: a gather in place of a product.

    Attributes:
        config: What it is.
        projected: The first layer's input projection of every character: ``[4, V, u]``.
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
        return tuple(initial_state(batch, units) for units in self.config.units)

    def step(self, ids: Ids, state: State) -> None:
        """Read one character in each row of a batch, ids ``[B]``; the state changes in place."""
        below = None
        for layer, layer_state in zip(self.layers, state, strict=True):
            if below is None:
                # Characters that share the placeholder are clipped to its id, the last one; others are known to be in range.
                # Clipping also spares NumPy a buffer.
                np.take(self.projected, ids, 1, out=layer_state.share, mode="clip")
            else:
                layer.project(below, layer_state.share)
            layer.step(layer_state)
            below = layer_state.h

    def logits(self, h: Array) -> Array:
        """What the softmax is taken of, from the last layer's ``h``: ``[B, u] -> [B, V]``."""
        z: Array = h @ self.dense_kernel
        z += self.dense_bias
        return z


@any_weights
def build_network(config: ModelConfig, weights: Mapping[str, Array]) -> Network:
    """A network from its weights, by their names in ``model.safetensors``, with the shapes of ``config.weight_shapes``."""
    layers = tuple(
        lstm_layer(
            weights[f"lstm_{number}/kernel"],
            weights[f"lstm_{number}/recurrent_kernel"],
            weights.get(f"lstm_{number}/bias", np.zeros(4 * units, np.float32)),
            config.activation,
            config.recurrent_activation,
        )
        for number, units in enumerate(config.units, start=1)
    )
    first, characters = layers[0], config.vocabulary_size
    projected = np.empty((4, characters, config.units[0]), np.float32)
    if config.encoding == "one-hot":  # a one-hot vector times the kernel is a row of the kernel
        np.add(by_gate(first.kernel.columns), first.bias, out=projected)
    elif config.encoding == "embedding":
        first.project(weights["embedding/embeddings"], projected)
    else:
        first.project(np.arange(characters, dtype=np.float32)[:, None] / np.float32(characters), projected)
    return Network(config, projected, layers, weights["dense/kernel"], weights["dense/bias"])
