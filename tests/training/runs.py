"""Whole runs and their results, for exact comparison."""

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from charlstm.checkpoint.config_file import read_config
from charlstm.checkpoint.history import read_history
from charlstm.checkpoint.state_files import read_state
from charlstm.checkpoint.weights import read_weights
from charlstm.planning.training_plan import TrainingPlan
from charlstm.training.events import Event, Finished
from charlstm.training.run import train

EVERYTHING = {
    "epochs": 6.0, "evaluations": 3, "units": (12, 8), "dropout": 0.2, "recurrent_dropout": 0.1, "drop_connect": 0.1,
    "weight_decay": 0.01,
}  # fmt: skip
"""Settings with which a step depends on every part of the training state."""
CUT = 80
"""Steps, after the first of the three evaluations."""


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
    """Return all results of a run except its seconds and the number of its saves."""
    config = read_config(folder)
    state = read_state(folder, config)
    return {
        **{name: value.tobytes() for name, value in state.arrays.items()},
        **{f"best {name}": value.tobytes() for name, value in state.best.items()},
        **{f"published {name}": value.tobytes() for name, value in read_weights(folder, config.model).items()},
        "progress": replace(state.progress, seconds=0.0, began=0.0, reserve=0.0, evaluated=0),
        "history": [replace(line, seconds=0.0) for line in read_history(folder)],
        "saved history": [replace(line, seconds=0.0) for line in state.history],
    }
