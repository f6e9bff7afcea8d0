"""Output of ``charlstm compare`` in a terminal: the texts side by side, then the numbers."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from charlstm.cli.console import NARROW, print_table, printed
from charlstm.cli.terminal import printable_name, visible
from charlstm.errors import JOINERS, has_no_width
from charlstm.errors import short_repr as quoted
from charlstm.formatting import decimal

if TYPE_CHECKING:
    from charlstm.results.comparison import ComparisonResult

MARK = "▶"
"""Mark before the first character that differs."""

_COLOURS = {"stateless": "blue", "stateful": "yellow"}


def show(result: "ComparisonResult") -> None:
    """Print a comparison in the width of the terminal."""
    with printed() as console:
        _show(console, result)


def _show(console: Console, result: "ComparisonResult") -> None:
    from charlstm.report.tables import numbers_table, seen_warning, windows_table

    generated = {"stateless": result.modes.stateless.text, "stateful": result.modes.stateful.text}
    texts = {mode: _marked(result, text, _COLOURS[mode]) for mode, text in generated.items()}
    if console.width < NARROW:
        for mode, text in texts.items():
            console.print(f"--- {mode}")
            console.print(text)
            console.print()
    else:
        beside = Table.grid(expand=True, padding=(0, 3, 0, 0))
        for mode in texts:
            beside.add_column(mode, ratio=1, overflow="fold")
        beside.add_row(*(Text(mode, style=f"bold {_COLOURS[mode]}") for mode in texts))
        beside.add_row(*texts.values())
        console.print(beside)
        console.print()
    where = result.first_difference
    console.print(f"Both texts continue the seed {quoted(result.seed)}.")
    console.print("The texts are identical." if where is None else f"{MARK} first difference, at character {where + 1}.")
    console.print()
    for table in (numbers_table(result), windows_table(result)):
        if table:
            print_table(console, *table)
            console.print()
    measured = result.measured
    if measured:
        console.print(f"On {printable_name(measured.text)}, {measured.characters:,} characters.")
        if warning := seen_warning(measured.seen, measured.characters):
            console.print(printable_name(warning))
    _say_drift(console, result)
    console.print(result.verdict)


def _marked(result: "ComparisonResult", text: str, colour: str) -> Text:
    where = _cluster_start(text, len(text) if result.first_difference is None else result.first_difference)
    shown = Text(visible(result.seed), style="dim") + Text(visible(text[:where]))
    if where < len(text):
        shown += Text(MARK + visible(text[where:]), style=colour)
    return shown


def _cluster_start(text: str, place: int) -> int:
    """Return the place where the visible character begins that a place is in: a joined emoji, or a letter with its accents.

    >>> _cluster_start("a\N{COMBINING ACUTE ACCENT}b", 1), _cluster_start("abc", 1)
    (0, 1)
    """
    while 0 < place < len(text) and (has_no_width(text[place]) or text[place - 1] in JOINERS):
        place -= 1
    return place


def _say_drift(console: Console, result: "ComparisonResult") -> None:
    """Print how far the state drifts beyond the first window."""
    along = result.along
    beyond = along.divergence_nats[result.window :]
    if not beyond:
        return
    norms = ", ".join(
        f"layer {number}: h × {decimal(layer.h_drift, 2)}, c × {decimal(layer.c_drift, 2)}"
        for number, layer in enumerate(along.layers, start=1)
    )
    console.print(
        f"Along {len(along.text):,} characters of text the two next-character distributions are, beyond the first window, "
        f"{sum(beyond) / len(beyond):.2g} nats apart on average; norms there compared with those within it: {norms}."
    )
