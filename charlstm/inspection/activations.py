"""Gates and states of a network along a text."""

from dataclasses import dataclass

import numpy as np

from charlstm.inference.finite import check_finite
from charlstm.inference.lstm import Array
from charlstm.inference.network import Network, any_weights
from charlstm.text.vocabulary import Ids

MAX_CHARACTERS = 1_000
"""Characters of a text that are inspected, at most."""

QUANTITIES = ("i", "f", "g", "o", "c", "h")
"""Input gate, forget gate, candidate, output gate, cell state and hidden state, in the order of :class:`Activations`."""


@dataclass(frozen=True)
class Activations:
    """The activations of one layer of u units along a text of N characters.

    Attributes:
        values: After every character, the six :data:`QUANTITIES` of every unit: ``[6, N, u]``.
    """

    values: Array

    def _quantity(self, name: str) -> Array:
        values: Array = self.values[QUANTITIES.index(name)]
        return values

    @property
    def i(self) -> Array:
        """Input gate: ``[N, u]``."""
        return self._quantity("i")

    @property
    def f(self) -> Array:
        """Forget gate: ``[N, u]``."""
        return self._quantity("f")

    @property
    def g(self) -> Array:
        """Candidate cell state: ``[N, u]``."""
        return self._quantity("g")

    @property
    def o(self) -> Array:
        """Output gate: ``[N, u]``."""
        return self._quantity("o")

    @property
    def c(self) -> Array:
        """Cell state: ``[N, u]``."""
        return self._quantity("c")

    @property
    def h(self) -> Array:
        """Hidden state: ``[N, u]``."""
        return self._quantity("h")


@any_weights
def activations_along(network: Network, ids: Ids) -> tuple[Activations, ...]:
    """Return the activations of every layer along a text that is read from a zero state.

    Args:
        network: The model.
        ids: Ids of the text: ``[N]``.

    Raises:
        CheckpointError: If an activation is infinite or NaN.
    """
    state, workspace = network.initial_state(1), network.workspace(1)
    kept = [np.empty((len(QUANTITIES), len(ids), units), np.float32) for units in network.config.units]
    for place, character in enumerate(ids[:, None]):
        network.step(character, state, workspace)
        for values, layer, scratch in zip(kept, state, workspace, strict=True):
            values[:4, place] = scratch.gates[:, 0]
            values[4, place], values[5, place] = layer.c[0], layer.h[0]
    return tuple(Activations(check_finite(values)) for values in kept)
