"""The inside of a network along a text: its readable cells, and the activations of one cell."""

import numpy as np

from charlstm.inspection.activations import QUANTITIES, Activations
from charlstm.inspection.blocks import Block, Grid, Prose
from charlstm.inspection.readable_cells import readable_cells
from charlstm.results.inspection import CellValues, InsideRecord, ReadableCellRecord


def inside_record(text: str, layers: tuple[Activations, ...], layer: int | None, cell: int | None) -> InsideRecord:
    """Return the record of a text: its readable cells, and the quantities of one cell along the text.

    Args:
        text: The text of N characters.
        layers: Activations from :func:`charlstm.inspection.activations.activations_along`.
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


def inside_view(found: InsideRecord) -> list[Block]:
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
                f"property of the text is clearly above {chance}."
            )
        ]
    return [
        *cells,
        Prose(f"The text, and below each line c of layer {found.layer}, cell {found.cell}, from its least to its greatest:"),
    ]
