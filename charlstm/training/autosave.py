"""Periodic saving of a training run, so that it can be resumed."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlstm.checkpoint.config_file import CARD, CONFIG, read_config, write_config
from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.folder import new_checkpoint
from charlstm.checkpoint.history import HISTORY
from charlstm.checkpoint.lock import LOCK, training_lock
from charlstm.checkpoint.points import POINTS, write_points
from charlstm.checkpoint.state_files import RESUME, read_state, write_state
from charlstm.checkpoint.training_state import TrainingProgress, TrainingState
from charlstm.checkpoint.weights import WEIGHTS
from charlstm.errors import CheckpointError, TrainingError
from charlstm.planning.environment import environment_record
from charlstm.planning.training_plan import TrainingPlan
from charlstm.training.distributed.agreement import Agreement
from charlstm.training.model_files import write_curves, write_model_files
from charlstm.training.run_statistics import RunStatistics, share_statistics, statistics_of
from charlstm.training.trainer import Trainer

_PAUSE = 60.0
"""Seconds between two saves by default."""
_SHARE = 0.02
"""Largest fraction of the time to spend on saving; slower saves are less frequent."""
_CURVES_PAUSE = 2.0
"""Seconds between two writes of the training curves, at least."""
_CURVES_SHARE = 0.005
"""Largest fraction of the time to spend on writing them."""

_OWN = {CONFIG, RESUME, WEIGHTS, CARD, HISTORY, POINTS}
_REPLACED = (
    "{folder} now holds {found} and was not changed; this training cannot be saved there and has ended; if its folder was "
    "moved away, its last saved state is there"
)

Snapshot = tuple[float, Mapping[str, NDArray[Any]]]


@dataclass
class Autosave:
    """Writer of a run's files, with the schedule of the saves. Of several workers only the chief writes.

    Attributes:
        plan: The plan of the run.
        trainer: The trainer to save.
        agreement: Has the time of the run.
        lock: Holds the lock of the checkpoint's folder.
        last: Value of ``elapsed`` at the end of the last save.
        took: Seconds that the last save took.
        fastest: Seconds that the fastest save took; 0 before the first.
        curves_due: Seconds by this process's own clock at which the training curves are written next.
        rewritten: Paths that were missing from the checkpoint or damaged, and that a save has written again.
    """

    plan: TrainingPlan
    trainer: Trainer
    agreement: Agreement
    lock: ExitStack
    last: float = 0.0
    took: float = 0.0
    fastest: float = 0.0
    curves_due: float = 0.0
    rewritten: list[str] = field(default_factory=list)

    @property
    def writes(self) -> bool:
        """True in a single process and in the chief."""
        return self.agreement.group.cluster.is_chief

    def elapsed(self) -> float:
        """Return the wall-clock seconds of the run."""
        return self.agreement.elapsed()

    @property
    def due(self) -> bool:
        """True if the time since the last save has reached the pause."""
        minutes = self.plan.config.training.save_every
        pause = max(_PAUSE, self.took / _SHARE) if minutes is None else 60 * minutes
        return self.elapsed() - self.last >= pause

    def snapshot(self) -> Snapshot:
        """Return the time and a snapshot of the trainer; all workers take it together."""
        return self.elapsed(), self.trainer.snapshot()

    def save(self, record: RunStatistics, *, evaluated: bool = False, snapshot: Snapshot | None = None) -> bool:
        """Write everything that resuming the run needs, into a new folder if the checkpoint has none.

        Args:
            record: The statistics of the run.
            snapshot: From :meth:`snapshot`; by default it is taken here.
            evaluated: True if a run whose loss becomes NaN or infinite rolls back to this state, until the next such state. A
                roll back does not use the last periodic save, because the time of that depends on the clock.

        Returns:
            True if the state was written, False if any number in it is NaN or infinite.

        Raises:
            CheckpointError: If the state cannot be written; earlier saves are unchanged.
            TrainingError: If the folder now holds the checkpoint of another run.
        """
        began, arrays = snapshot or self.snapshot()
        finite = all(np.isfinite(array).all() for array in arrays.values())
        if finite and self.writes:
            progress = TrainingProgress(
                steps=self.trainer.steps,
                seconds=began,
                loss_sum=record.loss_sum,
                loss_count=record.loss_count,
                poor=record.poor,
                halvings=record.halvings,
                began=record.began,
                reserve=record.evaluation_seconds,
                evaluated=0 if evaluated else record.evaluated,
                paths=self.plan.paths,
                text_encoding=self.plan.text_encoding,
                validation_paths=self.plan.validation_text.paths if self.plan.validation_text else (),
                surroundings=environment_record(),
            )
            state = TrainingState(
                arrays=arrays,
                best=record.best,
                history=tuple(record.history),
                progress=progress,
                curves=record.points.curves(),
            )
            with self._complete_folder(record, published=len(record.history) - evaluated) as folder:
                number = write_state(folder, state, keep=record.evaluated)
            if evaluated:
                record.evaluated = number
        finite = self.agreement.share(finite)
        self.last = self.elapsed()
        self.took = self.last - began
        self.fastest = min(self.fastest or self.took, self.took)
        return finite

    def write_curves(self, record: RunStatistics) -> None:
        """Write the training curves if it is time to; a folder that cannot be written to is reported by the next save."""
        began = self.agreement.elapsed_here()  # the agreed time is the same before and after the writing
        if self.writes and began >= self.curves_due:
            with suppress(CheckpointError, TrainingError):
                self.write_points(record)
            ended = self.agreement.elapsed_here()
            self.curves_due = ended + max(_CURVES_PAUSE, (ended - began) / _CURVES_SHARE)

    def write_points(self, record: RunStatistics) -> None:
        """Write the training curves."""
        if self.writes:
            self._check_own()
            write_points(self.plan.folder, record.points.curves())

    def publish(self, record: RunStatistics, *, improved: bool) -> None:
        """Write the files of a model after its evaluation, or the curves alone if it is not the best so far."""
        if self.writes:
            self._check_own()
            if improved:
                write_model_files(self.plan.folder, self.plan.config, record)
            else:
                write_curves(self.plan.folder, record)
        self.agreement.share(None)

    def restore(self, record: RunStatistics, warn: Callable[[str], None]) -> RunStatistics:
        """Bring the trainer back to the last evaluation; return the statistics of that time.

        Args:
            record: The statistics of the run.
            warn: Is given a sentence for each damaged file.
        """
        if self.writes:
            state = read_state(self.plan.folder, self.plan.config, warn, first=record.evaluated)
            self.trainer.restore(state.arrays, state.progress.steps)
            record = statistics_of(state)
        else:
            self.trainer.restore({}, 0)
        return share_statistics(record, self.agreement.group)

    @contextmanager
    def _complete_folder(self, record: RunStatistics, published: int) -> Iterator[Path]:
        """Yield the folder to save into, after restoring what was removed from it during the run.

        Args:
            record: The statistics of the run.
            published: Number of evaluations whose files have been written.
        """
        folder = self.plan.folder
        if record.evaluated > 0:  # it was saved before
            self._check_own()
            if folder.exists():
                self._restore_missing(record, published)
                yield folder
                return
            self.rewritten.append(str(folder))
        with new_checkpoint(folder.parent, folder.name) as new:
            write_config(new, self.plan.config)
            if published > 0:
                write_model_files(new, self.plan.config, record)
            yield new
        self.take_lock()

    def take_lock(self) -> None:
        """Release the lock of the previous folder and lock the checkpoint's folder."""
        self.lock.close()
        if self.writes:
            self.lock.enter_context(training_lock(self.plan.folder))

    def _check_own(self) -> None:
        """Refuse to write into a folder that was put in the place of the checkpoint's.

        Raises:
            TrainingError: If the folder is the checkpoint of another run, or has no saved states and has other files.
        """
        folder, config = self.plan.folder, self.plan.config
        try:
            names = {path.name for path in folder.iterdir() if not path.match(".*.tmp")}
        except OSError:
            return  # removed, or no folder: writing reports or mends it
        if RESUME not in names and (names - _OWN or names == {CARD}):  # many folders have a README.md
            raise TrainingError(_REPLACED.format(folder=folder, found="other files"))
        found = _readable_config(folder)
        if found and (found.created, found.model, found.corpus) != (config.created, config.model, config.corpus):
            raise TrainingError(_REPLACED.format(folder=folder, found="the checkpoint of another training"))

    def _restore_missing(self, record: RunStatistics, published: int) -> None:
        folder, config = self.plan.folder, self.plan.config
        has_model = published > 0 and bool(record.best)
        expected = [CONFIG, RESUME, *((WEIGHTS, CARD, HISTORY) if has_model else ())]
        missing = [name for name in expected if not (folder / name).exists()]
        if _readable_config(folder) is None:
            write_config(folder, config)
            missing = list(dict.fromkeys([*missing, CONFIG]))
        if not (folder / RESUME / LOCK).exists():
            self.take_lock()
        if missing and has_model:
            write_model_files(folder, config, record)
        self.rewritten += [str(folder / name) for name in missing]


def _readable_config(folder: Path) -> CheckpointConfig | None:
    """Return the configuration of a checkpoint; None if it is missing or damaged."""
    try:
        return read_config(folder)
    except CheckpointError:
        return None
