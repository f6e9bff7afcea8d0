"""A training that is planned and not run, and its evaluations."""

from pathlib import Path

from charlstm.checkpoint.history import HistoryEntry
from charlstm.planning.training_plan import TrainingPlan, plan_training


def story_plan(folder: Path) -> TrainingPlan:
    """Plan a training on a small text in a folder."""
    (folder / "story.txt").write_text("Once upon a time there was a ferry.\n" * 60)
    return plan_training(folder / "checkpoints", [str(folder / "story.txt")], {}, preset="quick", created="2026-01-01")


def evaluation(number: int, nats_per_char: float | None, *, best: bool) -> HistoryEntry:
    """Return the evaluation of that number."""
    return HistoryEntry(
        step=1000 * number,
        epoch=1.5 * number,
        seconds=50.0 * number,
        learning_rate=1e-3,
        train_nats_per_char=2.5,
        nats_per_char=nats_per_char,
        best=best,
    )
