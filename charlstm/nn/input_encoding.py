"""Keras layers that encode normalised windows as one-hot or learned vectors."""

from typing import Any

import keras
from keras import ops

Tensor = Any


def character_ids(x: Tensor, vocabulary_size: int) -> Tensor:
    """Return the exact ids of normalised windows: ``[B, T, 1] -> [B, T]``."""
    return ops.cast(ops.round(x[..., 0] * vocabulary_size), "int32")


@keras.saving.register_keras_serializable("charlstm")
class OneHot(keras.layers.Layer):
    """A layer that encodes normalised windows as one-hot vectors: ``[B, T, 1] -> [B, T, V]``."""

    def __init__(self, vocabulary_size: int, **kwargs: Any) -> None:
        """Create the layer for a vocabulary of V characters."""
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size

    def call(self, x: Tensor) -> Tensor:
        """Encode windows."""
        return ops.one_hot(character_ids(x, self.vocabulary_size), self.vocabulary_size, dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration for Keras's serialisation."""
        return {**super().get_config(), "vocabulary_size": self.vocabulary_size}


@keras.saving.register_keras_serializable("charlstm")
class CharacterEmbedding(keras.layers.Embedding):
    """A layer that encodes normalised windows as learned vectors: ``[B, T, 1] -> [B, T, E]``."""

    def call(self, x: Tensor) -> Tensor:
        """Look up the vectors of windows."""
        return super().call(character_ids(x, self.input_dim))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape with E features."""
        return (*input_shape[:-1], self.output_dim)
