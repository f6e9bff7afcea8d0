"""Masks of dropout and DropConnect, drawn for every batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from charlstm.nn.fused_lstm import FusedLSTM

Tensor = Any


class LayerMasks(NamedTuple):
    """The masks of one LSTM layer, the same at every step; None for no dropout.

    Attributes:
        output: The mask of the layer's outputs: ``[B, 1, u]``, or ``[B, u]`` for a layer that returns only its last output.
        recurrent: The masks of ``h``, one for each gate of the next step: ``[B, 4, u]``.
        connections: The mask of the recurrent kernel, the same for all rows: ``[u, 4u]``.
    """

    output: Tensor | None
    recurrent: Tensor | None
    connections: Tensor | None

    def rows(self, part: slice) -> "LayerMasks":
        """Return the masks of some rows of the batch."""
        return self._replace(
            output=None if self.output is None else self.output[part],
            recurrent=None if self.recurrent is None else self.recurrent[part],
        )


NOTHING_DROPPED = LayerMasks(None, None, None)

Masks = tuple[LayerMasks, ...]
"""The masks of every LSTM layer."""


@dataclass(frozen=True)
class DropoutNoise:
    """A source of masks for a network.

    Attributes:
        lstms: The LSTM layers.
        dropouts: The dropout layer after each LSTM layer.
        drop_connect: Fraction of the recurrent kernels' weights to drop.
        connection_seeds: Seed generators for the masks of the recurrent kernels, one for each layer.
    """

    lstms: tuple[FusedLSTM, ...]
    dropouts: tuple[keras.layers.Dropout, ...]
    drop_connect: float
    connection_seeds: tuple[keras.random.SeedGenerator, ...]

    @property
    def states(self) -> list[keras.Variable]:
        """The counters that determine the next masks."""
        states = [lstm.cell.seed_generator.state for lstm in self.lstms]
        states += [dropout.seed_generator.state for dropout in self.dropouts if dropout.rate]
        return states + [seed.state for seed in self.connection_seeds if self.drop_connect]

    def masks(self, rows: int) -> Masks:
        """Return new masks for a batch of ``rows`` rows."""
        masks = []
        for lstm, dropout, seed in zip(self.lstms, self.dropouts, self.connection_seeds, strict=True):
            # In float32, so that both precisions draw the same masks.
            ones = tf.ones((rows, lstm.units))
            output = keras.random.dropout(ones, dropout.rate, seed=dropout.seed_generator) if dropout.rate else None
            if output is not None and lstm.return_sequences:
                output = output[:, None]
            connections = connection_mask(lstm.units, self.drop_connect, seed) if self.drop_connect else None
            masks.append(LayerMasks(output, lstm.recurrent_masks(ones), connections))
        return tuple(masks)


@contextmanager
def connections_dropped(lstm: FusedLSTM, mask: Tensor | None) -> Iterator[None]:
    """Apply a mask to a layer's recurrent kernel while Keras calls the layer; None applies no mask."""
    if mask is None:
        yield
        return
    kernel, counter = lstm.cell.recurrent_kernel, lstm.cell.seed_generator.state
    with keras.StatelessScope([(kernel, kernel.value * mask)]) as scope:
        yield
    drawn = scope.get_current_value(
        counter
    )  # recurrent dropout advances its counter, but the scope discards changes of variables
    if drawn is not None:
        counter.assign(drawn)


def connection_mask(units: int, rate: float, seed: keras.random.SeedGenerator) -> Tensor:
    """Return a mask for a recurrent kernel: 0 at dropped weights, ``1 / (1 - rate)`` elsewhere: ``[u, 4u]``, float32.

    Each random number of 32 bits decides two weights, 16 bits each. This halves the time, and the rate is exact to 1e-5.
    """
    drawn = tf.random.stateless_uniform((units, 2 * units), tf.cast(seed.next(), tf.int64), None, None, tf.uint32)
    dropped = min(round(rate * 2**16), 2**16 - 1)
    kept = tf.reshape(tf.bitcast(drawn, tf.uint16), (units, 4 * units)) >= dropped
    return tf.cast(kept, tf.float32) * (2**16 / (2**16 - dropped))
