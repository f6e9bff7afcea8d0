"""The LSTM's equations (Hochreiter & Schmidhuber 1997; Gers et al. 2000), with the weights laid out as Keras lays them out.

One step, for a batch of B::

    z = x . kernel + h . recurrent_kernel + bias        [B, 4u], in four blocks i, f, c, o
    i, f, o = recurrent_activation(z_i, z_f, z_o)       input, forget and output gate
    c' = f * c + i * activation(z_c)                    cell state
    h' = o * activation(c')                             hidden state, the layer's output
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


class LayerState(NamedTuple):
    """What an LSTM layer carries from one character to the next: ``h`` and ``c``, each ``[B, u]``."""

    h: Array
    c: Array


@dataclass(frozen=True)
class LSTMLayer:
    """The weights of one layer.

    Attributes:
        kernel: ``[d, 4u]``.
        recurrent_kernel: ``[u, 4u]``.
        bias: ``[4u]``; zeros if the layer has none.
        activation: Name of the activation of candidate and output.
        recurrent_activation: Name of the activation of the gates.
    """

    kernel: Array
    recurrent_kernel: Array
    bias: Array
    activation: str
    recurrent_activation: str

    @property
    def units(self) -> int:
        """The layer's units, u."""
        return len(self.recurrent_kernel)

    def zero_state(self, batch: int) -> LayerState:
        """The state of a layer that has read nothing."""
        return LayerState(*np.zeros((2, batch, self.units), np.float32))

    def project(self, x: Array) -> Array:
        """The input's share of ``z``: ``x . kernel + bias``, ``[..., d] -> [..., 4u]``."""
        projected: Array = x @ self.kernel + self.bias
        return projected

    def step(self, projected: Array, state: LayerState) -> LayerState:
        """Read one character.

        Args:
            projected: The input's share of ``z``, from :meth:`project`: ``[B, 4u]``.
            state: The state before.

        Returns:
            The state after; its ``h`` is the layer's output.
        """
        gate, squash, u = ACTIVATIONS[self.recurrent_activation], ACTIVATIONS[self.activation], self.units
        z = state.h @ self.recurrent_kernel
        z += projected
        i_f = gate(z[:, : 2 * u])
        c = i_f[:, u:] * state.c
        c += i_f[:, :u] * squash(z[:, 2 * u : 3 * u])
        return LayerState(gate(z[:, 3 * u :]) * squash(c), c)


def sigmoid(z: Array) -> Array:
    """``1 / (1 + exp(-z))``, by way of tanh: it cannot overflow, and NumPy has a vector instruction for it."""
    result: Array = np.tanh(z * np.float32(0.5))
    result *= np.float32(0.5)
    result += np.float32(0.5)
    return result


def hard_sigmoid(z: Array) -> Array:
    """``relu6(z + 3) / 6``, Keras 3's definition (Keras 1 and 2 had ``clip(0.2 z + 0.5, 0, 1)``)."""
    result: Array = np.clip(z / np.float32(6) + np.float32(0.5), np.float32(0), np.float32(1))
    return result


def softsign(z: Array) -> Array:
    """``z / (1 + |z|)``."""
    return np.divide(z, np.float32(1) + np.abs(z))


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "hard_sigmoid": hard_sigmoid,
    "relu": lambda z: np.maximum(z, np.float32(0)),
    "softsign": softsign,
    "linear": lambda z: z,
}
"""Keras's activations of the same names."""
