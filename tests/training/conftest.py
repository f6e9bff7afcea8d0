"""Fixtures: a text with something to learn, and plans for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charlstm.planning.resume_plan import plan_resuming
from charlstm.planning.training_plan import TrainingPlan, plan_training
from charlstm.text.batches import Batch
from charlstm.training.trainer import Trainer

SMALL = {"units": (12,), "seq_len": 10, "batch_size": 4, "epochs": 1.0, "evaluations": 2, "weight_average": 0.9}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Return a text of 1,500 predictable characters: a few words in random order."""
    words = np.random.default_rng(0).choice(["river", "ferry", "lamp", "oar", "eel"], 300)
    path = tmp_path / "small.txt"
    path.write_text(" ".join(words))
    return path


@pytest.fixture
def plan(tmp_path: Path, corpus: Path) -> Callable[..., TrainingPlan]:
    def make(name: str = "model", base: str | None = None, text: Path = corpus, **settings: Any) -> TrainingPlan:
        given = settings if base else {**SMALL, **settings}
        if "minutes" in settings:
            given.pop("epochs", None)
        return plan_training(
            tmp_path / "c", [str(text)], given, preset="standard", created="2026-01-01", name=name, base_name=base
        )

    return make


@pytest.fixture
def resumed(tmp_path: Path) -> Callable[..., TrainingPlan]:
    def make(name: str = "model", **settings: Any) -> TrainingPlan:
        return plan_resuming(tmp_path / "c", name, [], settings)

    return make


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[float]]:
    """Return a function that makes the update of a step turn all weights into NaN, a number of times."""

    def poison(at: int, times: float) -> list[float]:
        original = Trainer.step
        done: list[float] = []

        def step(trainer: Trainer, batch: Batch, learning_rate: float) -> float:
            loss = original(trainer, batch, learning_rate)
            if trainer.steps == at and len(done) < times:
                done.append(learning_rate)
                trainer.assign({name: np.full_like(value, np.nan) for name, value in trainer.weights().items()})
            return loss

        monkeypatch.setattr(Trainer, "step", step)
        return done

    return poison
