"""Whole runs and their results, for exact comparison."""

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from charlstm.checkpoint.config_file import read_config
from charlstm.checkpoint.history import read_history
from charlstm.checkpoint.points import TrainingCurves, read_points
from charlstm.checkpoint.state_files import read_state
from charlstm.checkpoint.weights import read_weights
from charlstm.planning.training_plan import TrainingPlan, plan_training
from charlstm.training.events import Event, Finished
from charlstm.training.run import train

SMALL = {"units": (12,), "seq_len": 10, "batch_size": 4, "epochs": 1.0, "evaluations": 2, "weight_average": 0.9}
"""Settings of a run of a second."""
EVERYTHING = {
    "epochs": 6.0, "evaluations": 3, "units": (12, 8), "dropout": 0.2, "recurrent_dropout": 0.1, "drop_connect": 0.1,
    "weight_decay": 0.01,
}  # fmt: skip
"""Settings with which a step depends on every part of the training state."""
CUT = 80
"""Steps, after the first of the three evaluations."""


def write_corpus(folder: Path) -> Path:
    """Write a text of 1,500 predictable characters: a few words in random order."""
    words = np.random.default_rng(0).choice(["river", "ferry", "lamp", "oar", "eel"], 300)
    path = folder / "small.txt"
    path.write_text(" ".join(words))
    return path


def planned(folder: Path, text: Path, name: str = "model", base: str | None = None, **settings: Any) -> TrainingPlan:
    """Plan a training with the checkpoints in ``folder / "c"``, by default of the small settings."""
    given = settings if base else {**SMALL, **settings}
    if "minutes" in settings:
        given.pop("epochs", None)
    return plan_training(folder / "c", [str(text)], given, preset="standard", created="2026-01-01", name=name, base_name=base)


def run(plan: TrainingPlan, steps: float = np.inf) -> list[Any]:
    """Train for a number of steps on a clock that stands still."""
    looks, ticks = count(), count()
    return list(train(plan, clock=lambda: next(ticks) / 100, started=0.0, should_stop=lambda: next(looks) >= steps))


def finished(events: list[Event]) -> Finished:
    """Return the last event of a run."""
    last = events[-1]
    assert isinstance(last, Finished)
    return last


def result(folder: Path) -> dict[str, Any]:
    """Return all results of a run except its seconds, the number of its saves and the folder of its text."""
    config = read_config(folder)
    state = read_state(folder, config)
    names = tuple(Path(path).name for path in state.progress.paths)
    return {
        **{name: value.tobytes() for name, value in state.arrays.items()},
        **{f"best {name}": value.tobytes() for name, value in state.best.items()},
        **{f"published {name}": value.tobytes() for name, value in read_weights(folder, config.model).items()},
        "progress": replace(state.progress, seconds=0.0, began=0.0, reserve=0.0, evaluated=0, paths=names),
        "history": [replace(line, seconds=0.0) for line in read_history(folder)],
        "curves": _timeless(read_points(folder)),
        "saved curves": _timeless(state.curves),
        "saved history": [replace(line, seconds=0.0) for line in state.history],
    }


def _timeless(curves: TrainingCurves) -> list[Any]:
    """Return the points of curves without their times, and the number of steps of each."""
    points = [msgspec.structs.replace(point, seconds=0.0, characters_per_second=None) for point in curves.points]
    return [*points, curves.header.every]
