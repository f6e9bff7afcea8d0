"""The stateless and the stateful mode of generation.

Both are a :class:`Decoder`: a step reads one character in every row of a batch, and the state after it gives the logits of the
next character. ``step`` may change its state in place, so use only the state that it returns.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from charlstm.choices import Mode
from charlstm.inference.lstm import Array, LayerState, LayerWorkspace
from charlstm.inference.network import Network, State, Workspace
from charlstm.text.vocabulary import Ids


class Decoder(Protocol):
    """A mode (stateless or stateful) in one engine (NumPy or Keras)."""

    def initial_state(self, batch: int) -> Any:
        """Return the zero state of a batch of B texts."""

    def step(self, ids: Ids, state: Any) -> Any:
        """Return the state after one more character in every row: ids ``[B]``."""

    def logits(self, state: Any) -> Array:
        """Return the logits of the next character in every row, ``[B, V]``; call :meth:`step` at least once before."""

    def gather(self, state: Any, rows: NDArray[np.integer]) -> Any:
        """Return the state of a new batch, each of whose rows is a copy of a row of this one: rows ``[B']``."""

    def recent(self, ids: Ids) -> Ids:
        """Return the part of a text, at its end, that the next character depends on."""


class CarriedState(NamedTuple):
    """The state of :class:`StatefulDecoder`, with the scratch memory of its steps.

    Attributes:
        layers: ``h`` and ``c`` of every layer.
        workspace: Scratch memory, which belongs to these texts alone, so that threads can share a decoder.
    """

    layers: State
    workspace: Workspace


@dataclass(frozen=True)
class StatefulDecoder:
    """The stateful mode: each character is read once, and ``h`` and ``c`` of every layer are carried."""

    network: Network

    def initial_state(self, batch: int) -> CarriedState:
        """See :class:`Decoder`."""
        return CarriedState(self.network.initial_state(batch), self.network.workspace(batch))

    def step(self, ids: Ids, state: CarriedState) -> CarriedState:
        """See :class:`Decoder`."""
        self.network.step(ids, state.layers, state.workspace)
        return state

    def logits(self, state: CarriedState) -> Array:
        """See :class:`Decoder`."""
        return self.network.logits(state.layers[-1].h)

    def gather(self, state: CarriedState, rows: NDArray[np.integer]) -> CarriedState:
        """See :class:`Decoder`."""
        layers = tuple(LayerState(h[rows], c[rows]) for h, c in state.layers)
        same = len(rows) == len(state.layers[-1].h)
        return CarriedState(layers, state.workspace if same else self.network.workspace(len(rows)))

    def recent(self, ids: Ids) -> Ids:
        """Return the whole text: the state depends on all of it."""
        return ids


class LaneState(NamedTuple):
    """The state of :class:`StatelessDecoder`, with the scratch memory of its steps.

    Attributes:
        lanes: The states of W·B rows for every layer. Row ``j B + b`` belongs to text b; it was reset to zero at the last
            character whose index is j modulo W.
        workspace: Scratch memory of W·B rows.
        read: The number of characters read so far.
        h: The last layer's ``h`` in the oldest lane, a view of ``lanes``: ``[B, u]``.
    """

    lanes: State
    workspace: Workspace
    read: int
    h: Array


@dataclass(frozen=True)
class StatelessDecoder:
    """The stateless mode: every prediction starts from a zero state and reads the last ``seq_len`` characters.

    This is the append-and-shift loop of the tutorials, which takes ``seq_len`` sequential steps for each character. Lanes give
    the same result in one batched step. There are W = ``seq_len`` states, each reset to zero one character after the previous
    one. A new character is read by all of them. The oldest has then read exactly the window: it gives the prediction, and is
    reset at the next character.
    """

    network: Network

    def initial_state(self, batch: int) -> LaneState:
        """See :class:`Decoder`."""
        rows = self.network.config.seq_len * batch
        lanes = self.network.initial_state(rows)
        return LaneState(lanes, self.network.workspace(rows), 0, lanes[-1].h[:batch])

    def step(self, ids: Ids, state: LaneState) -> LaneState:
        """See :class:`Decoder`."""
        lanes, workspace, read, _ = state
        width, batch = self.network.config.seq_len, len(ids)
        if read >= width:  # the oldest lane has read its window: reset it before this character
            for layer in lanes:
                for array in layer:
                    array[read % width * batch : (read % width + 1) * batch] = 0
        active = min(read + 1, width)
        self.network.step(ids, *first_rows(lanes, workspace, active * batch))
        read += 1
        oldest = read % width if read >= width else 0
        return LaneState(lanes, workspace, read, lanes[-1].h[oldest * batch : (oldest + 1) * batch])

    def logits(self, state: LaneState) -> Array:
        """See :class:`Decoder`."""
        return self.network.logits(state.h)

    def gather(self, state: LaneState, rows: NDArray[np.integer]) -> LaneState:
        """See :class:`Decoder`."""
        width, before, after = self.network.config.seq_len, len(state.h), len(rows)

        def chosen(array: Array) -> Array:
            columns = array.shape[1]  # -1 could not stand for it: the last c of a mixture is empty
            return array.reshape(width, before, columns)[:, rows].reshape(width * after, columns)

        lanes = tuple(LayerState(*map(chosen, layer)) for layer in state.lanes)
        workspace = state.workspace if after == before else self.network.workspace(width * after)
        oldest = state.read % width if state.read >= width else 0
        return LaneState(lanes, workspace, state.read, lanes[-1].h[oldest * after : (oldest + 1) * after])

    def recent(self, ids: Ids) -> Ids:
        """Return the last window of a text."""
        return ids[-self.network.config.seq_len :]


def first_rows(state: State, workspace: Workspace, rows: int) -> tuple[State, Workspace]:
    """Return views of the first rows of a state and of its workspace."""
    return (
        tuple(LayerState(h[:rows], c[:rows]) for h, c in state),
        tuple(LayerWorkspace(gates[:, :rows], projection[:, :rows]) for gates, projection in workspace),
    )


def decoder(network: Network, mode: Mode) -> Decoder:
    """Return the NumPy decoder of a mode."""
    return StatelessDecoder(network) if mode == "stateless" else StatefulDecoder(network)
