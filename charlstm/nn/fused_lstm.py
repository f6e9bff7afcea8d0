"""``keras.layers.LSTM`` with a faster time loop: the same weights, options, numbers and serialised form."""

from typing import Any

import keras
import tensorflow as tf

from charlstm.nn.recurrence import ACTIVATIONS, Tensor, affine, look_up_rows, make_cell, run_time_steps


@keras.saving.register_keras_serializable("charlstm")
class FusedLSTM(keras.layers.LSTM):
    """``keras.layers.LSTM`` with the fast loop where it applies, and Keras's own path where it does not.

    What Keras's layer can and this one cannot: be exported as a SavedModel, and have its Jacobian taken in parallel; under
    ``mixed_bfloat16`` also ``stateless_call``.

    Shapes: ``T`` steps, ``B`` rows, ``d`` features, ``u`` units.
    """

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Build the weights, and keep the float32 ones at hand: in the layer's call Keras shows them cast."""
        super().build(sequences_shape, initial_state_shape)
        self._float32 = self._shown()

    def _shown(self) -> list[Tensor]:
        """Kernel, recurrent kernel and bias (or None) as Keras shows them now: cast, or others in their place."""
        cell = self.cell
        return [cell.kernel.value, cell.recurrent_kernel.value, cell.bias.value if cell.use_bias else None]

    def _weights(self) -> tuple[Tensor, Tensor, Tensor]:
        """Kernel, recurrent kernel and bias in float32."""
        kernel, recurrent_kernel, bias = self._shown() if self.compute_dtype == "float32" else self._float32
        return kernel, recurrent_kernel, tf.zeros(4 * self.units) if bias is None else bias

    def keras_path_because(self, *, masked: bool = False) -> str | None:
        """Why Keras's own path runs, or None if the fast loop does."""
        strange = [activation for activation in (self.activation, self.recurrent_activation) if _fast_name(activation) is None]
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
            f"there is no fast form of the activation {', '.join(map(str, strange))}": bool(strange),
        }
        return next((reason for reason, applies in reasons.items() if applies), None)

    def inner_loop(self, sequences: Tensor, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """Run over the sequences: what ``keras.layers.LSTM`` calls.

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
        outputs, h, c = self.recur(self.shares(sequences), initial_state, masks)
        return tf.cast(h, self.compute_dtype), outputs, [h, c]

    def shares(self, x: Tensor, *, exact: bool = False) -> Tensor:
        """The input's share of the gates, ``x . kernel + bias``, in the compute type: ``[..., d] -> [..., 4u]``.

        Args:
            x: The input.
            exact: Multiply in float32 whatever the compute type is, for inputs that mean something to their last bit.
        """
        kernel, _, bias = self._weights()
        rows = tf.reshape(tf.cast(x, "float32" if exact else self.compute_dtype), (-1, kernel.shape[0]))
        leading = [known or tf.shape(x)[axis] for axis, known in enumerate(x.shape[:-1])]
        return tf.reshape(tf.cast(affine(rows, kernel, bias), self.compute_dtype), (*leading, 4 * self.units))

    def shares_of_one_hot(self, ids: Tensor) -> Tensor:
        """The same for one-hot vectors, whose product with the kernel is one of its rows: ``[B, T] -> [B, T, 4u]``."""
        kernel, _, bias = self._weights()
        if (ids.shape.num_elements() or 0) < kernel.shape[0]:
            # The gradient of `gather` has a row for each id. Of a tensor: gathering from a variable makes all its reads copies.
            return tf.cast(tf.gather(tf.convert_to_tensor(kernel), ids) + bias, self.compute_dtype)
        return look_up_rows(tf.cast(kernel + bias, self.compute_dtype), ids)

    def recurrent_masks(self, ones: Tensor) -> Tensor | None:
        """New masks for recurrent dropout, ``[B, u] -> [B, 4, u]``; None without it, or where Keras makes them."""
        if not self.recurrent_dropout or self.keras_path_because():
            return None
        return keras.random.dropout(tf.stack([ones] * 4, 1), self.recurrent_dropout, seed=self.cell.seed_generator)

    def recur(
        self, shares: Tensor, states: Any, masks: Tensor | None = None, connections: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The fast loop.

        Calling the layer casts its states to the compute type, as Keras does; this does not. Under bfloat16 that would round
        the cell state that is carried from batch to batch to eight bits.

        Args:
            shares: The input's share of the gates at every step: ``[B, T, 4u]``.
            states: ``h`` and ``c`` before the first step, each ``[B, u]``.
            masks: What recurrent dropout multiplies ``h`` by on its way to each gate: ``[B, 4, u]``.
            connections: What DropConnect multiplies the recurrent kernel by: ``[u, 4u]``.

        Returns:
            All outputs ``[B, T, u]`` in the compute type, and ``h`` and ``c`` after the last step in float32.
        """
        cell = make_cell(*map(_fast_name, (self.recurrent_activation, self.activation)))
        h0, c0 = (tf.cast(state, tf.float32) for state in states)
        _, recurrent_kernel, _ = self._weights()
        thinned = recurrent_kernel if connections is None else recurrent_kernel * connections
        return run_time_steps(cell, shares, thinned, h0, c0, masks)


def _fast_name(activation: Any) -> str | None:
    """The name of one of Keras's own activations that has a fast form; a function of the same name is another one."""
    return next((name for name in ACTIVATIONS if keras.activations.get(name) is activation), None)
