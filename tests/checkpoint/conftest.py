"""A small checkpoint on disk, and its parts."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from charlstm.checkpoint.config_file import CONFIG, write_config
from charlstm.checkpoint.config_records import CheckpointConfig, CorpusRecord
from charlstm.checkpoint.folder import new_checkpoint
from charlstm.checkpoint.history import HistoryEntry, write_history
from charlstm.checkpoint.points import Point, PointsHeader, TrainingCurves, write_points
from charlstm.checkpoint.state_files import write_state
from charlstm.checkpoint.training_state import TrainingProgress, TrainingState
from charlstm.checkpoint.weights import WEIGHTS, Weights, write_weights
from charlstm.config import ModelConfig, TrainingConfig, build
from charlstm.errors import CheckpointError
from charlstm.text.vocabulary import Vocabulary

MakeEvaluation = Callable[..., HistoryEntry]
Make = Callable[..., Path]
Refusal = Callable[[Callable[[], object], Path], str]
Flipped = Callable[[bytes, int], Iterator[bytes]]


@pytest.fixture
def refusal() -> Refusal:
    """Return the message of the CheckpointError that a function raises; check that it begins with a path."""

    def refused(read: Callable[[], object], path: Path) -> str:
        with pytest.raises(CheckpointError) as error:
            read()
        assert str(error.value).startswith(str(path))
        return str(error.value)

    return refused


@pytest.fixture
def config() -> CheckpointConfig:
    # Made by `build`, as on the command line, so that most fields have their defaults.
    model = {"vocabulary_size": 4, "seq_len": 5, "encoding": "embedding", "embedding_size": 2, "units": (3, 2)}
    return CheckpointConfig(
        model=build(ModelConfig, model),
        vocabulary=Vocabulary("\nab渡"),
        training=build(TrainingConfig, {"batch_size": 7}),
        corpus=CorpusRecord(name="story.txt", fingerprint="0a" * 32, characters=1234, windows=("ab", "b渡\n")),
        created="2026-01-02T03:04:05+00:00",
    )


@pytest.fixture
def weights(config: CheckpointConfig) -> Weights:
    random = np.random.default_rng(0)
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in config.model.weight_shapes.items()}


@pytest.fixture
def evaluation() -> MakeEvaluation:
    def make(**values: Any) -> HistoryEntry:
        defaults: dict[str, Any] = {
            "step": 10,
            "epoch": 0.5,
            "seconds": 2.25,
            "learning_rate": 1e-3,
            "train_nats_per_char": 2.5,
            "nats_per_char": 2.0,
            "best": True,
        }
        return HistoryEntry(**{**defaults, **values})

    return make


@pytest.fixture
def progress() -> TrainingProgress:
    return TrainingProgress(
        steps=20,
        seconds=4.5,
        loss_sum=0.1 + 0.2,
        loss_count=3,
        poor=1,
        halvings=2,
        began=1.5,
        paths=("/a/Zoë 渡.txt", "/b/\udcff.txt", "-"),
        text_encoding="cp1252",
        surroundings={"tensorflow": "2.0", "cores": "3"},
    )


@pytest.fixture
def state(weights: Weights, evaluation: MakeEvaluation, progress: TrainingProgress) -> TrainingState:
    arrays: dict[str, NDArray[Any]] = {
        "weights/lstm_1/kernel": np.random.default_rng(0).normal(size=(2, 12)).astype(np.float32),
        "optimizer/0": np.array(17, np.int64),
        "noise/0": np.array([1, 2**32 - 1], np.uint32),
        "states/0/h": np.zeros((0, 4), np.float32),
        "flags": np.array([True, False]),
    }
    history = (evaluation(step=10), evaluation(step=20, nats_per_char=None))
    point = Point(
        step=20, epoch=1.0, seconds=4.5, learning_rate=1e-3, train_nats_per_char=2.5, gradient_norm=0.7,
        characters_per_second=None,
    )  # fmt: skip
    curves = TrainingCurves(header=PointsHeader(every=20, unigram_nats_per_char=3.1, notes=("why",)), points=(point,))
    return TrainingState(arrays=arrays, best=weights, history=history, progress=progress, curves=curves)


@pytest.fixture
def flipped() -> Flipped:
    """Yield copies of a content, each with one bit flipped in one of its first ``length`` bytes."""

    def changed(content: bytes, length: int) -> Iterator[bytes]:
        for position in range(length):
            for bit in (1, 128):
                yield content[:position] + bytes([content[position] ^ bit]) + content[position + 1 :]

    return changed


@pytest.fixture
def folder(tmp_path: Path, config: CheckpointConfig, weights: Weights, state: TrainingState) -> Path:
    """Return the folder of a complete checkpoint."""
    path = tmp_path / "story"
    path.mkdir()
    write_config(path, config)
    write_weights(path, weights)
    write_history(path, state.history)
    write_points(path, state.curves)
    write_state(path, state)
    return path


def create(root: Path, name: str) -> Path:
    with new_checkpoint(root, name) as folder:
        (folder / CONFIG).write_text("{}")
        assert not (root / name).exists()
    return root / name


@pytest.fixture
def make(tmp_path: Path, config: CheckpointConfig) -> Make:
    """Return a function that makes a checkpoint under ``tmp_path``, without weights if it is untrained."""

    def made(name: str, day: int = 1, trained: bool = True) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        write_config(folder, CheckpointConfig(**{**vars(config), "created": f"2026-01-{day:02}T00:00:00+00:00"}))
        if trained:
            (folder / WEIGHTS).write_bytes(b"")
        return folder

    return made
