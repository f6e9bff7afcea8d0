"""The stateless and the stateful mode of generation.

Both are a :class:`Decoder`: it advances a state by one character in every row of a batch, and computes the logits of the next
character from the state. ``advance`` may change its argument in place, so use only the state that it returns.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from charlstm.config import Mode
from charlstm.inference.lstm import Array, LayerState
from charlstm.inference.network import Network, State
from charlstm.text.vocabulary import Ids


class Decoder(Protocol):
    """A mode (stateless or stateful) in one engine (NumPy or Keras)."""

    def zero(self, batch: int) -> Any:
        """Return the zero state of a batch of B texts."""

    def advance(self, state: Any, ids: Ids) -> Any:
        """Return the state after one more character in every row: ids ``[B]``."""

    def logits(self, state: Any) -> Array:
        """Return the logits of the next character in every row, ``[B, V]``; call :meth:`advance` at least once before."""

    def recent(self, ids: Ids) -> Ids:
        """Return the part of a text, at its end, that the next character depends on."""


@dataclass(frozen=True)
class StatefulDecoder:
    """The stateful mode: each character is read once, and ``h`` and ``c`` of every layer are carried."""

    network: Network

    def zero(self, batch: int) -> State:
        """See :class:`Decoder`."""
        return self.network.zero_state(batch)

    def advance(self, state: State, ids: Ids) -> State:
        """See :class:`Decoder`."""
        self.network.step(ids, state)
        return state

    def logits(self, state: State) -> Array:
        """See :class:`Decoder`."""
        return self.network.logits(state[-1].h)

    def recent(self, ids: Ids) -> Ids:
        """Return the whole text: the state depends on all of it."""
        return ids


class LaneState(NamedTuple):
    """The state of :class:`StatelessDecoder`.

    Attributes:
        lanes: The states of W·B rows for every layer. Row ``j B + b`` belongs to text b; it was reset to zero at the last
            character whose index is j modulo W.
        read: The number of characters read so far.
        h: The last layer's ``h`` in the oldest lane: ``[B, u]``.
    """

    lanes: State
    read: int
    h: Array


@dataclass(frozen=True)
class StatelessDecoder:
    """The stateless mode: every prediction starts from a zero state and reads the last ``seq_len`` characters.

    This is the append-and-shift loop of the tutorials, which takes ``seq_len`` sequential steps for each character. Lanes give
    the same result in one batched step. There are W = ``seq_len`` states, each reset to zero one character after the previous
    one. A new character advances all of them. The oldest has then read exactly the window: it gives the prediction, and is
    reset at the next character.
    """

    network: Network

    def zero(self, batch: int) -> LaneState:
        """See :class:`Decoder`."""
        lanes = self.network.zero_state(self.network.config.seq_len * batch)
        return LaneState(lanes, 0, lanes[-1].h[:batch])

    def advance(self, state: LaneState, ids: Ids) -> LaneState:
        """See :class:`Decoder`."""
        lanes, read, _ = state
        width, batch = self.network.config.seq_len, len(ids)
        if read >= width:  # the oldest lane has read its window: reset it before this character
            for layer in lanes:
                for array in (layer.h, layer.c):
                    array[read % width * batch : (read % width + 1) * batch] = 0
        active = min(read + 1, width)
        self.network.step(np.tile(ids, active), tuple(_rows(layer, active * batch) for layer in lanes))
        read += 1
        oldest = read % width if read >= width else 0
        return LaneState(lanes, read, lanes[-1].h[oldest * batch : (oldest + 1) * batch])

    def logits(self, state: LaneState) -> Array:
        """See :class:`Decoder`."""
        return self.network.logits(state.h)

    def recent(self, ids: Ids) -> Ids:
        """Return the last window of a text."""
        return ids[-self.network.config.seq_len :]


def _rows(state: LayerState, count: int) -> LayerState:
    """Return a view of the first rows of a state."""
    h, c, gates, share = state
    return LayerState(h[:count], c[:count], gates[:, :count], share[:, :count])


def decoder(network: Network, mode: Mode) -> Decoder:
    """Return the NumPy decoder of a mode."""
    return StatelessDecoder(network) if mode == "stateless" else StatefulDecoder(network)
