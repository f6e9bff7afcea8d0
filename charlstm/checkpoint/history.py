"""``history.jsonl``: the evaluations of a training run, one per line."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from charlstm.checkpoint.atomic import write_atomically
from charlstm.checkpoint.json_files import parse_json, read_bounded
from charlstm.config import build, to_dict
from charlstm.errors import CheckpointError, ConfigError

HISTORY = "history.jsonl"

Finite = Annotated[float, Meta(ge=-1e300, le=1e300)]


@dataclass(frozen=True, kw_only=True)
class HistoryEntry:
    """An evaluation: one line of ``history.jsonl``.

    Attributes:
        step: Training steps so far.
        epoch: Epochs so far; the fraction counts the current one.
        seconds: Wall-clock time of the training so far, evaluations included.
        learning_rate: Learning rate at that step.
        train_nats_per_char: Mean training loss since the last evaluation, in nats per character.
        nats_per_char: Mean surprisal on the held-out text, read once with the state carried; None if nothing is held out.
        best: True if it is the best so far, so that its weights became the model.
    """

    step: Annotated[int, Meta(ge=0, le=2**53)]
    epoch: Finite
    seconds: Finite
    learning_rate: Finite
    train_nats_per_char: Finite
    nats_per_char: Finite | None
    best: bool


def best_score(history: Sequence[HistoryEntry]) -> HistoryEntry | None:
    """Return the evaluation whose weights are the model, the last one marked as best; None if there is none."""
    return next((line for line in reversed(history) if line.best), None)


def write_history(folder: Path, history: Sequence[HistoryEntry]) -> None:
    """Write ``history.jsonl``."""
    write_atomically(folder / HISTORY, b"".join(json.dumps(to_dict(line)).encode() + b"\n" for line in history))


def read_history(folder: Path) -> list[HistoryEntry]:
    """Read ``history.jsonl``; ignore a last line that is truncated.

    Raises:
        CheckpointError: If an earlier line is damaged, or the file cannot be read.
    """
    path = folder / HISTORY
    if not os.path.lexists(path):  # unlike exists(), true for a broken link, which is refused below
        return []
    lines = read_bounded(path).split(b"\n")[:-1]  # text after the last line end is a truncated line
    try:
        return [build(HistoryEntry, parse_json(line)) for line in lines]
    except (ValueError, TypeError, RecursionError, ConfigError):
        raise CheckpointError(
            f"{path} is damaged: a line is not an evaluation; delete the file to use the model without its history"
        ) from None
