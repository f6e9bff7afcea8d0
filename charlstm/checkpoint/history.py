"""``history.jsonl``: the evaluations of a training, a line each."""

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
    """One line of ``history.jsonl``.

    Attributes:
        step: Training steps so far.
        epoch: Passes over the training part so far.
        seconds: Of training so far, evaluations included.
        learning_rate: At that step.
        train_nats_per_char: Mean training loss since the last evaluation.
        nats_per_char: On the held-out tail, one pass, state carried; None where nothing is held out.
        best: Whether it is the best so far, and its weights the model.
    """

    step: Annotated[int, Meta(ge=0, le=2**53)]
    epoch: Finite
    seconds: Finite
    learning_rate: Finite
    train_nats_per_char: Finite
    nats_per_char: Finite | None
    best: bool


def write_history(folder: Path, history: Sequence[HistoryEntry]) -> None:
    """Write ``history.jsonl``."""
    write_atomically(folder / HISTORY, b"".join(json.dumps(to_dict(line)).encode() + b"\n" for line in history))


def read_history(folder: Path) -> list[HistoryEntry]:
    """Read ``history.jsonl``; a last line that was cut off is passed over.

    Raises:
        CheckpointError: If a line before the last is damaged.
    """
    path = folder / HISTORY
    if not os.path.lexists(path):  # a link to nothing is there
        return []
    lines = read_bounded(path).split(b"\n")[:-1]  # what follows the last line end was not written to its end
    try:
        return [build(HistoryEntry, parse_json(line)) for line in lines]
    except (ValueError, TypeError, RecursionError, ConfigError):
        raise CheckpointError(f"{path} is damaged: a line is not an evaluation; delete the file to go on without it") from None
