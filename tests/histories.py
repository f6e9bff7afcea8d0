"""Checkpoints with histories of known curves."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from charlstm.checkpoint.config_file import read_config, write_config
from charlstm.checkpoint.history import HistoryEntry, write_history
from charlstm.checkpoint.points import Point, PointsHeader, TrainingCurves, write_points
from charlstm.config import ModelConfig, TrainingConfig
from tests.conftest import checkpoint

STEPS = 400
"""Steps of a run; it has a point for every second one."""


def make_run(
    folder: Path, held_out: Sequence[float] = (2.5, 2.0, 1.8), learned: Sequence[float] = (2.6, 2.1, 1.9), **settings: Any
) -> Path:
    """Make a checkpoint whose evaluations and points have these values, of a run of 4 epochs and 40 s."""
    model = ModelConfig(vocabulary_size=26, units=settings.pop("units", (8,)), dropout=settings.pop("dropout", 0.0))
    checkpoint(folder, model, vocabulary="abcdefghijklmnopqrstuvwxyz")
    config = read_config(folder)
    write_config(folder, replace(config, training=TrainingConfig(**{"epochs": 4, **settings})))
    history: list[HistoryEntry] = []
    for number, (nats, loss) in enumerate(zip(held_out, learned, strict=True), start=1):
        fraction = number / len(held_out)
        place = {"step": round(STEPS * fraction), "epoch": 4 * fraction, "seconds": 40 * fraction, "learning_rate": 0.01}
        best = nats < min((line.nats_per_char or 0 for line in history), default=math.inf)
        history.append(HistoryEntry(**place, train_nats_per_char=loss, nats_per_char=nats, best=best))
    write_history(folder, history)
    points = [
        Point(
            step=step, epoch=step / 100, seconds=step / 10, learning_rate=0.01 * (1 - step / STEPS),
            train_nats_per_char=learned[-1] + math.exp(-step / 50), gradient_norm=0.5, characters_per_second=1_000.0 + step,
        )
        for step in range(2, STEPS + 1, 2)
    ]  # fmt: skip
    header = PointsHeader(every=2, unigram_nats_per_char=3.1, notes=("Dropout is 0, since `dropout=0` was given.",))
    write_points(folder, TrainingCurves(header=header, points=tuple(points)))
    return folder
