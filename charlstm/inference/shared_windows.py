"""Stateless reading of many texts that have most of their characters in common, such as the particles of one text.

:class:`charlstm.inference.modes.StatelessDecoder` carries W = ``seq_len`` states for each text, of which the youngest is first
used W characters later. Most particles do not live that long: resampling replaces them. So the windows of the next few
predictions are read only when they are needed, from the texts as they are then. What several texts have in common from
the beginning of a window is read once.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from charlstm.inference.lstm import Array, LayerState
from charlstm.inference.modes import Decoder, StatelessDecoder, first_rows
from charlstm.inference.network import Network, State, Workspace
from charlstm.text.vocabulary import Ids

AHEAD = 8
"""Predictions whose windows are read together: a product of more rows is faster, and more rows are read in vain."""


@dataclass(frozen=True)
class SharedState:
    """The state of :class:`SharedWindows`.

    Attributes:
        ids: The characters of each text that are still needed: ``[B, at least N]``.
        length: N, the number of characters in ``ids``.
        lanes: The states of L·B rows for every layer. Row ``j B + b`` belongs to text b; its window begins j characters after
            that of the current prediction.
        workspace: Scratch memory of at least L·B rows.
    """

    ids: Ids
    length: int
    lanes: State
    workspace: Workspace


@dataclass(frozen=True)
class SharedWindows:
    """The stateless mode for texts with common passages: the predictions of :class:`StatelessDecoder`, in fewer steps."""

    network: Network

    @property
    def _ahead(self) -> int:
        return min(AHEAD, self.network.config.seq_len)

    def initial_state(self, batch: int) -> SharedState:
        """See :class:`charlstm.inference.modes.Decoder`."""
        ids = np.zeros((batch, self.network.config.seq_len + AHEAD), np.int64)
        return SharedState(ids, 0, self.network.initial_state(0), self.network.workspace(self._ahead * batch))

    def step(self, ids: Ids, state: SharedState) -> SharedState:
        """See :class:`charlstm.inference.modes.Decoder`."""
        batch, width, length = len(ids), self.network.config.seq_len, state.length
        if length == state.ids.shape[1]:  # full: only the last window is needed
            state.ids[:, :width] = state.ids[:, -width:].copy()
            length = width
        state.ids[:, length] = ids
        length += 1
        dropped = batch if length > width else 0  # otherwise the window still begins at the first character
        rows = len(state.lanes[-1].h) - dropped
        if rows <= 0:
            return replace(state, length=length, lanes=self._read(state.ids[:, :length], state.workspace))
        lanes = tuple(LayerState(h[dropped:], c[dropped:]) for h, c in state.lanes)
        self.network.step(np.tile(ids, rows // batch), *first_rows(lanes, state.workspace, rows))
        return replace(state, length=length, lanes=lanes)

    def logits(self, state: SharedState) -> Array:
        """See :class:`charlstm.inference.modes.Decoder`."""
        return self.network.logits(state.lanes[-1].h[: len(state.ids)])

    def gather(self, state: SharedState, rows: NDArray[np.integer]) -> SharedState:
        """See :class:`charlstm.inference.modes.Decoder`."""
        same = len(rows) == len(state.ids)
        workspace = state.workspace if same else self.network.workspace(self._ahead * len(rows))
        return SharedState(state.ids[rows], state.length, _columns(state.lanes, len(state.ids), rows), workspace)

    def recent(self, ids: Ids) -> Ids:
        """Return the last window of a text."""
        return ids[-self.network.config.seq_len :]

    def _read(self, texts: Ids, workspace: Workspace) -> State:
        """Return the states of L·B rows, which have read the windows of the next predictions as far as there are characters.

        Rows are sorted, so that those with a common beginning follow each other. A group of rows that have the same characters
        so far is one row of the states; it is split where they differ.

        Args:
            texts: The characters of each text: ids ``[B, N]``.
            workspace: Scratch memory of at least L·B rows.
        """
        width, length = self.network.config.seq_len, texts.shape[1]
        first = max(0, length - width)
        windows = max(0, length + self._ahead - 1 - width) - first + 1
        texts = texts[:, first:]
        order = np.lexsort(texts.T[::-1])
        texts = texts[order]
        differ = texts[1:] != texts[:-1]
        split = np.r_[-1, np.where(differ.any(1), differ.argmax(1), length)]  # where a row leaves the group of the one before
        groups = np.zeros(1, np.int64)  # the first row of each
        state = self.network.initial_state(windows)
        for place in range(texts.shape[1]):
            following = np.flatnonzero(split <= place)
            if len(following) > len(groups):
                state = _columns(state, len(groups), np.searchsorted(groups, following, "right") - 1)
                groups = following
            begun = min(place + 1, windows)
            self.network.step(np.tile(texts[groups, place], begun), *first_rows(state, workspace, begun * len(groups)))
        group = np.empty(len(order), np.int64)
        group[order] = np.searchsorted(groups, np.arange(len(order)), "right") - 1
        return _columns(state, len(groups), group)


def _columns(state: State, batch: int, rows: NDArray[np.integer]) -> State:
    """Return the state of a new batch for every lane, each of whose texts is a copy of one of B texts."""

    def chosen(array: Array) -> Array:
        lanes, columns = len(array) // batch, array.shape[1]  # -1 could not stand for them: the last c of a mixture is empty
        return array.reshape(lanes, batch, columns)[:, rows].reshape(lanes * len(rows), columns)

    return tuple(LayerState(*map(chosen, layer)) for layer in state)


def for_particles(decoder: Decoder) -> Decoder:
    """Return the decoder that gives the same predictions and is faster for many texts with common passages."""
    return SharedWindows(decoder.network) if isinstance(decoder, StatelessDecoder) else decoder
