"""The LSTM's recurrence over all time steps of a batch, with an explicit gradient: the inner loop of training.

Keras's loop repeats at every step work that can be done once for all steps, and TensorFlow differentiates it op by op. Here

- a step is one product and one elementwise call in each direction; the gradient of the recurrent kernel is one product for all
  steps, after the loop;
- the loop runs on transposed tensors, so that the weights are the left operand of its products. oneDNN reads a left operand in
  place, but copies a right operand into another layout at every step;
- XLA compiles the elementwise operations, while oneDNN, which is faster at them, computes the products;
- under bfloat16 the operands and results of the products are bfloat16, while gates and cell states are float32.

Memory: for each step and row ``4u`` gates and ``u`` cell states in float32, and ``u`` outputs in the compute type.

Shapes: ``T`` steps, ``B`` rows, ``u`` units. Tensors are ``[B, T, ...]`` outside the loop and ``[T, ..., B]`` inside.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import tensorflow as tf

Tensor = Any


@dataclass(frozen=True)
class Activation:
    """An activation, and its derivative as a function of its output, so that only outputs need to be stored."""

    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]


ACTIVATIONS = {
    "tanh": Activation(tf.tanh, lambda a: 1 - a * a),
    "sigmoid": Activation(tf.sigmoid, lambda a: a * (1 - a)),
    "hard_sigmoid": Activation(lambda z: tf.nn.relu6(z + 3) / 6, lambda a: tf.cast(tf.logical_and(a > 0, a < 1), a.dtype) / 6),
    "relu": Activation(tf.nn.relu, lambda a: tf.cast(a > 0, a.dtype)),
    "softsign": Activation(tf.nn.softsign, lambda a: tf.square(1 - tf.abs(a))),
    "linear": Activation(tf.identity, tf.ones_like),
}


@dataclass(frozen=True)
class Cell:
    """One step in each direction, each a single compiled call.

    Attributes:
        forward: Takes the recurrent product and the input projection, each ``[4u, B]``, and the cell state ``[u, B]``. Returns
            ``h`` in the compute type, the new cell state, and the gates for :attr:`backward`, ``[4u, B]`` in float32.
        backward: Takes these gates, the cell state before the step, the gradients of ``h`` from the next step and from the
            output, and the gradient of the cell state. Returns the gradients of the gates before activation, ``[4u, B]``, and
            of the cell state before the step.
    """

    forward: Callable[..., tuple[Tensor, Tensor, Tensor]]
    backward: Callable[..., tuple[Tensor, Tensor]]


@cache
def make_cell(recurrent_activation: str, activation: str) -> Cell:
    """Return the step for a pair of activations."""
    gate, squash = ACTIVATIONS[recurrent_activation], ACTIVATIONS[activation]
    one_pass = (recurrent_activation, activation) == ("sigmoid", "tanh")

    def activate(z: Tensor) -> Tensor:
        """Return the values to store for the gates: their activations, or for the default pair the ``tanh`` inside them.

        As ``sigmoid(z) = (1 + tanh(z / 2)) / 2``, one pass of ``tanh`` then serves all four blocks. Storing its result saves an
        eighth of the time of a step.
        """
        if one_pass:
            return tf.tanh(z * tf.repeat([0.5, 0.5, 1.0, 0.5], z.shape[0] // 4)[:, None])
        i, f, g, o = tf.split(z, 4)
        return tf.concat([gate.value(i), gate.value(f), squash.value(g), gate.value(o)], 0)

    def gates(kept: Tensor) -> list[Tensor]:
        """Return the activated gates i, f, c, o from the stored values."""
        i, f, g, o = tf.split(kept, 4)
        return [(1 + i) / 2, (1 + f) / 2, g, (1 + o) / 2] if one_pass else [i, f, g, o]

    @tf.function(autograph=False, jit_compile=True)
    def forward(recurrent: Tensor, input_projection: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        kept = activate(tf.cast(recurrent, tf.float32) + tf.cast(input_projection, tf.float32))
        i, f, g, o = gates(kept)
        c = f * c + i * g
        return tf.cast(o * squash.value(c), recurrent.dtype), c, kept

    @tf.function(autograph=False, jit_compile=True)
    def backward(kept: Tensor, c_before: Tensor, dh_later: Tensor, dh_here: Tensor, dc: Tensor) -> tuple[Tensor, Tensor]:
        i, f, g, o = gates(kept)
        squashed = squash.value(f * c_before + i * g)  # recomputing is cheaper than storing
        dh = tf.cast(dh_later, tf.float32) + tf.cast(dh_here, tf.float32)
        dc += dh * o * squash.slope(squashed)
        dz = [
            dc * g * gate.slope(i),
            dc * c_before * gate.slope(f),
            dc * i * squash.slope(g),
            dh * squashed * gate.slope(o),
        ]
        return tf.cast(tf.concat(dz, 0), dh_later.dtype), dc * f

    return Cell(forward, backward)


@dataclass(frozen=True)
class Gates:
    """Gates that read the same ``h``: all four, or one of them with recurrent dropout, which has a mask for each gate.

    Attributes:
        kernel: The columns of the recurrent kernel for these gates, ``[u, 4u]`` or ``[u, u]``, in the compute type.
        transposed: The kernel, transposed.
        mask: The recurrent-dropout mask, ``[u, B]``, or None.
    """

    kernel: Tensor
    transposed: Tensor
    mask: Tensor | None

    def drop(self, h: Tensor) -> Tensor:
        """Apply the mask to ``h`` or to its gradient: ``[u, B]``."""
        return h if self.mask is None else h * self.mask


def run_time_steps(
    cell: Cell, input_projection: Tensor, recurrent_kernel: Tensor, h0: Tensor, c0: Tensor, masks: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Run the recurrence over all time steps.

    Args:
        cell: The step.
        input_projection: The input projection, ``[B, T, 4u]``; its type is the compute type.
        recurrent_kernel: ``[u, 4u]``, float32.
        h0: ``[B, u]``, float32.
        c0: ``[B, u]``, float32.
        masks: Masks of recurrent dropout, which multiply ``h`` separately for each gate of the next step, as in Keras:
            ``[B, 4, u]``.

    Returns:
        The outputs ``[B, T, u]`` in the compute type, and ``h`` and ``c`` after the last step in float32.
    """

    @tf.custom_gradient
    def differentiable(input_projection: Tensor, recurrent_kernel: Tensor, h0: Tensor, c0: Tensor) -> Any:
        units, dtype = recurrent_kernel.shape[0], input_projection.dtype
        gate_masks = [None] if masks is None else [tf.cast(tf.transpose(mask), dtype) for mask in tf.unstack(masks, axis=1)]
        kernels = tf.split(tf.cast(recurrent_kernel, dtype), len(gate_masks), 1)
        groups = [Gates(part, tf.transpose(part), mask) for part, mask in zip(kernels, gate_masks, strict=True)]
        before = tf.cast(tf.transpose(h0), dtype)
        h, c, hs, cells, kept = _forward(cell, groups, tf.transpose(input_projection, (1, 2, 0)), before, tf.transpose(c0))

        def gradient(d_outputs: Tensor, d_h: Tensor, d_c: Tensor) -> tuple[Tensor, ...]:
            later, here = tf.cast(tf.transpose(d_h), dtype), tf.transpose(d_outputs, (1, 2, 0))
            dh0, dc0, dzs = _backward(cell, groups, cells, kept, here, later, tf.transpose(d_c))
            dz = tf.transpose(dzs, (2, 0, 1))
            hs_before = tf.concat([tf.transpose(before)[:, None], outputs[:, :-1]], 1)
            d_kernels = []
            for gates, part in zip(groups, tf.split(dz, len(groups), 2), strict=True):
                read = hs_before if gates.mask is None else hs_before * tf.transpose(gates.mask)[:, None]
                d_kernels.append(tf.matmul(_rows(read), _rows(part), transpose_a=True))
            d_kernel = tf.cast(tf.concat(d_kernels, 1), tf.float32)
            return dz, d_kernel, tf.cast(tf.transpose(dh0), tf.float32), tf.transpose(dc0)

        outputs = tf.transpose(hs, (2, 0, 1))
        outputs.set_shape((input_projection.shape[0], input_projection.shape[1], units))  # a loop loses the static shape
        return (outputs, tf.cast(tf.transpose(h), tf.float32), tf.transpose(c)), gradient

    result: tuple[Tensor, Tensor, Tensor] = differentiable(input_projection, recurrent_kernel, h0, c0)
    return result


def _forward(cell: Cell, groups: list[Gates], input_projection: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, ...]:
    """Run all steps; return the last ``h`` and ``c``, all ``h``, and every ``c`` and its gates for :func:`_backward`."""
    steps, (units, rows), at_once = tf.shape(input_projection)[0], c.shape, _at_once(input_projection.shape[0])

    def body(t: Tensor, h: Tensor, c: Tensor, *arrays: Any) -> tuple[Any, ...]:
        for _ in range(at_once):
            recurrent = tf.concat([tf.matmul(gates.transposed, gates.drop(h)) for gates in groups], 0)
            h, after, kept = cell.forward(recurrent, input_projection[t], c)
            arrays = tuple(array.write(t, value) for array, value in zip(arrays, (h, c, kept), strict=True))
            t, c = t + 1, after
        return t, h, c, *arrays

    arrays = [_array(h.dtype, steps, units, rows), _array(c.dtype, steps, units, rows), _array(c.dtype, steps, 4 * units, rows)]
    _, h, c, hs, cells, kept = tf.while_loop(lambda t, *_: t < steps, body, (0, h, c, *arrays), maximum_iterations=steps)
    return h, c, hs.stack(), cells, kept


def _backward(
    cell: Cell, groups: list[Gates], cells: Any, kept: Any, d_outputs: Tensor, dh: Tensor, dc: Tensor
) -> tuple[Tensor, ...]:
    """Run all steps backwards; return the gradients of the initial ``h`` and ``c``, and of all gates before activation."""
    steps, (units, rows), at_once = tf.shape(d_outputs)[0], dc.shape, _at_once(d_outputs.shape[0])

    def body(t: Tensor, dh: Tensor, dc: Tensor, dzs: Any) -> tuple[Any, ...]:
        for _ in range(at_once):
            dz, dc = cell.backward(kept.read(t), cells.read(t), dh, d_outputs[t], dc)
            parts = tf.split(dz, len(groups))
            dh = tf.add_n([gates.drop(tf.matmul(gates.kernel, part)) for gates, part in zip(groups, parts, strict=True)])
            t, dzs = t - 1, dzs.write(t, dz)
        return t, dh, dc, dzs

    start = (steps - 1, dh, dc, _array(dh.dtype, steps, 4 * units, rows))
    _, dh, dc, dzs = tf.while_loop(lambda t, *_: t >= 0, body, start, maximum_iterations=steps)
    return dh, dc, dzs.stack()


def _at_once(steps: int | None) -> int:
    """Return the number of steps to unroll: a loop iteration itself costs a tenth of a step of 128 units."""
    return next(number for number in (5, 4, 3, 2, 1) if (steps or 1) % number == 0)


def _array(dtype: Any, steps: Tensor, width: int, rows: int | None) -> tf.TensorArray:
    return tf.TensorArray(dtype, steps, element_shape=(width, rows), clear_after_read=False)


def _rows(x: Tensor) -> Tensor:
    """Merge batch and time: ``[B, T, n] -> [B T, n]``."""
    return tf.reshape(x, (-1, x.shape[-1]))


@tf.custom_gradient
def affine(x: Tensor, kernel: Tensor, bias: Tensor) -> Any:
    """Return ``x . kernel + bias`` in the type of ``x``, with float32 weights: ``[N, d] -> [N, 4u]``.

    The gradient of the bias is computed as a product with ones, which is four times as fast as TensorFlow's sum over rows.
    """
    cast = tf.cast(kernel, x.dtype)

    def gradient(d: Tensor) -> tuple[Tensor, ...]:
        d_kernel = tf.matmul(x, d, transpose_a=True)
        d_bias = tf.matmul(tf.ones((1, tf.shape(x)[0]), x.dtype), d)[0]
        return tf.matmul(d, cast, transpose_b=True), tf.cast(d_kernel, tf.float32), tf.cast(d_bias, tf.float32)

    return tf.matmul(x, cast) + tf.cast(bias, x.dtype), gradient


@tf.custom_gradient
def look_up_rows(table: Tensor, ids: Tensor) -> Any:
    """Look up rows of a table: ``[V, 4u], [B, T] -> [B, T, 4u]``; sum the gradients in float32."""

    def gradient(d: Tensor) -> tuple[Tensor, None]:
        return tf.cast(tf.scatter_nd(ids[..., None], tf.cast(d, tf.float32), table.shape), table.dtype), None

    return tf.gather(table, ids), gradient
