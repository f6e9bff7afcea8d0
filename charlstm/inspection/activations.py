"""Every gate and state of a network along a text, and the cells that follow something that people can read off it.

After Karpathy, Johnson & Fei-Fei, *Visualizing and Understanding Recurrent Networks* (2015), who looked for such cells by eye.
Here they are found by a measure: Pearson's correlation of a cell's ``c`` with a property of the text, over its characters.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from charlstm.inference.finite import finite
from charlstm.inference.lstm import Array
from charlstm.inference.network import Network, any_weights
from charlstm.inspection.blocks import Block, Grid, Prose, Record
from charlstm.text.vocabulary import Ids

MAX_CHARACTERS = 1_000
"""Characters of a text that are looked at."""

LEAST_CHANGES = 8
"""Times that a property must change along a text before a cell can be said to follow it."""

QUANTITIES = ("i", "f", "g", "o", "c", "h")
"""Input gate, forget gate, candidate, output gate, cell state, hidden state: in the order of :class:`Activations`."""


@dataclass(frozen=True)
class Activations:
    """One layer along a text of N characters.

    Attributes:
        values: After every character the six :data:`QUANTITIES` of every unit: ``[6, N, u]``.
    """

    values: Array

    @property
    def c(self) -> Array:
        """The cell states: ``[N, u]``."""
        c: Array = self.values[QUANTITIES.index("c")]
        return c


@any_weights
def activations_along(network: Network, ids: Ids) -> tuple[Activations, ...]:
    """Read a text, ids ``[N]``, from a zero state and keep everything, layer by layer.

    Raises:
        CheckpointError: If any of it is infinite or NaN.
    """
    state = network.zero_state(1)
    kept = [np.empty((len(QUANTITIES), len(ids), units), np.float32) for units in network.config.units]
    for place, character in enumerate(ids[:, None]):
        network.step(character, state)
        for values, layer in zip(kept, state, strict=True):
            values[:4, place] = layer.gates[:, 0]
            values[4, place], values[5, place] = layer.c[0], layer.h[0]
    return tuple(Activations(finite(values)) for values in kept)


def activations_record(text: str, layers: tuple[Activations, ...], layer: int | None, cell: int | None) -> Record:
    """What is shown of it: the readable cells, and one cell's quantities along the text.

    Args:
        text: N characters.
        layers: From :func:`activations_along`.
        layer: Counted from 1; if None that of the most readable cell, or the first if a cell is given.
        cell: The one to show; the most readable one (of the layer) if None.
    """
    readable = readable_cells(text, layers, layer)
    best = readable[0] if readable and cell is None else None
    layer = layer or (best.layer + 1 if best else 1)
    cell = cell if cell is not None else (best.cell if best else 0)
    values = layers[layer - 1].values[:, :, cell]
    return {
        "text": text,
        "layer": layer,
        "cell": cell,
        "units": [each.values.shape[2] for each in layers],
        "readable_cells": [{**asdict(one), "layer": one.layer + 1} for one in readable],
        "values": {name: series.tolist() for name, series in zip(QUANTITIES, values.astype(np.float64), strict=True)},
    }


def packed(layer: Activations) -> Record:
    """A layer's values as a page can hold them: a byte each, shares of the greatest magnitude of their quantity.

    Returns:
        ``bytes`` in base64, from -127 to 127 about 128, by quantity, then by character, then by cell; ``reach``, the greatest
        magnitude of each quantity; ``units``.
    """
    reach = np.maximum(np.abs(layer.values).max((1, 2)), 1e-9)
    shares = np.rint(layer.values / reach[:, None, None] * 127 + 128).astype(np.uint8)
    return {"units": layer.values.shape[2], "reach": reach.tolist(), "bytes": b64encode(shares.tobytes()).decode()}


def activations_view(found: Record) -> list[Block]:
    """The readable cells, and the text with one cell's c below it."""
    rows = [
        [one["follows"], str(one["layer"]), str(one["cell"]), f"{one['correlation']:+.2f}", f"{one['by_chance']:.2f}"]
        for one in found["readable_cells"]
    ]
    chance = "the best that any cell reaches when the property is moved to other places of the text"
    cells: list[Block] = [
        Prose(
            f"Cells whose c follows something, by Pearson's correlation over the {len(found['text']):,} characters; beside it "
            f"{chance}."
        ),
        Grid(["follows", "layer", "cell", "correlation", "by chance"], rows),
    ]
    if not rows:
        cells = [
            Prose(
                f"No cell follows anything over the {len(found['text']):,} characters: no correlation of a cell's c with a "
                f"property of the text is above {chance}."
            )
        ]
    return [
        *cells,
        Prose(
            f"The text, and below each line c of layer {found['layer']}, cell {found['cell']}, from its least to its greatest:"
        ),
    ]


def _since(text: str, ends: Callable[[str], bool]) -> list[float]:
    """At every character, how many have come since the last one that ends something; that one counts as none."""
    return list(accumulate(text, lambda count, character: 0.0 if ends(character) else count + 1, initial=0.0))[1:]


def _quoted(text: str) -> list[float]:
    """1 inside double quotes, straight or of any pair; a blank line ends what was left open."""
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
"""What a cell may follow, as a number for every character that has just been read."""


@dataclass(frozen=True)
class ReadableCell:
    """A cell that follows a property of the text.

    Attributes:
        follows: A name of :data:`PROPERTIES`.
        layer: Counted from 0.
        cell: Its number in the layer, from 0.
        correlation: Of its ``c`` with the property, from -1 to 1.
        by_chance: The greatest correlation, either sign, that any cell reaches with the same property at any of some random
            other places: rotations of it along the text. Cells and properties change slowly, and there are many cells.
    """

    follows: str
    layer: int
    cell: int
    correlation: float
    by_chance: float


def readable_cells(
    text: str, layers: tuple[Activations, ...], only: int | None = None, each: int = 3, rotations: int = 40
) -> list[ReadableCell]:
    """Return the cells whose ``c`` correlates with a property of a text, and more than by chance, the best first.

    What only grows with the text is taken out of both beforehand, by a straight line: a cell that counts characters would
    follow anything that does.

    Args:
        text: N characters.
        layers: What was seen along it.
        only: The layer to look in, counted from 1; all if None.
        each: Cells for each property, at most.
        rotations: Other places that a property is moved to, for what is reached by chance.
    """
    found, seen = [], []
    numbers = range(len(layers)) if only is None else [only - 1]
    states = {number: _standardised(layers[number].c.astype(np.float64)) for number in numbers}
    turns = np.random.default_rng(0).integers(len(text) // 4, len(text) - len(text) // 4, rotations)
    for name, measure in PROPERTIES.items():
        values = measure(text)
        if values in seen or np.count_nonzero(np.diff(values)) < LEAST_CHANGES:
            continue
        seen.append(values)
        wanted = _standardised(np.array(values)[:, None])[:, 0]
        rotated = np.stack([np.roll(wanted, turn) for turn in turns])
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
    """Return columns without their straight line, of mean 0 and variance 1: ``[N, u]``.

    A column that varies by no more than float32 rounds its values is constant, and becomes 0.
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
