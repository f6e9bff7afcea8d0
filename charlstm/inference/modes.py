"""The two ways of reading a text in order to continue it.

Both are a :class:`Decoder`: a state that is advanced by one character in every row of a batch, and the logits of the next
character, given that state. Advancing may change the state that it is given: only the one that it returns counts from then on.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from charlstm.config import Mode
from charlstm.inference.lstm import Array, LayerState
from charlstm.inference.network import Network, State
from charlstm.text.vocabulary import Ids


class Decoder(Protocol):
    """A mode of reading, in some engine."""

    def zero(self, batch: int) -> Any:
        """The state of having read nothing, for a batch of B."""

    def advance(self, state: Any, ids: Ids) -> Any:
        """The state after one more character in every row: ids ``[B]``."""

    def logits(self, state: Any) -> Array:
        """Of the next character in every row, after at least one was read: ``[B, V]``."""

    def recent(self, ids: Ids) -> Ids:
        """The end of a text that its continuation depends on."""


@dataclass(frozen=True)
class StatefulDecoder:
    """Every character is read once; ``h`` and ``c`` of every layer are carried from character to character."""

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
        """The whole text: the state is a function of all of it."""
        return ids


class LaneState(NamedTuple):
    """The state of :class:`StatelessDecoder`.

    Attributes:
        lanes: For every layer the states of W·B rows: row ``j B + b`` is of a network that reads text b and was started from
            zero at the last character whose number is j modulo W.
        read: Characters read so far.
        h: The last layer's ``h`` in the oldest lane: ``[B, u]``.
    """

    lanes: State
    read: int
    h: Array


@dataclass(frozen=True)
class StatelessDecoder:
    """A zero state, then the last ``seq_len`` characters (fewer while the text is shorter), anew for every character.

    That is the append-and-shift loop. Running it literally costs ``seq_len`` sequential steps a character. Lanes give the
    same result in one batched step: W = ``seq_len`` states are kept, each started from zero one character after the one
    before. Every new character advances all of them; the oldest has then read exactly the window, gives the prediction,
    and is started anew at the next character.
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
        if read >= width:  # the oldest lane has read its window: this character starts it anew
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
        """The last window."""
        return ids[-self.network.config.seq_len :]


def _rows(state: LayerState, count: int) -> LayerState:
    """The state of the first rows, in the same memory."""
    h, c, gates, share = state
    return LayerState(h[:count], c[:count], gates[:, :count], share[:, :count])


def decoder(network: Network, mode: Mode) -> Decoder:
    """The NumPy engine's reader of a mode."""
    return StatelessDecoder(network) if mode == "stateless" else StatefulDecoder(network)
