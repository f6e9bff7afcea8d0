"""When and what a training run saves, so that it can go on from there."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from charlstm.checkpoint.config_file import CARD, CONFIG, read_config, write_config
from charlstm.checkpoint.folder import new_checkpoint
from charlstm.checkpoint.history import HISTORY
from charlstm.checkpoint.lock import LOCK, training_lock
from charlstm.checkpoint.state_files import RESUME, write_state
from charlstm.checkpoint.training_state import TrainingProgress, TrainingState
from charlstm.checkpoint.weights import WEIGHTS
from charlstm.errors import CheckpointError, TrainingError
from charlstm.planning.environment import environment_record
from charlstm.planning.training_plan import TrainingPlan
from charlstm.training.model_files import write_model_files
from charlstm.training.run_statistics import RunStatistics
from charlstm.training.trainer import Trainer

_PAUSE = 60.0
"""Seconds between two saves."""
_SHARE = 0.02
"""Of the time that saving may take; where it would take more, the pauses are longer."""


@dataclass
class Autosave:
    """Saves a run, and knows when it is time.

    Attributes:
        plan: What is trained.
        trainer: What is saved.
        elapsed: Wall-clock seconds of the run.
        lock: Holds the lock of the checkpoint's folder.
        last: When the last save ended.
        took: Seconds that it took.
        rewritten: What had been removed from the checkpoint and was written anew at a save.
    """

    plan: TrainingPlan
    trainer: Trainer
    elapsed: Callable[[], float]
    lock: ExitStack
    last: float = 0.0
    took: float = 0.0
    rewritten: list[str] = field(default_factory=list)

    @property
    def due(self) -> bool:
        """Whether as much work is unsaved as may be lost."""
        minutes = self.plan.config.training.save_every
        pause = max(_PAUSE, self.took / _SHARE) if minutes is None else 60 * minutes
        return self.elapsed() - self.last >= pause

    def save(self, record: RunStatistics, *, evaluated: bool = False) -> bool:
        """Write everything from which the run can be resumed, into a new folder if the checkpoint has none.

        Args:
            record: What the run has noted down.
            evaluated: Whether this is where a training goes back to whose loss is no number, until the next such state:
                not just the last one, when that was saved depends on the clock.

        Returns:
            Whether it was written: nothing is if any of it is no finite number.

        Raises:
            CheckpointError: If it cannot be written; what was saved before is left.
            TrainingError: If another training's checkpoint has taken the place of this one.
        """
        began, arrays = self.elapsed(), self.trainer.snapshot()
        finite = all(np.isfinite(array).all() for array in arrays.values())
        if finite:
            progress = TrainingProgress(
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
                surroundings=environment_record(),
            )
            state = TrainingState(arrays=arrays, best=record.best, history=tuple(record.history), progress=progress)
            with self._whole_folder(record, published=len(record.history) - evaluated) as folder:
                number = write_state(folder, state, keep=record.evaluated)
            if evaluated:
                record.evaluated = number
        self.last = self.elapsed()
        self.took = self.last - began
        return finite

    @contextmanager
    def _whole_folder(self, record: RunStatistics, published: int) -> Iterator[Path]:
        """The folder to save into, with everything in it that somebody may have removed while the training ran.

        Args:
            record: What the run has noted down.
            published: How many of its evaluations have been published.
        """
        folder, saved_before = self.plan.folder, record.evaluated > 0
        if saved_before and folder.exists():
            self._complete(record, published)
            yield folder
            return
        if saved_before:
            self.rewritten.append(str(folder))
        with new_checkpoint(folder.parent, folder.name) as new:
            write_config(new, self.plan.config)
            if published > 0:
                write_model_files(new, self.plan.config, record)
            yield new
        self.take_lock()

    def take_lock(self) -> None:
        """Lock the checkpoint's folder, and let go of the one that was there before."""
        self.lock.close()
        self.lock.enter_context(training_lock(self.plan.folder))

    def _complete(self, record: RunStatistics, published: int) -> None:
        folder, config = self.plan.folder, self.plan.config
        has_model = published > 0 and bool(record.best)
        expected = [CONFIG, RESUME, *((WEIGHTS, CARD, HISTORY) if has_model else ())]
        missing = [name for name in expected if not (folder / name).exists()]
        if CONFIG not in missing:
            try:
                found = read_config(folder)
            except CheckpointError:
                missing.append(CONFIG)  # damaged
            else:
                if (found.created, found.model, found.corpus) != (config.created, config.model, config.corpus):
                    raise TrainingError(
                        f"{folder} now holds another training, which is left alone; this one cannot be saved there and has "
                        "ended; what it had saved is where its folder was moved to"
                    )
        if CONFIG in missing:
            write_config(folder, config)
        if not (folder / RESUME / LOCK).exists():
            self.take_lock()
        if missing and has_model:
            write_model_files(folder, config, record)
        self.rewritten += [str(folder / name) for name in missing]
