"""Fixtures: a text with something to learn, and plans for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from charlstm.config import ModelConfig, TrainingConfig
from charlstm.planning.resume_plan import plan_resuming
from charlstm.planning.training_plan import TrainingPlan
from charlstm.text.batches import Batch
from charlstm.text.vocabulary import Ids
from charlstm.training.distributed.worker_group import WorkerGroup
from charlstm.training.trainer import Trainer
from charlstm.training.validation import Validator
from tests.training.runs import planned, write_corpus

TRAINERS: dict[tuple[Any, ...], tuple[Trainer, dict[str, Any]]] = {}
"""Trainers whose step is compiled, with their initial state."""
VALIDATORS: dict[tuple[Any, ...], Validator] = {}


@pytest.fixture(autouse=True, scope="session")
def compile_quickly(without_graph_optimizer: None) -> None:
    """Compile without the graph optimiser in this folder."""


@pytest.fixture
def compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give runs of the same network a compiled trainer in its initial state, and a compiled validator.

    For tests of what happens around the steps. Those of the step, and of resuming, use new trainers.
    """
    compile_once(monkeypatch)


def compile_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what :func:`compiled_once` describes."""

    def trainer(model: ModelConfig, training: TrainingConfig, group: WorkerGroup | None = None) -> Trainer:
        names = ("batch_size", "precision", "random_seed", "weight_average", "weight_decay", "clip_norm")
        key = (model, *(getattr(training, name) for name in names))
        if key not in TRAINERS:
            new = Trainer(model, training, group)
            TRAINERS[key] = new, new.snapshot()
        used, start = TRAINERS[key]
        used.restore(start, steps=0)
        return used

    def validator(config: ModelConfig, ids: Ids, naming: NDArray[np.float64] | None = None) -> Validator:
        key = (config, ids.tobytes(), None if naming is None else naming.tobytes())
        if key not in VALIDATORS:
            VALIDATORS[key] = Validator(config, ids, naming)
        return VALIDATORS[key]

    monkeypatch.setattr("charlstm.training.run.Trainer", trainer)
    monkeypatch.setattr("charlstm.training.run.Validator", validator)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Return a text of 1,500 predictable characters: a few words in random order."""
    return write_corpus(tmp_path)


@pytest.fixture
def odd(corpus: Path) -> str:
    """Return the text with rare characters, and one that comes first in its held-out end."""
    text = corpus.read_text()
    corpus.write_text(text[:200] + "éé!渡" + text[200:-50] + "é?" + text[-50:])
    return corpus.read_text()


@pytest.fixture
def plan(tmp_path: Path, corpus: Path) -> Callable[..., TrainingPlan]:
    def make(name: str = "model", base: str | None = None, text: Path = corpus, **settings: Any) -> TrainingPlan:
        return planned(tmp_path, text, name, base, **settings)

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
