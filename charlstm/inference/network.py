"""The whole network in NumPy: encoding, LSTM layers, Dense."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from charlstm.config import ModelConfig
from charlstm.inference.lstm import (
    Array,
    LayerState,
    LayerWorkspace,
    LSTMLayer,
    by_gate,
    initial_state,
    lstm_layer,
    new_workspace,
)
from charlstm.text.vocabulary import Ids

State = tuple[LayerState, ...]
"""The state of every LSTM layer, the first layer first."""

Workspace = tuple[LayerWorkspace, ...]
"""The scratch memory of every LSTM layer, the first layer first."""

any_weights = np.errstate(over="ignore", invalid="ignore")
"""Decorator for functions that multiply by weights, which can overflow; results are checked where they are reported."""


@dataclass(frozen=True)
class Network(ABC):
    """A network that reads one character at a time: one, or a mixture (:mod:`charlstm.inference.mixture`).

    Attributes:
        config: The model's configuration.
    """

    config: ModelConfig

    @abstractmethod
    def initial_state(self, batch: int) -> State:
        """Return the zero state of a batch."""

    @abstractmethod
    def workspace(self, batch: int) -> Workspace:
        """Return scratch memory for the steps of a batch."""

    @abstractmethod
    def step(self, ids: Ids, state: State, workspace: Workspace | None = None) -> Array:
        """Read one character in each row of a batch.

        Args:
            ids: The characters: ids ``[B]``, or ``[b]`` if they repeat every b rows.
            state: The state before the step; it is updated in place.
            workspace: From :meth:`workspace`, for loops: without it, each step allocates its own.

        Returns:
            The last layer's output, which is its ``h`` in the state: ``[B, u]``.
        """

    @abstractmethod
    def logits(self, h: Array) -> Array:
        """Return the logits for the last layer's ``h``: ``[B, u] -> [B, V]``."""


@dataclass(frozen=True)
class LstmNetwork(Network):
    """A network of LSTM layers and a Dense layer.

    Under every input encoding there are only V different inputs. The first layer's input projection ``x . kernel + bias`` is
    therefore computed once for each of them, and then looked up.

    Attributes:
        projected: The first layer's input projection of every character: ``[V, 4, 1, u]``.
        layers: The LSTM layers.
        dense_kernel: ``[u, V]``.
        dense_bias: ``[V]``.
    """

    projected: Array
    layers: tuple[LSTMLayer, ...]
    dense_kernel: Array
    dense_bias: Array

    def initial_state(self, batch: int) -> State:
        """See :meth:`Network.initial_state`."""
        return tuple(initial_state(batch, units) for units in self.config.units)

    def workspace(self, batch: int) -> Workspace:
        """See :meth:`Network.workspace`."""
        return tuple(new_workspace(batch, units) for units in self.config.units)

    def step(self, ids: Ids, state: State, workspace: Workspace | None = None) -> Array:
        """See :meth:`Network.step`."""
        below: Array | None = None
        workspace = workspace or self.workspace(len(state[0].h))
        for layer, layer_state, scratch in zip(self.layers, state, workspace, strict=True):
            if below is None:
                layer.step(layer_state, LayerWorkspace(scratch.gates, self._look_up(ids, scratch.input_projection)))
            else:
                layer.project(below, scratch.input_projection)
                layer.step(layer_state, scratch)
            below = layer_state.h
        return state[-1].h

    def _look_up(self, ids: Ids, out: Array) -> Array:
        """Return the input projections of characters: ids ``[b] -> [4, b, u]``. Those of several are written into ``out``.

        Rare characters have the placeholder's, the last one.
        """
        if len(ids) == 1:
            projection: Array = self.projected[min(ids.item(), len(self.projected) - 1)]
            return projection
        by_gate = out[:, : len(ids)]
        # Clipping also saves NumPy a buffer; other ids are in range.
        np.take(self.projected[:, :, 0], ids, 0, out=by_gate.transpose(1, 0, 2), mode="clip")
        return by_gate

    def logits(self, h: Array) -> Array:
        """See :meth:`Network.logits`."""
        z: Array = np.dot(h, self.dense_kernel)  # quicker to call than h @ dense_kernel
        z += self.dense_bias
        return z


@any_weights
def build_network(config: ModelConfig, weights: Mapping[str, Array]) -> LstmNetwork:
    """Return a network with given weights, by name in ``model.safetensors``, shaped as ``config.weight_shapes`` says."""
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
    projected = np.empty((characters, 4, 1, config.units[0]), np.float32)
    by_gate_first = projected[:, :, 0].transpose(1, 0, 2)
    if config.encoding == "one-hot":  # a one-hot vector times the kernel is a row of the kernel
        np.add(by_gate(first.kernel.columns), first.bias, out=by_gate_first)
    elif config.encoding == "embedding":
        first.project(weights["embedding/embeddings"], by_gate_first)
    else:
        first.project(np.arange(characters, dtype=np.float32)[:, None] / np.float32(characters), by_gate_first)
    return LstmNetwork(config, projected, layers, weights["dense/kernel"], weights["dense/bias"])
