"""Gates and states of a network along a text, and the cells that follow a readable property of the text.

Source: Karpathy, Johnson & Fei-Fei, *Visualizing and Understanding Recurrent Networks* (2015), who searched for such cells by
eye. Here the search uses Pearson's correlation of a cell's ``c`` with a property of the text, over its characters.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from charlstm.inference.finite import finite
from charlstm.inference.lstm import Array
from charlstm.inference.network import Network, any_weights
from charlstm.inspection.blocks import Block, Grid, Prose
from charlstm.results.inspection import CellValues, InsideRecord, ReadableCellRecord
from charlstm.text.vocabulary import Ids

MAX_CHARACTERS = 1_000
"""Characters of a text that are inspected, at most."""

LEAST_CHANGES = 8
"""Changes of a property along a text, at least, for a cell to be able to follow it."""

QUANTITIES = ("i", "f", "g", "o", "c", "h")
"""Input gate, forget gate, candidate, output gate, cell state and hidden state, in the order of :class:`Activations`."""


@dataclass(frozen=True)
class Activations:
    """The activations of one layer of u units along a text of N characters.

    Attributes:
        values: After every character, the six :data:`QUANTITIES` of every unit: ``[6, N, u]``.
    """

    values: Array

    @property
    def c(self) -> Array:
        """Cell states: ``[N, u]``."""
        c: Array = self.values[QUANTITIES.index("c")]
        return c


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
    return tuple(Activations(finite(values)) for values in kept)


def activations_record(text: str, layers: tuple[Activations, ...], layer: int | None, cell: int | None) -> InsideRecord:
    """Return the record of a text: its readable cells, and the quantities of one cell along the text.

    Args:
        text: The text of N characters.
        layers: Activations from :func:`activations_along`.
        layer: Number of the layer to show, from 1. If None, the layer of the most readable cell, or the first if ``cell`` is
            set.
        cell: Index of the cell to show; the most readable one (of the layer) if None.
    """
    readable = readable_cells(text, layers, layer)
    best = readable[0] if readable and cell is None else None
    layer = layer or (best.layer + 1 if best else 1)
    cell = cell if cell is not None else (best.cell if best else 0)
    values = layers[layer - 1].values[:, :, cell]
    return InsideRecord(
        text=text,
        layer=layer,
        cell=cell,
        units=[each.values.shape[2] for each in layers],
        readable_cells=[
            ReadableCellRecord(
                follows=one.follows,
                layer=one.layer + 1,
                cell=one.cell,
                correlation=one.correlation,
                by_chance=one.by_chance,
            )
            for one in readable
        ],
        values=CellValues(
            **{name: series.tolist() for name, series in zip(QUANTITIES, values.astype(np.float64), strict=True)}
        ),
    )


@dataclass(frozen=True)
class PackedActivations:
    """The activations of one layer, quantised to one byte each for a page.

    Attributes:
        units: Number of units.
        reach: The largest magnitude of each quantity.
        bytes: base64 of the values plus 128, each from -127 to 127, by quantity, then character, then cell.
    """

    units: int
    reach: list[float]
    bytes: str


def packed(layer: Activations) -> PackedActivations:
    """Quantise a layer's values, relative to the largest magnitude of their quantity."""
    reach = np.maximum(np.abs(layer.values).max((1, 2)), 1e-9)
    shares = np.rint(layer.values / reach[:, None, None] * 127 + 128).astype(np.uint8)
    return PackedActivations(layer.values.shape[2], reach.tolist(), b64encode(shares.tobytes()).decode())


def activations_view(found: InsideRecord) -> list[Block]:
    """Return the blocks of the readable cells and the heading of the text with one cell's c below it."""
    rows = [
        [one.follows, str(one.layer), str(one.cell), f"{one.correlation:+.2f}", f"{one.by_chance:.2f}"]
        for one in found.readable_cells
    ]
    chance = "the best that any cell reaches when the property is moved to other places of the text"
    cells: list[Block] = [
        Prose(
            f"Cells whose c follows something, by Pearson's correlation over the {len(found.text):,} characters; beside it "
            f"{chance}."
        ),
        Grid(["follows", "layer", "cell", "correlation", "by chance"], rows),
    ]
    if not rows:
        cells = [
            Prose(
                f"No cell follows anything over the {len(found.text):,} characters: no correlation of a cell's c with a "
                f"property of the text is above {chance}."
            )
        ]
    return [
        *cells,
        Prose(f"The text, and below each line c of layer {found.layer}, cell {found.cell}, from its least to its greatest:"),
    ]


def _since(text: str, ends: Callable[[str], bool]) -> list[float]:
    """Return for every character the distance to the last character for which ``ends`` is true; that one has distance 0."""
    return list(accumulate(text, lambda count, character: 0.0 if ends(character) else count + 1, initial=0.0))[1:]


def _quoted(text: str) -> list[float]:
    """Return 1 for every character inside double quotes, straight or paired; a blank line closes an open quote."""
    found, open_ = [], False
    for place, character in enumerate(text):
        if character in "“”「」『』":
            open_ = character in "“「『"
        elif character == '"':
            open_ = not open_
        elif text[max(0, place - 1) : place + 1] == "\n\n":
            open_ = False
        found.append(float(open_))
    return found


def _bracketed(text: str) -> list[float]:
    opened, closed = "([{（【《〈", ")]}）】》〉"
    depths = accumulate(text, lambda depth, c: max(0.0, depth + (c in opened) - (c in closed)), initial=0.0)
    return list(depths)[1:]


PROPERTIES: Mapping[str, Callable[[str], list[float]]] = {
    "inside quotes": _quoted,
    "inside brackets": _bracketed,
    "characters since the line began": lambda text: _since(text, lambda c: c == "\n"),
    "characters since the sentence began": lambda text: _since(text, lambda c: c in ".!?。！？"),
    "characters since a space or punctuation": lambda text: _since(text, lambda c: not c.isalnum()),
    "after a space": lambda text: [float(c == " ") for c in text],
    "after a capital letter": lambda text: [float(c.isupper()) for c in text],
    "after a digit": lambda text: [float(c.isdigit()) for c in text],
    "after a vowel": lambda text: [float(c.lower() in "aeiou") for c in text],
}
"""Properties of a text that a cell may follow: functions that return a number for every character read."""


@dataclass(frozen=True)
class ReadableCell:
    """A cell that follows a property of the text.

    Attributes:
        follows: Name of the property in :data:`PROPERTIES`.
        layer: Index of the layer, from 0.
        cell: Index of the cell in the layer, from 0.
        correlation: Correlation of its ``c`` with the property, from -1 to 1.
        by_chance: Largest absolute correlation of any cell with the same property after a random rotation along the text. High
            correlations occur by chance, because cells and properties change slowly and there are many cells.
    """

    follows: str
    layer: int
    cell: int
    correlation: float
    by_chance: float


def readable_cells(
    text: str, layers: tuple[Activations, ...], only: int | None = None, each: int = 3, rotations: int = 40
) -> list[ReadableCell]:
    """Return the cells whose ``c`` correlates with a property of a text by more than chance, the best first.

    A linear trend is removed from both first. Otherwise a cell that counts characters would follow every growing property.

    Args:
        text: The text of N characters.
        layers: Activations along the text.
        only: Number of the layer to search, from 1; all layers if None.
        each: Cells of each property, at most.
        rotations: Number of random rotations of a property, from which the correlation by chance is estimated.
    """
    found, seen = [], []
    numbers = range(len(layers)) if only is None else [only - 1]
    states = {number: _standardised(layers[number].c.astype(np.float64)) for number in numbers}
    shifts = np.random.default_rng(0).integers(len(text) // 4, len(text) - len(text) // 4, rotations)
    for name, measure in PROPERTIES.items():
        values = measure(text)
        if values in seen or np.count_nonzero(np.diff(values)) < LEAST_CHANGES:
            continue
        seen.append(values)
        wanted = _standardised(np.array(values)[:, None])[:, 0]
        rotated = np.stack([np.roll(wanted, shift) for shift in shifts])
        chance = max(float(np.abs(rotated @ c).max()) / len(text) for c in states.values())
        cells = [
            ReadableCell(name, layer, cell, float(value), chance)
            for layer, c in states.items()
            for cell, value in enumerate(wanted @ c / len(text))
            if abs(value) > chance
        ]
        found += sorted(cells, key=lambda one: -abs(one.correlation))[:each]
    return sorted(found, key=lambda one: -abs(one.correlation))


def _standardised(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return columns without their linear trend, with mean 0 and variance 1: ``[N, u]``.

    A column that varies less than the rounding of float32 is constant, and becomes 0.
    """
    rounding = 1e-6 * np.abs(columns).max(0)
    line = np.linspace(-1, 1, len(columns))[:, None]
    centred = columns - columns.mean(0)
    centred -= line * (line * centred).sum(0) / (line * line).sum()
    deviation = centred.std(0)
    result: NDArray[np.float64] = np.divide(
        centred, deviation, out=np.zeros_like(centred), where=deviation > np.maximum(rounding, 1e-9)
    )
    return result
