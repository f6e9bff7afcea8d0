"""A run of ``generate --output``: its options, its files, and its end."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from charlstm.cli.bulk import BATCH

NOTHING_BESIDE = ["checkpoints", "many.jsonl", "many.jsonl.settings"]

SETTINGS = ["--seed", "The", "--length", "30", "--random-seed", "5"]

MANY = 2 * BATCH + 10


def lines(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def interrupted(*_: object) -> Iterator[object]:
    """Generate nothing, as if Ctrl-C were pressed at once."""
    yield from ()
    raise KeyboardInterrupt
