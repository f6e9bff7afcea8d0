"""Layout of text and tables in a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table
from rich.text import Text

NARROW = 50
"""Width in columns below which nothing is printed side by side."""

WIDEST = 110
"""Largest width in columns; longer lines are hard to read."""


@contextmanager
def printed() -> Iterator[Console]:
    """Yield a console whose output is printed when the block ends.

    Rich itself would end the program when a pipe is closed, and would pad lines with spaces.
    """
    console = Console(highlight=False, markup=False, emoji=False)
    with console.capture() as shown:
        yield console
    sys.stdout.writelines(line.rstrip() + "\n" for line in shown.get().splitlines())


def print_table(
    console: Console, headings: list[str], rows: list[list[str]], *, label_width: int = 0, headed: bool = True
) -> None:
    """Print a table, or one line for each cell where the terminal is too narrow.

    Args:
        console: Console to print to.
        headings: Headings of every column except the first, which has the labels.
        rows: Label and cells of each row.
        label_width: Smallest width of the labels in columns, to align several tables.
        headed: True to show the headings; False if an aligned table above has the same ones.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=headed)
    table.add_column("", min_width=label_width)
    for heading in headings:
        table.add_column(heading, justify="right", min_width=len(heading))
    for row in rows:
        table.add_row(*map(Text, row))
    if console.measure(table, options=console.options.update(width=1_000)).maximum <= console.width:
        console.print(table)
    else:
        print_cells(console, headings, rows)


def print_cells(console: Console, headings: list[str], rows: list[list[str]]) -> None:
    """Print one line for each cell of a table, after its heading and below the label of its row."""
    for label, *cells in rows:
        console.print(Text(label, style="bold"))
        for heading, cell in zip(headings, cells, strict=True):
            if cell:
                console.print(Text(f"  {heading}: {cell}" if heading else f"  {cell}"))
