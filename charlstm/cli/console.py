"""What the commands share that lay out text and tables in a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

NARROW = 50
"""Columns of a terminal below which things do not stand side by side."""


@contextmanager
def printed() -> Iterator[Console]:
    """A console whose output appears at the end.

    Not at once and not by itself: it would end the program when a pipe is closed, and it fills lines with spaces.
    """
    console = Console(highlight=False, markup=False, emoji=False)
    with console.capture() as shown:
        yield console
    sys.stdout.writelines(line.rstrip() + "\n" for line in shown.get().splitlines())
