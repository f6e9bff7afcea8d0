"""The two ways of reading a text in order to continue it.

Both are a :class:`Reader`: a state that is advanced by one character in every row of a batch, and the logits of the next
character, given that state. States are values: advancing makes a new one and leaves the old one as it was.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from charlstm.config import Mode
from charlstm.inference.lstm import Array, LayerState
from charlstm.inference.network import Network, State
from charlstm.text.vocabulary import Ids


class Reader(Protocol):
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
class Stateful:
    """Every character is read once; ``h`` and ``c`` of every layer are carried from character to character."""

    network: Network

    def zero(self, batch: int) -> State:
        """See :class:`Reader`."""
        return self.network.zero_state(batch)

    def advance(self, state: State, ids: Ids) -> State:
        """See :class:`Reader`."""
        return self.network.step(ids, state)

    def logits(self, state: State) -> Array:
        """See :class:`Reader`."""
        return self.network.logits(state[-1].h)

    def recent(self, ids: Ids) -> Ids:
        """The whole text: the state is a function of all of it."""
        return ids


class LanesState(NamedTuple):
    """The state of :class:`Stateless`.

    Attributes:
        lanes: For every layer ``h`` and ``c``, each ``[W, B, u]``: lane j holds the state of a network that was started
            from zero at the last character whose number is j modulo W.
        read: Characters read so far.
        h: The last layer's ``h`` in the oldest lane: ``[B, u]``.
    """

    lanes: State
    read: int
    h: Array


@dataclass(frozen=True)
class Stateless:
    """A zero state, then the last ``seq_len`` characters (fewer while the text is shorter), anew for every character.

    That is the append-and-shift loop. Running it literally costs ``seq_len`` sequential steps a character. Lanes give the
    same result in one batched step: W = ``seq_len`` states are kept, each started from zero one character after the one
    before. Every new character advances all of them; the oldest has then read exactly the window, gives the prediction,
    and is started anew at the next character.
    """

    network: Network

    def zero(self, batch: int) -> LanesState:
        """See :class:`Reader`."""
        width = self.network.config.seq_len
        lanes = tuple(LayerState(*np.zeros((2, width, batch, layer.units), np.float32)) for layer in self.network.layers)
        return LanesState(lanes, 0, lanes[-1].h[0])

    def advance(self, state: LanesState, ids: Ids) -> LanesState:
        """See :class:`Reader`."""
        width, batch = self.network.config.seq_len, len(ids)
        active = min(state.read + 1, width)
        flat = tuple(
            LayerState(h[:active].reshape(-1, h.shape[-1]), c[:active].reshape(-1, c.shape[-1])) for h, c in state.lanes
        )
        stepped = self.network.step(np.tile(ids, active), flat)
        read = state.read + 1
        oldest = read % width if read >= width else 0
        lanes = []
        for after in stepped:
            h, c = (array.reshape(active, batch, -1) for array in after)
            if active < width:
                idle = np.zeros((width - active, batch, h.shape[-1]), np.float32)
                h, c = np.concatenate([h, idle]), np.concatenate([c, idle])
            lanes.append(LayerState(h, c))
        prediction = lanes[-1].h[oldest].copy()
        if read >= width:  # the oldest lane has read its window: the next character starts it anew
            for h, c in lanes:
                h[oldest] = c[oldest] = 0
        return LanesState(tuple(lanes), read, prediction)

    def logits(self, state: LanesState) -> Array:
        """See :class:`Reader`."""
        return self.network.logits(state.h)

    def recent(self, ids: Ids) -> Ids:
        """The last window."""
        return ids[-self.network.config.seq_len :]


def reader(network: Network, mode: Mode) -> Reader:
    """The NumPy engine's reader of a mode."""
    return Stateless(network) if mode == "stateless" else Stateful(network)
