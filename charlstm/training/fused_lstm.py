"""An LSTM layer with a faster time loop: the same weights, options, numbers and serialised form as ``keras.layers.LSTM``.

Keras's loop does for every step what can be done once for all of them, and TensorFlow differentiates it op by op. Here

- the input's share ``x . kernel + bias`` is one product for all steps, before the loop;
- the gradient of the loop is written out: what is left in each backward step is one product and one elementwise kernel, and the
  recurrent kernel's gradient is one product for all steps, after the loop;
- all elementwise work of a step is one kernel, compiled by XLA, while the products stay with oneDNN, which is faster at them;
- under ``mixed_bfloat16`` products read and write bfloat16 while the cell state, the carried states and the weights themselves
  stay in float32.

Memory: for each step and row ``4u`` activated gates and ``u`` outputs in the compute type and ``u`` cell states in float32.

Shapes: ``T`` steps, ``B`` rows, ``d`` features, ``u`` units; the loop runs on time-major tensors ``[T, B, ...]``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
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


@keras.saving.register_keras_serializable("charlstm")
class FusedLSTM(keras.layers.LSTM):
    """``keras.layers.LSTM`` with the fast loop where it applies, and Keras's own path where it does not."""

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Build the weights, and keep the float32 ones at hand: in the layer's call Keras shows them cast."""
        super().build(sequences_shape, initial_state_shape)
        cell = self.cell
        self._float32 = [cell.kernel.value, cell.recurrent_kernel.value, cell.bias.value if cell.use_bias else None]

    def keras_path_because(self, *, masked: bool = False) -> str | None:
        """Why Keras's own path runs, or None if the fast loop does."""
        if masked:
            return "a mask is given"
        if tf.config.list_physical_devices("GPU"):
            return "there is a GPU, where Keras uses cuDNN"
        for option in ("unroll", "go_backwards", "recurrent_dropout"):
            if getattr(self, option):
                return f"{option} is set"
        for activation in (self.activation, self.recurrent_activation):
            if keras.activations.serialize(activation) not in ACTIVATIONS:
                return f"the activation {keras.activations.serialize(activation)!r} has no fast form"
        return None

    def inner_loop(self, sequences: Tensor, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """Run over the sequences: what ``keras.layers.LSTM`` calls.

        Returns:
            The last output ``[B, u]``, all outputs ``[B, T, u]``, and the last states.
        """
        if self.keras_path_because(masked=mask is not None):
            return super().inner_loop(sequences, initial_state, mask, training)
        if training and self.dropout:
            sequences *= self.cell.get_dropout_mask(sequences[:, 0, :])[:, None]
        return self._fast(sequences, initial_state)

    def run(self, sequences: Tensor, states: Any, *, training: bool) -> tuple[Tensor, Tensor, Tensor]:
        """The layer's output and last states, with the states in float32 on the way in and out.

        Calling the layer casts them to the compute type, as Keras does, which under bfloat16 would round what is carried
        from batch to batch to eight bits.
        """
        if self.keras_path_because() or self.dropout:
            output, h, c = self(sequences, initial_state=list(states), training=training)
            return output, tf.cast(h, tf.float32), tf.cast(c, tf.float32)
        last, outputs, (h, c) = self._fast(tf.cast(sequences, self.compute_dtype), states)
        return outputs if self.return_sequences else last, h, c

    def _fast(self, sequences: Tensor, initial_state: Any) -> Any:
        kernel, recurrent_kernel, bias = self._float32
        projected = _project(tf.transpose(sequences, (1, 0, 2)), kernel, bias)
        gate = ACTIVATIONS[keras.activations.serialize(self.recurrent_activation)]
        squash = ACTIVATIONS[keras.activations.serialize(self.activation)]
        h0, c0 = (tf.cast(state, tf.float32) for state in initial_state)
        outputs, h, c = _loop(gate, squash)(projected, recurrent_kernel, h0, c0)
        outputs = tf.transpose(outputs, (1, 0, 2))
        outputs.set_shape((sequences.shape[0], sequences.shape[1], self.units))  # what a loop's result does not know
        return tf.cast(h, self.compute_dtype), outputs, [h, c]


def _project(x: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
    """The input's share of all gates at all steps: ``[T, B, d] -> [T, B, 4u]``, in the type of ``x``."""
    shape = tf.shape(x)
    z = tf.matmul(tf.reshape(x, (-1, x.shape[-1])), tf.cast(kernel, x.dtype))
    if bias is not None:
        z += tf.cast(bias, x.dtype)
    return tf.reshape(z, (shape[0], shape[1], kernel.shape[-1]))


def _loop(gate: Activation, squash: Activation) -> Any:
    """The recurrence for a pair of activations, with its gradient."""

    @tf.function(jit_compile=True)
    def forward_cell(recurrent: Tensor, projected: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Gates and states after a step, from the two shares of its gates ``[B, 4u]`` and the cell state ``[B, u]``."""
        z_i, z_f, z_c, z_o = tf.split(tf.cast(recurrent, tf.float32) + tf.cast(projected, tf.float32), 4, 1)
        i, f, g, o = gate.value(z_i), gate.value(z_f), squash.value(z_c), gate.value(z_o)
        c = f * c + i * g
        h = o * squash.value(c)
        return tf.cast(h, recurrent.dtype), c, tf.cast(tf.concat([i, f, g, o], 1), recurrent.dtype)

    @tf.function(jit_compile=True)
    def backward_cell(gates: Tensor, c_before: Tensor, dh_later: Tensor, dh_here: Tensor, dc: Tensor) -> tuple[Tensor, Tensor]:
        """Gradients of a step's gates before activation ``[B, 4u]`` and of the cell state before it ``[B, u]``."""
        i, f, g, o = tf.split(tf.cast(gates, tf.float32), 4, 1)
        squashed = squash.value(f * c_before + i * g)  # cheaper to compute once more than to keep
        dh = tf.cast(dh_later, tf.float32) + tf.cast(dh_here, tf.float32)
        dc += dh * o * squash.slope(squashed)
        dz = [
            dc * g * gate.slope(i),
            dc * c_before * gate.slope(f),
            dc * i * squash.slope(g),
            dh * squashed * gate.slope(o),
        ]
        return tf.cast(tf.concat(dz, 1), gates.dtype), dc * f

    @tf.custom_gradient
    def loop(projected: Tensor, recurrent_kernel: Tensor, h0: Tensor, c0: Tensor) -> Any:
        steps, rows, units = tf.shape(projected)[0], projected.shape[1], recurrent_kernel.shape[0]
        kernel, dtype = tf.cast(recurrent_kernel, projected.dtype), projected.dtype

        def empty(of: Any, width: int) -> tf.TensorArray:
            return tf.TensorArray(of, steps, element_shape=(rows, width), clear_after_read=False)

        shares = empty(dtype, 4 * units).unstack(projected)

        def forward(t: Tensor, h: Tensor, c: Tensor, *kept: Any) -> tuple[Any, ...]:
            h, after, gates = forward_cell(tf.matmul(h, kernel), shares.read(t), c)
            return t + 1, h, after, *(array.write(t, value) for array, value in zip(kept, (h, c, gates), strict=True))

        start = (0, tf.cast(h0, dtype), c0, empty(dtype, units), empty(tf.float32, units), empty(dtype, 4 * units))
        _, h, c, outputs, cells, gates = tf.while_loop(lambda t, *_: t < steps, forward, start, maximum_iterations=steps)
        all_outputs = outputs.stack()

        def gradient(d_outputs: Tensor, d_h: Tensor, d_c: Tensor) -> tuple[Tensor, ...]:
            transposed = tf.transpose(kernel)
            later = empty(dtype, units).unstack(d_outputs)

            def backward(t: Tensor, dh: Tensor, dc: Tensor, dzs: Any) -> tuple[Any, ...]:
                dz, dc = backward_cell(gates.read(t), cells.read(t), dh, later.read(t), dc)
                return t - 1, tf.matmul(dz, transposed), dc, dzs.write(t, dz)

            end = (steps - 1, tf.cast(d_h, dtype), d_c, empty(dtype, 4 * units))
            _, dh0, dc0, dzs = tf.while_loop(lambda t, *_: t >= 0, backward, end, maximum_iterations=steps)
            dz = dzs.stack()
            before = tf.concat([tf.cast(h0, dtype)[None], all_outputs[:-1]], 0)
            d_kernel = tf.matmul(tf.reshape(before, (-1, units)), tf.reshape(dz, (-1, 4 * units)), transpose_a=True)
            return dz, tf.cast(d_kernel, tf.float32), tf.cast(dh0, tf.float32), dc0

        return (all_outputs, tf.cast(h, tf.float32), c), gradient

    return loop
