"""The Keras engine: the two modes of ``charlstm.inference.modes``, run by Keras layers.

The stateless mode is the append-and-shift loop of the tutorials: it calls the model on the last window for every character.
This engine is the oracle of the NumPy engine, and the engine for large batches and GPUs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from charlstm.choices import Mode
from charlstm.config import ModelConfig
from charlstm.inference.modes import Decoder
from charlstm.nn.network import Layers, States, Tensor, build_layers, forward
from charlstm.text.vocabulary import Ids
from charlstm.text.windows import normalise


@tf.function(autograph=False, reduce_retracing=True)
def _read(layers: Layers, x: Tensor, states: States) -> tuple[Tensor, States]:
    return forward(layers, x, states)


@dataclass(frozen=True)
class StatefulKerasDecoder:
    """The stateful mode: each character is read once, and the layers' final states are their next initial states."""

    layers: Layers

    def initial_state(self, batch: int) -> Any:
        """See :class:`charlstm.inference.modes.Decoder`; the state is the layers' states and the last logits."""
        return self.layers.initial_states(batch), None

    def step(self, ids: Ids, state: Any) -> Any:
        """See :class:`charlstm.inference.modes.Decoder`."""
        x = normalise(np.asarray(ids)[:, None], self.layers.config.vocabulary_size)
        logits, states = _read(self.layers, tf.constant(x), state[0])
        return states, logits

    def logits(self, state: Any) -> NDArray[np.float32]:
        """See :class:`charlstm.inference.modes.Decoder`."""
        return np.asarray(state[1])

    def gather(self, state: Any, rows: NDArray[np.integer[Any]]) -> Any:
        """See :class:`charlstm.inference.modes.Decoder`."""
        return tf.nest.map_structure(lambda array: tf.gather(array, rows), state)

    def recent(self, ids: Ids) -> Ids:
        """Return the whole text."""
        return ids


@dataclass(frozen=True)
class StatelessKerasDecoder:
    """The stateless mode: every prediction starts from a zero state and reads the last ``seq_len`` characters."""

    layers: Layers

    def initial_state(self, batch: int) -> NDArray[Any]:
        """See :class:`charlstm.inference.modes.Decoder`; the state is the window: ids ``[B, at most T]``."""
        return np.zeros((batch, 0), np.int64)

    def step(self, ids: Ids, state: NDArray[Any]) -> NDArray[Any]:
        """See :class:`charlstm.inference.modes.Decoder`: append the character, shift the window."""
        return np.concatenate([state, np.asarray(ids)[:, None]], 1)[:, -self.layers.config.seq_len :]

    def logits(self, state: NDArray[Any]) -> NDArray[np.float32]:
        """See :class:`charlstm.inference.modes.Decoder`."""
        x = tf.constant(normalise(state, self.layers.config.vocabulary_size))
        logits, _ = _read(self.layers, x, self.layers.initial_states(len(state)))
        return np.asarray(logits)

    def gather(self, state: NDArray[Any], rows: NDArray[np.integer[Any]]) -> NDArray[Any]:
        """See :class:`charlstm.inference.modes.Decoder`."""
        gathered: NDArray[Any] = state[rows]
        return gathered

    def recent(self, ids: Ids) -> Ids:
        """Return the last window of a text."""
        return ids[-self.layers.config.seq_len :]


def keras_decoder(config: ModelConfig, weights: Mapping[str, NDArray[np.float32]], mode: Mode) -> Decoder:
    """Return the Keras decoder of a mode.

    Generation needs only the prediction after the last character, so the layers are built with ``targets="last"``.
    """
    layers = build_layers(replace(config, targets="last"))
    layers.assign(weights)
    return StatelessKerasDecoder(layers) if mode == "stateless" else StatefulKerasDecoder(layers)
