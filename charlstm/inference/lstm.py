"""The LSTM's equations (Hochreiter & Schmidhuber 1997; Gers et al. 2000), for weights in Keras's layout.

One step, for a batch of B::

    z = x . kernel + h . recurrent_kernel + bias        in four blocks i, f, c, o
    i, f, o = recurrent_activation(z_i, z_f, z_o)       input, forget and output gate
    g = activation(z_c)                                 candidate
    c' = f * c + i * g                                  cell state
    h' = o * activation(c')                             hidden state, the layer's output

A step of one row reads the recurrent kernel once and makes a dozen NumPy calls, whose fixed cost dominates for a few hundred
numbers. A step therefore updates the state in place, computes in a workspace and allocates nothing. Each gate has its own block
of memory, ``[4, B, u]``: for columns of ``[B, 4u]`` NumPy takes two to three times as long.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


class LayerState(NamedTuple):
    """The state of an LSTM layer: all that a step carries to the next one. Each array has ``4 B u`` bytes.

    Attributes:
        h: The hidden state, the layer's output: ``[B, u]``.
        c: The cell state: ``[B, u]``.
    """

    h: Array
    c: Array

    @property
    def nbytes(self) -> int:
        """The memory of the state in bytes."""
        return sum(array.nbytes for array in self)


class LayerWorkspace(NamedTuple):
    """The scratch memory of an LSTM layer's steps. A step overwrites it, and reads nothing that an earlier step left there.

    Attributes:
        gates: i, f, g and o of the last step: ``[4, B, u]``.
        input_projection: The input projection of the next step: ``[4, B, u]``, or ``[4, b, u]`` if it repeats every b rows.
    """

    gates: Array
    input_projection: Array


def initial_state(batch: int, units: int) -> LayerState:
    """Return the zero state of a layer."""
    return LayerState(*np.zeros((2, batch, units), np.float32))


def new_workspace(batch: int, units: int) -> LayerWorkspace:
    """Return the workspace of a layer."""
    by_row = np.empty((batch, 4, units), np.float32)  # the first layer's projections are looked up row by row
    return LayerWorkspace(np.empty((4, batch, units), np.float32), by_row.transpose(1, 0, 2))


@dataclass(frozen=True)
class Kernel:
    """A kernel ``[n, 4u]`` in the two layouts that multiply fastest, each created when it is first used."""

    columns: Array

    @cached_property
    def _by_column(self) -> Array:
        return np.asfortranarray(self.columns)

    @cached_property
    def _by_gate(self) -> Array:
        return np.ascontiguousarray(by_gate(self.columns))

    def times(self, x: Array, out: Array) -> None:
        """Write ``x . kernel`` into ``out``: ``[B, n] -> [4, B, u]``."""
        if (
            len(x) == 1 and out.flags.c_contiguous
        ):  # one product: four smaller ones would be too small for BLAS to use several threads
            np.dot(x, self._by_column, out=out.reshape(1, -1))  # quicker to call than np.matmul
        else:
            np.matmul(x, self._by_gate, out=out)


@dataclass(frozen=True)
class LSTMLayer:
    """One LSTM layer.

    With the default activations, ``sigmoid(z)`` is computed as ``tanh(z / 2) / 2 + 1 / 2``, so that one call of tanh serves all
    gates. The weights are divided by two when the layer is built, which is exact.

    Attributes:
        kernel: ``[d, 4u]``.
        recurrent_kernel: ``[u, 4u]``.
        bias: ``[4, 1, u]``.
        activation: Name of the activation of candidate and output.
        recurrent_activation: Name of the activation of the gates.
    """

    kernel: Kernel
    recurrent_kernel: Kernel
    bias: Array
    activation: str
    recurrent_activation: str

    @cached_property
    def _one_row(self) -> tuple[Array, Array]:
        """Scale and shift as long as the gates of one row, for which NumPy needs a third of the time."""
        units = self.bias.shape[2]
        return _SCALE.repeat(units, 2), _SHIFT.repeat(units, 2)

    def project(self, x: Array, out: Array) -> None:
        """Write the input projection ``x . kernel + bias`` into ``out``: ``[B, d] -> [4, B, u]``."""
        self.kernel.times(x, out)
        out += self.bias

    def step(self, state: LayerState, workspace: LayerWorkspace) -> None:
        """Run one time step, whose input projection is in the workspace; update the state in place."""
        h, c = state
        gates, input_projection = workspace
        self.recurrent_kernel.times(h, gates)
        repeats = input_projection.shape[1]
        if repeats in (1, len(h)):
            gates += input_projection
        else:
            by_group = gates.reshape(4, -1, repeats, gates.shape[2])
            by_group += input_projection[:, None]
        i, f, g, o = gates
        if (self.recurrent_activation, self.activation) == _DEFAULT_ACTIVATIONS:
            scale, shift = self._one_row if len(h) == 1 else (_SCALE, _SHIFT)
            np.tanh(gates, gates)
            gates *= scale
            gates += shift
        else:
            gate = ACTIVATIONS[self.recurrent_activation]
            gate(gates[:2], gates[:2])
            ACTIVATIONS[self.activation](g, g)
            gate(o, o)
        c *= f
        np.multiply(i, g, h)
        c += h
        ACTIVATIONS[self.activation](c, h)
        h *= o


_DEFAULT_ACTIVATIONS = ("sigmoid", "tanh")
_SCALE = np.array([0.5, 0.5, 1, 0.5], np.float32)[:, None, None]
_SHIFT = np.array([0.5, 0.5, 0, 0.5], np.float32)[:, None, None]


def lstm_layer(kernel: Array, recurrent_kernel: Array, bias: Array, activation: str, recurrent_activation: str) -> LSTMLayer:
    """Return a layer with Keras's weights.

    Args:
        kernel: ``[d, 4u]``.
        recurrent_kernel: ``[u, 4u]``.
        bias: ``[4u]``; zeros if the layer has none.
        activation: Name of the activation of candidate and output.
        recurrent_activation: Name of the activation of the gates.
    """
    if (recurrent_activation, activation) == _DEFAULT_ACTIVATIONS:
        halves = _SCALE.repeat(len(recurrent_kernel))
        kernel, recurrent_kernel, bias = kernel * halves, recurrent_kernel * halves, bias * halves
    return LSTMLayer(Kernel(kernel), Kernel(recurrent_kernel), by_gate(bias[None]), activation, recurrent_activation)


def by_gate(columns: Array) -> Array:
    """Return the columns of a Keras kernel by gate: ``[n, 4u] -> [4, n, u]``."""
    return columns.reshape(len(columns), 4, -1).transpose(1, 0, 2)


def sigmoid(z: Array, out: Array) -> Array:
    """Write ``1 / (1 + exp(-z))`` into ``out``, computed with tanh, which cannot overflow and which NumPy vectorises."""
    np.multiply(z, np.float32(0.5), out=out)
    np.tanh(out, out=out)
    out *= np.float32(0.5)
    out += np.float32(0.5)
    return out


def hard_sigmoid(z: Array, out: Array) -> Array:
    """Write ``relu6(z + 3) / 6`` into ``out``, as Keras 3 defines it (Keras 1 and 2: ``clip(0.2 z + 0.5, 0, 1)``)."""
    np.divide(z, np.float32(6), out=out)
    out += np.float32(0.5)
    return np.clip(out, np.float32(0), np.float32(1), out=out)


ACTIVATIONS: dict[str, Callable[[Array, Array], Array]] = {
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "hard_sigmoid": hard_sigmoid,
    "relu": lambda z, out: np.maximum(z, np.float32(0), out=out),
    "softsign": lambda z, out: np.divide(z, np.float32(1) + np.abs(z), out=out),
    "linear": lambda z, out: np.positive(z, out=out),
}
"""Keras's activations by name. Each takes an input and an output array, which can be the same."""
