"""``keras.layers.LSTM`` with a faster loop over time: the same weights, options, results and serialised form."""

from typing import Any

import keras
import tensorflow as tf

from charlstm.nn.recurrence import ACTIVATIONS, Tensor, affine, look_up_rows, make_cell, run_time_steps


@keras.saving.register_keras_serializable("charlstm")
class FusedLSTM(keras.layers.LSTM):
    """A ``keras.layers.LSTM`` that runs the fast loop where it applies, and Keras's own loop elsewhere.

    In contrast to Keras's layer, this one cannot be exported as a SavedModel, and its Jacobian cannot be computed in parallel.
    Under ``mixed_bfloat16`` it does not support ``stateless_call`` either.

    Shapes: ``T`` steps, ``B`` rows, ``d`` features, ``u`` units.
    """

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Build the weights, and keep references to them in float32, since Keras casts them during a call."""
        super().build(sequences_shape, initial_state_shape)
        self._float32 = self._current_weights()

    def _current_weights(self) -> list[Tensor]:
        """Return kernel, recurrent kernel and bias (or None) as Keras gives them now: perhaps cast, or replaced."""
        cell = self.cell
        return [cell.kernel.value, cell.recurrent_kernel.value, cell.bias.value if cell.use_bias else None]

    def _weights(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return kernel, recurrent kernel and bias in float32."""
        kernel, recurrent_kernel, bias = self._current_weights() if self.compute_dtype == "float32" else self._float32
        return kernel, recurrent_kernel, tf.zeros(4 * self.units) if bias is None else bias

    def keras_path_because(self, *, masked: bool = False) -> str | None:
        """Return the reason why Keras's own loop runs, or None if the fast loop does."""
        unknown = [activation for activation in (self.activation, self.recurrent_activation) if _fast_name(activation) is None]
        reasons = {
            "a mask is given": masked,
            "there is a GPU, where Keras uses cuDNN": bool(tf.config.list_physical_devices("GPU")),
            f"its type is {self.compute_dtype}, with weights in {self.variable_dtype}": (
                self.variable_dtype != "float32" or self.compute_dtype not in ("float32", "bfloat16")
            ),
            "use_cudnn is set": self.use_cudnn is True,
            "unroll is set": self.unroll,
            "go_backwards is set": self.go_backwards,
            "dropout and recurrent_dropout are both set, for which Keras masks the inputs of each gate differently": (
                self.dropout and self.recurrent_dropout
            ),
            f"the activation {', '.join(map(str, unknown))} has no fast form": bool(unknown),
        }
        return next((reason for reason, applies in reasons.items() if applies), None)

    def inner_loop(self, sequences: Tensor, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """Run over the sequences; ``keras.layers.LSTM`` calls this method.

        Returns:
            The last output ``[B, u]``, all outputs ``[B, T, u]``, and the last states.
        """
        if self.keras_path_because(masked=mask is not None):
            return super().inner_loop(sequences, initial_state, mask, training)
        masks = None
        if training and self.dropout:
            sequences *= self.cell.get_dropout_mask(sequences[:, 0, :])[:, None]
        if training and self.recurrent_dropout:
            masks = tf.stack(self.cell.get_recurrent_dropout_mask(initial_state[0]), 1)
        outputs, h, c = self.run_recurrence(self.input_projection(sequences), initial_state, masks)
        return tf.cast(h, self.compute_dtype), outputs, [h, c]

    def input_projection(self, x: Tensor, *, exact: bool = False) -> Tensor:
        """Return the input projection ``x . kernel + bias`` in the compute type: ``[..., d] -> [..., 4u]``.

        Args:
            x: The input.
            exact: Multiply in float32 under every compute type, for inputs that must not be rounded.
        """
        kernel, _, bias = self._weights()
        rows = tf.reshape(tf.cast(x, "float32" if exact else self.compute_dtype), (-1, kernel.shape[0]))
        leading = [known or tf.shape(x)[axis] for axis, known in enumerate(x.shape[:-1])]
        return tf.reshape(tf.cast(affine(rows, kernel, bias), self.compute_dtype), (*leading, 4 * self.units))

    def one_hot_input_projection(self, ids: Tensor) -> Tensor:
        """Return the input projection of one-hot vectors, by looking up rows of the kernel: ``[B, T] -> [B, T, 4u]``."""
        kernel, _, bias = self._weights()
        if (ids.shape.num_elements() or 0) < kernel.shape[0]:
            # The gradient of `gather` has one row for each id. Gathering from a variable would make all its reads copies.
            return tf.cast(tf.gather(tf.convert_to_tensor(kernel), ids) + bias, self.compute_dtype)
        return look_up_rows(tf.cast(kernel + bias, self.compute_dtype), ids)

    def recurrent_masks(self, ones: Tensor) -> Tensor | None:
        """Return new masks for recurrent dropout, ``[B, u] -> [B, 4, u]``; None without it, or if Keras draws them."""
        if not self.recurrent_dropout or self.keras_path_because():
            return None
        return keras.random.dropout(tf.stack([ones] * 4, 1), self.recurrent_dropout, seed=self.cell.seed_generator)

    def run_recurrence(
        self, input_projection: Tensor, states: Any, masks: Tensor | None = None, connections: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Run the fast loop.

        A call of the layer casts its states to the compute type, as Keras does. This method does not cast them: under bfloat16,
        casting would round the carried cell state to eight bits.

        Args:
            input_projection: The input projection of every step: ``[B, T, 4u]``.
            states: ``h`` and ``c`` before the first step, each ``[B, u]``.
            masks: Masks of recurrent dropout, which multiply ``h`` separately for each gate: ``[B, 4, u]``.
            connections: The DropConnect mask of the recurrent kernel: ``[u, 4u]``.

        Returns:
            All outputs ``[B, T, u]`` in the compute type, and ``h`` and ``c`` after the last step in float32.
        """
        cell = make_cell(*map(_fast_name, (self.recurrent_activation, self.activation)))
        h0, c0 = (tf.cast(state, tf.float32) for state in states)
        _, recurrent_kernel, _ = self._weights()
        masked = recurrent_kernel if connections is None else recurrent_kernel * connections
        return run_time_steps(cell, input_projection, masked, h0, c0, masks)


def _fast_name(activation: Any) -> str | None:
    """Return the name of a Keras activation that has a fast form; None for other functions, even of the same name."""
    return next((name for name in ACTIVATIONS if keras.activations.get(name) is activation), None)
