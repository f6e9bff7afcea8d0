"""The LSTM's recurrence over all steps of a batch, with its gradient written out: the inner loop of training.

Keras's loop does for every step what can be done once for all of them, and TensorFlow differentiates it op by op. Here

- a step is one product and one elementwise call in each direction; the gradient of the recurrent kernel is one product for all
  steps, after the loop;
- the loop runs on transposed tensors, so that the weights stand on the left of its products, where oneDNN takes them as they
  lie in memory; on the right it copies them into another layout at every step;
- the elementwise work is compiled by XLA, while the products stay with oneDNN, which is faster at them;
- under bfloat16 the products read and write it, while gates and cell states are float32.

Memory: for each step and row ``4u`` gates and ``u`` cell states in float32, and ``u`` outputs in the compute type.

Shapes: ``T`` steps, ``B`` rows, ``u`` units. Outside the loop ``[B, T, ...]``, inside ``[T, ..., B]``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import tensorflow as tf

Tensor = Any


@dataclass(frozen=True)
class Activation:
    """An activation and its derivative as a function of its own output, so that only outputs need to be kept."""

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
        forward: From the recurrent and the input's share of the gates ``[4u, B]`` and the cell state ``[u, B]`` to ``h`` in
            the compute type, the cell state and what :attr:`backward` needs of the gates, ``[4u, B]`` in float32.
        backward: From that, the cell state before the step, the gradients of ``h`` from the next step and from the output,
            and the gradient of the cell state, to the gradients of the gates before activation ``[4u, B]`` and of the cell
            state before the step.
    """

    forward: Callable[..., tuple[Tensor, Tensor, Tensor]]
    backward: Callable[..., tuple[Tensor, Tensor]]


@cache
def make_cell(recurrent_activation: str, activation: str) -> Cell:
    """The step for a pair of activations."""
    gate, squash = ACTIVATIONS[recurrent_activation], ACTIVATIONS[activation]
    one_pass = (recurrent_activation, activation) == ("sigmoid", "tanh")

    def activate(z: Tensor) -> Tensor:
        """What is kept of the gates: their activations, or for the usual pair ``tanh`` of what is inside them.

        As ``sigmoid(z) = (1 + tanh(z / 2)) / 2``, all four blocks then take one pass of one function, whose result is kept as
        it is: an eighth less time for a step.
        """
        if one_pass:
            return tf.tanh(z * tf.repeat([0.5, 0.5, 1.0, 0.5], z.shape[0] // 4)[:, None])
        i, f, g, o = tf.split(z, 4)
        return tf.concat([gate.value(i), gate.value(f), squash.value(g), gate.value(o)], 0)

    def gates(kept: Tensor) -> list[Tensor]:
        """The activated gates i, f, c, o."""
        i, f, g, o = tf.split(kept, 4)
        return [(1 + i) / 2, (1 + f) / 2, g, (1 + o) / 2] if one_pass else [i, f, g, o]

    @tf.function(autograph=False, jit_compile=True)
    def forward(recurrent: Tensor, share: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        kept = activate(tf.cast(recurrent, tf.float32) + tf.cast(share, tf.float32))
        i, f, g, o = gates(kept)
        c = f * c + i * g
        return tf.cast(o * squash.value(c), recurrent.dtype), c, kept

    @tf.function(autograph=False, jit_compile=True)
    def backward(kept: Tensor, c_before: Tensor, dh_later: Tensor, dh_here: Tensor, dc: Tensor) -> tuple[Tensor, Tensor]:
        i, f, g, o = gates(kept)
        squashed = squash.value(f * c_before + i * g)  # cheaper to compute once more than to keep
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
    """Gates that read the same ``h``: all four, or with recurrent dropout, which masks ``h`` for each gate anew, one of them.

    Attributes:
        kernel: Their columns of the recurrent kernel, ``[u, 4u]`` or ``[u, u]``, in the compute type.
        transposed: The same, transposed.
        mask: ``[u, B]``, or None.
    """

    kernel: Tensor
    transposed: Tensor
    mask: Tensor | None

    def drop(self, h: Tensor) -> Tensor:
        """What the gates see of ``h``, and of its gradient: ``[u, B]``."""
        return h if self.mask is None else h * self.mask


def run_time_steps(
    cell: Cell, shares: Tensor, recurrent_kernel: Tensor, h0: Tensor, c0: Tensor, masks: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Run over all steps.

    Args:
        cell: The step.
        shares: The input's share of the gates, ``[B, T, 4u]``; its type is the compute type.
        recurrent_kernel: ``[u, 4u]``, float32.
        h0: ``[B, u]``, float32.
        c0: ``[B, u]``, float32.
        masks: What recurrent dropout multiplies ``h`` by on its way to each of the next step's gates, as in Keras:
            ``[B, 4, u]``.

    Returns:
        The outputs ``[B, T, u]`` in the compute type, and ``h`` and ``c`` after the last step in float32.
    """

    @tf.custom_gradient
    def differentiable(shares: Tensor, recurrent_kernel: Tensor, h0: Tensor, c0: Tensor) -> Any:
        units, dtype = recurrent_kernel.shape[0], shares.dtype
        gate_masks = [None] if masks is None else [tf.cast(tf.transpose(mask), dtype) for mask in tf.unstack(masks, axis=1)]
        kernels = tf.split(tf.cast(recurrent_kernel, dtype), len(gate_masks), 1)
        groups = [Gates(part, tf.transpose(part), mask) for part, mask in zip(kernels, gate_masks, strict=True)]
        before = tf.cast(tf.transpose(h0), dtype)
        h, c, hs, cells, kept = _forward(cell, groups, tf.transpose(shares, (1, 2, 0)), before, tf.transpose(c0))

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
        outputs.set_shape((shares.shape[0], shares.shape[1], units))  # what a loop's result does not know
        return (outputs, tf.cast(tf.transpose(h), tf.float32), tf.transpose(c)), gradient

    result: tuple[Tensor, Tensor, Tensor] = differentiable(shares, recurrent_kernel, h0, c0)
    return result


def _forward(cell: Cell, groups: list[Gates], shares: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, ...]:
    """All steps: the last ``h`` and ``c``, ``h`` after every step, and ``c`` before it and its gates for :func:`_backward`."""
    steps, (units, rows), at_once = tf.shape(shares)[0], c.shape, _at_once(shares.shape[0])

    def body(t: Tensor, h: Tensor, c: Tensor, *arrays: Any) -> tuple[Any, ...]:
        for _ in range(at_once):
            recurrent = tf.concat([tf.matmul(gates.transposed, gates.drop(h)) for gates in groups], 0)
            h, after, kept = cell.forward(recurrent, shares[t], c)
            arrays = tuple(array.write(t, value) for array, value in zip(arrays, (h, c, kept), strict=True))
            t, c = t + 1, after
        return t, h, c, *arrays

    arrays = [_array(h.dtype, steps, units, rows), _array(c.dtype, steps, units, rows), _array(c.dtype, steps, 4 * units, rows)]
    _, h, c, hs, cells, kept = tf.while_loop(lambda t, *_: t < steps, body, (0, h, c, *arrays), maximum_iterations=steps)
    return h, c, hs.stack(), cells, kept


def _backward(
    cell: Cell, groups: list[Gates], cells: Any, kept: Any, d_outputs: Tensor, dh: Tensor, dc: Tensor
) -> tuple[Tensor, ...]:
    """All steps back: the gradients of ``h`` and ``c`` before the first, and of all gates before activation ``[T, 4u, B]``."""
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
    """Steps in one turn of a loop, whose own bookkeeping costs a tenth of a step of 128 units."""
    return next(number for number in (5, 4, 3, 2, 1) if (steps or 1) % number == 0)


def _array(dtype: Any, steps: Tensor, width: int, rows: int | None) -> tf.TensorArray:
    return tf.TensorArray(dtype, steps, element_shape=(width, rows), clear_after_read=False)


def _rows(x: Tensor) -> Tensor:
    """``[B, T, n] -> [B T, n]``."""
    return tf.reshape(x, (-1, x.shape[-1]))


@tf.custom_gradient
def affine(x: Tensor, kernel: Tensor, bias: Tensor) -> Any:
    """``x . kernel + bias`` in the type of ``x``, with weights in float32: ``[N, d] -> [N, 4u]``.

    The gradient of the bias is a product with ones, four times as fast as TensorFlow's sum over rows.
    """
    cast = tf.cast(kernel, x.dtype)

    def gradient(d: Tensor) -> tuple[Tensor, ...]:
        d_kernel = tf.matmul(x, d, transpose_a=True)
        d_bias = tf.matmul(tf.ones((1, tf.shape(x)[0]), x.dtype), d)[0]
        return tf.matmul(d, cast, transpose_b=True), tf.cast(d_kernel, tf.float32), tf.cast(d_bias, tf.float32)

    return tf.matmul(x, cast) + tf.cast(bias, x.dtype), gradient


@tf.custom_gradient
def look_up_rows(table: Tensor, ids: Tensor) -> Any:
    """Rows of a table: ``[V, 4u], [B, T] -> [B, T, 4u]``; gradients are added up in float32."""

    def gradient(d: Tensor) -> tuple[Tensor, None]:
        return tf.cast(tf.scatter_nd(ids[..., None], tf.cast(d, tf.float32), table.shape), table.dtype), None

    return tf.gather(table, ids), gradient
