"""When and what a training run saves, so that it can go on from there."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from charlstm.checkpoint.resume import write_state
from charlstm.checkpoint.state import Progress, State
from charlstm.recipe.machine import surroundings
from charlstm.recipe.plan import Plan
from charlstm.training.progress import Record
from charlstm.training.trainer import Trainer

_PAUSE = 60.0
"""Seconds between two saves."""
_SHARE = 0.02
"""Of the time that saving may take; where it would take more, the pauses are longer."""


@dataclass
class Saver:
    """Saves a run, and knows when it is time.

    Attributes:
        plan: What is trained.
        trainer: What is saved.
        elapsed: Wall-clock seconds of the run.
        last: When the last save ended.
        took: Seconds that it took.
    """

    plan: Plan
    trainer: Trainer
    elapsed: Callable[[], float]
    last: float = 0.0
    took: float = 0.0

    @property
    def due(self) -> bool:
        """Whether as much work is unsaved as may be lost."""
        minutes = self.plan.config.training.save_every
        pause = max(_PAUSE, self.took / _SHARE) if minutes is None else 60 * minutes
        return self.elapsed() - self.last >= pause

    def save(self, record: Record, *, evaluated: bool = False) -> bool:
        """Write everything from which the run can be gone on with.

        Args:
            record: What the run has noted down.
            evaluated: Whether this is where a training goes back to whose loss is no number, until the next such state:
                not just the last one, when that was saved depends on the clock.

        Returns:
            Whether it was written: nothing is if any of it is no finite number.

        Raises:
            CheckpointError: If it cannot be written; what was saved before is left.
        """
        began, arrays = self.elapsed(), self.trainer.snapshot()
        finite = all(np.isfinite(array).all() for array in arrays.values())
        if finite:
            progress = Progress(
                steps=self.trainer.steps,
                seconds=began,
                loss_sum=record.loss_sum,
                loss_count=record.loss_count,
                poor=record.poor,
                halvings=record.halvings,
                began=record.began,
                reserve=record.reserve,
                evaluated=0 if evaluated else record.evaluated,
                paths=self.plan.paths,
                text_encoding=self.plan.text_encoding,
                surroundings=surroundings(),
            )
            state = State(arrays=arrays, best=record.best, history=tuple(record.history), progress=progress)
            number = write_state(self.plan.folder, state, keep=record.evaluated)
            if evaluated:
                record.evaluated = number
        self.last = self.elapsed()
        self.took = self.last - began
        return finite
