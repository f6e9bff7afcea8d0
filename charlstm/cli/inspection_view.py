"""Output of ``charlstm inspect`` in a terminal."""

from typing import TYPE_CHECKING, Literal

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from charlstm.cli.console import NARROW, WIDEST, print_cells, printed
from charlstm.cli.layout import wrapped
from charlstm.cli.terminal import visible

if TYPE_CHECKING:
    from charlstm.inspection.blocks import Block
    from charlstm.results.inspection import InsideRecord, InspectionResult

_BARS = "▁▂▃▄▅▆▇█"


def show(result: "InspectionResult") -> None:
    """Print the sections and activations in the width of the terminal."""
    from charlstm.inspection.inside import inside_view
    from charlstm.inspection.layer_shapes import layers_view
    from charlstm.inspection.sections import section_views
    from charlstm.results.json_record import UNSET

    with printed() as console:
        console.width = min(console.width, WIDEST)
        console.print(f"{result.checkpoint}: {result.parameters:,} parameters")
        sections = section_views(result.sections)
        if len(sections) > 1:
            _print(console, layers_view(result.layers))
        for section in sections:
            _heading(console, section.title)
            _print(console, section.blocks)
        if result.inside is not UNSET:
            _heading(console, "Activations along a text")
            _print(console, inside_view(result.inside))
            _print_text(console, result.inside)


def _heading(console: Console, title: str) -> None:
    console.print()
    console.print(Text(title, style="bold"))


def _print(console: Console, blocks: "list[Block]") -> None:
    from charlstm.inspection.blocks import Grid, Lines

    for block in blocks:
        console.print()
        if isinstance(block, Grid):
            table = Table(box=None, padding=(0, 2, 0, 0), show_header=any(block.headings))
            for heading, numeric, whole, *cells in zip(block.headings, block.numeric, block.unbroken, *block.rows, strict=True):
                first = not table.columns and console.width >= NARROW
                # A part of a number would look like another number.
                words = [*heading.split(), *(word for cell in cells for word in ([cell] if whole or first else cell.split()))]
                justify: Literal["left", "right"] = "right" if numeric else "left"
                least = max(map(cell_len, words), default=0)
                table.add_column(Text(heading), justify=justify, overflow="fold", no_wrap=first, min_width=least)
            for row in block.rows:
                table.add_row(*map(Text, row))
            if console.measure(table, options=console.options.update(width=1_000)).minimum <= console.width:
                console.print(table)
            else:
                print_cells(console, block.headings[1:], block.rows)
        elif isinstance(block, Lines):
            console.print(Padding(Text(wrapped(block.text, console.width - 4), overflow="fold"), (0, 0, 0, 4)))
        else:
            console.print(Text(block.text))


def _print_text(console: Console, inside: "InsideRecord") -> None:
    """Print a text in lines of the terminal's width, each with bars of a cell's values below it."""
    values = inside.values.c
    least, reach = min(values), max(values) - min(values) or 1.0
    line = bars = ""
    for character, value in [*zip(inside.text, values, strict=True), ("\n", least)]:
        shown = "" if character == "\n" else visible(character)
        if character == "\n" or cell_len(line + shown) > console.width:
            console.print(Text(line))
            if line:
                console.print(Text(bars, style="cyan"))
            line = bars = ""
        line += shown
        bars += _BARS[min(int((value - least) / reach * len(_BARS)), len(_BARS) - 1)] * cell_len(shown)
