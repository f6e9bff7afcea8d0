"""What the commands share that lay out text and tables in a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table
from rich.text import Text

NARROW = 50
"""Columns of a terminal below which things do not stand side by side."""

WIDEST = 110
"""Columns beyond which paragraphs are not read comfortably."""


@contextmanager
def printed() -> Iterator[Console]:
    """A console whose output appears at the end.

    Not at once and not by itself: it would end the program when a pipe is closed, and it fills lines with spaces.
    """
    console = Console(highlight=False, markup=False, emoji=False)
    with console.capture() as shown:
        yield console
    sys.stdout.writelines(line.rstrip() + "\n" for line in shown.get().splitlines())


def print_table(
    console: Console, headings: list[str], rows: list[list[str]], *, label_width: int = 0, headed: bool = True
) -> None:
    """Print a table, or where there is no room for it, a line for every cell.

    Args:
        console: Where.
        headings: Of every column but the first, which has the labels.
        rows: Labels and cells.
        label_width: Least columns of the labels, to align tables with each other.
        headed: Whether to show the headings above the table, which those of an aligned table above it may have said.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=headed)
    table.add_column("", min_width=label_width)
    for heading in headings:
        table.add_column(heading, justify="right", min_width=len(heading))
    for row in rows:
        table.add_row(*map(Text, row))
    if console.measure(table, options=console.options.update(width=1_000)).maximum <= console.width:
        console.print(table)
        return
    for label, *cells in rows:
        console.print(Text(label, style="bold"))
        for heading, cell in zip(headings, cells, strict=True):
            if cell:
                console.print(Text(f"  {heading}: {cell}" if heading else f"  {cell}"))
