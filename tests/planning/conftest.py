"""Fixtures: a text, and checkpoints as written by a training run. Nothing is trained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charlstm.checkpoint.config_file import write_config
from charlstm.checkpoint.history import HistoryEntry, write_history
from charlstm.checkpoint.state_files import write_state
from charlstm.checkpoint.training_state import TrainingProgress, TrainingState
from charlstm.checkpoint.weights import write_weights
from charlstm.planning.environment import environment_record
from charlstm.planning.presets import Preset
from charlstm.planning.training_plan import TrainingPlan, plan_training

SMALL = {"units": (4, 3), "seq_len": 16, "batch_size": 4}
"""Settings of a small network."""

CREATED = "2026-01-02T03:04:05+00:00"

MakePlan = Callable[..., TrainingPlan]
Begin = Callable[[TrainingPlan], Path]


@pytest.fixture(scope="session")
def text() -> str:
    """Return words in lines; the last tenth is in capitals, which marks the held-out text."""
    joined = "".join(np.random.default_rng(0).choice(list("abcdefghabcdefgh   \n"), 400_000))
    return joined[:360_000] + joined[360_000:].upper()


@pytest.fixture
def story(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "story.txt"
    path.write_bytes(text.encode())
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the folder of checkpoints, which does not exist yet."""
    return tmp_path / "checkpoints"


@pytest.fixture
def plan(root: Path, story: Path) -> MakePlan:
    """Return a function that plans training on the story, or on other paths."""

    def make(
        *paths: str | Path, given: dict[str, Any] | None = None, preset: Preset = "standard", **options: Any
    ) -> TrainingPlan:
        sources = [str(path) for path in paths or [story]]
        return plan_training(root, sources, given or {}, preset=preset, created=CREATED, **options)

    return make


@pytest.fixture
def begin() -> Begin:
    """Return a function that writes the checkpoint of a run stopped between the saves of evaluations two and four."""

    def begun(plan: TrainingPlan) -> Path:
        folder = plan.folder
        folder.mkdir(parents=True)
        random = np.random.default_rng(0)
        shapes = plan.config.model.weight_shapes
        write_config(folder, plan.config)
        write_weights(folder, {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()})
        numbers: dict[str, Any] = {
            "seconds": 1.0,
            "learning_rate": 1e-3,
            "train_nats_per_char": 2.0,
            "nats_per_char": 2.0,
            "best": True,
        }
        history = [HistoryEntry(step=step, epoch=step / 7, **numbers) for step in (10, 20, 30)]
        write_history(folder, history)
        progress = TrainingProgress(
            steps=25,
            seconds=2.5,
            loss_sum=7.5,
            loss_count=5,
            poor=0,
            halvings=1,
            began=1.5,
            paths=plan.paths,
            text_encoding=plan.text_encoding,
            surroundings=environment_record(),
        )
        arrays = {"optimizer/0": np.arange(3, dtype=np.float32)}
        write_state(folder, TrainingState(arrays=arrays, best={}, history=tuple(history[:2]), progress=progress))
        return folder

    return begun


@pytest.fixture
def begun(plan: MakePlan, begin: Begin) -> TrainingPlan:
    """Return the plan of an interrupted run whose checkpoint exists."""
    made = plan(given=SMALL)
    begin(made)
    return made
