"""The cells of a network that follow a readable property of a text.

Source: Karpathy, Johnson & Fei-Fei, *Visualizing and Understanding Recurrent Networks* (2015), who searched for such cells by
eye. Here the search uses Pearson's correlation of a cell's ``c`` with a property of the text, over its characters.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from charlstm.inspection.activations import Activations

LEAST_CHANGES = 8
"""Changes of a property along a text, at least, for a cell to be able to follow it."""

MARGIN = 1.2
"""Ratio to the correlation by chance from which a correlation counts as clearly above it."""


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
    "after a digit": lambda text: [float(c.isdecimal()) for c in text],
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
        by_chance: Largest absolute correlation of any cell with the same property after a rotation along the text. High
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
    """Return the cells whose ``c`` correlates with a property of a text clearly by more than chance, the best first.

    A linear trend is removed from both first. Otherwise a cell that counts characters would follow every growing property.

    Args:
        text: The text of N characters.
        layers: Activations along the text.
        only: Number of the layer to search, from 1; all layers if None.
        each: Cells of each property, at most.
        rotations: Number of rotations of a property, by a quarter to three quarters of the text, from which the correlation by
            chance is estimated.
    """
    found, seen = [], []
    numbers = range(len(layers)) if only is None else [only - 1]
    states = {number: _standardised(layers[number].c.astype(np.float64)) for number in numbers}
    quarter = len(text) // 4
    # Multiples of the golden ratio are spread evenly too, but are unlikely to fall on a period of the text.
    shifts = [quarter + int(number * 0.6180339887 % 1 * (len(text) - 2 * quarter)) for number in range(1, rotations + 1)]
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
            if abs(value) > MARGIN * chance
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
