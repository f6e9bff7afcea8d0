"""Event files for TensorBoard, written by TensorFlow's own summary writer.

Its writer of version 1 also writes the mark of a restart, with which TensorBoard forgets points; that of version 2 cannot.

The tags are the TensorBoard callback's in Keras where it has them, in its folders ``train/`` and ``validation/``, which
TensorBoard shows as two runs of one chart. The horizontal axis is the number of training steps.
"""

from collections.abc import Callable, Generator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tensorflow as tf

from charlstm.checkpoint.history import HistoryEntry
from charlstm.errors import ConfigError
from charlstm.planning.training_plan import ResumedState, TrainingPlan
from charlstm.training.events import Evaluated, Event, Finished, RolledBack, Started, Stepped, SummariesFailed
from charlstm.training.model_files import sample_text

TRAIN, VALIDATION = "train", "validation"

_PAUSE = 1.0
"""Least seconds between two points of the steps."""
_SHARE = 0.005
"""Largest fraction of the time to spend on them, and as much on the samples."""
_SAMPLE = 200
"""Characters of a sample text."""

_ERRORS = (OSError, tf.errors.OpError)


def check_folder(folder: Path) -> None:
    """Make the folder of the event files.

    Raises:
        ConfigError: If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"the folder {folder} of `tensorboard` cannot be made ({error.strerror}); choose another one"
        ) from None


def with_summaries(
    events: Generator[Event, None, None], plan: TrainingPlan, folder: Path, clock: Callable[[], float]
) -> Generator[Event, None, None]:
    """Yield the events of a run, and write what they say into ``folder / NAME``, where NAME is the checkpoint's.

    A run does not end because its summaries cannot be written: then :class:`SummariesFailed` is yielded once.

    Args:
        events: The events.
        plan: The plan of the run.
        folder: The folder that TensorBoard reads.
        clock: Returns seconds, from any origin.
    """
    summaries: Summaries | None = None
    with closing(events):
        try:
            for event in events:
                failed = None
                try:
                    if isinstance(event, Started):
                        first = plan.start.state.progress.steps if isinstance(plan.start, ResumedState) else 0
                        summaries = Summaries(folder / event.folder.name, plan, clock, first)
                    if summaries:
                        summaries.write(event)
                except _ERRORS as error:
                    failed, summaries = SummariesFailed(str(folder), str(error)), None
                yield event
                if failed:
                    yield failed
        finally:
            if summaries:
                with suppress(*_ERRORS):
                    summaries.close()


@dataclass
class Summaries:
    """The summary writers of a run.

    Attributes:
        folder: The folder of the run.
        plan: Its plan.
        clock: Returns seconds, from any origin.
        first: Step from which it writes. Points of later steps that are there already are withdrawn: a run that was killed
            repeats the steps since its last save.
    """

    folder: Path
    plan: TrainingPlan
    clock: Callable[[], float]
    first: int
    _writers: dict[str, Any] = field(default_factory=dict)
    _point_due: float = 0.0
    _sample_due: float = 0.0
    _losses: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._start(self.first)

    def _start(self, step: int) -> None:
        """Begin, or begin again: a mark tells TensorBoard to forget the points after ``step``."""
        self._losses, mark = [], tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)
        for name in (TRAIN, VALIDATION):
            if name not in self._writers:
                with tf.Graph().as_default():  # it can be made in graph mode alone, but adds no operations
                    self._writers[name] = tf.compat.v1.summary.FileWriter(
                        str(self.folder / name),
                        filename_suffix=f".{step:012}",  # files of one second are read in the order of their names
                    )
            self._writers[name].add_session_log(mark, step + 1)

    def write(self, event: Event) -> None:
        """Write what an event says."""
        if isinstance(event, Stepped):
            self._losses.append(event.loss)
            if (began := self.clock()) >= self._point_due:
                self._write_step(event)
                self._point_due = self.clock() + max(_PAUSE, (self.clock() - began) / _SHARE)
        elif isinstance(event, Evaluated):
            self._write_evaluation(event.evaluation)
            if (began := self.clock()) >= self._sample_due:
                self._write_sample(event.evaluation.step, sample_text(self.plan.config, event.weights, _SAMPLE))
                self._sample_due = self.clock() + (self.clock() - began) / _SHARE
            for writer in self._writers.values():
                writer.flush()
        elif isinstance(event, RolledBack):
            self._start(event.step)
        elif isinstance(event, Finished):
            self.close()

    def _write_step(self, event: Stepped) -> None:
        self._scalar(TRAIN, "batch_loss", sum(self._losses) / len(self._losses), event.step)
        self._scalar(TRAIN, "batch_learning_rate", event.learning_rate, event.step)
        self._scalar(TRAIN, "batch_gradient_norm", event.gradient_norm, event.step)
        self._scalar(TRAIN, "characters_per_second", event.characters_per_second, event.step)
        self._losses = []

    def _write_evaluation(self, evaluation: HistoryEntry) -> None:
        if evaluation.step:  # before the first step there is no loss
            self._scalar(TRAIN, "epoch_loss", evaluation.train_nats_per_char, evaluation.step)
        self._scalar(TRAIN, "epoch_learning_rate", evaluation.learning_rate, evaluation.step)
        if evaluation.nats_per_char is not None:
            self._scalar(VALIDATION, "epoch_loss", evaluation.nats_per_char, evaluation.step)

    def _write_sample(self, step: int, sample: str) -> None:
        lines = "".join(f"    {line}\n" for line in sample.split("\n"))  # a block of code in Markdown
        self._summary(TRAIN, "sample", [lines], step, plugin="text", data_class="DATA_CLASS_TENSOR")

    def _scalar(self, run: str, tag: str, value: float, step: int) -> None:
        self._summary(run, tag, value, step, plugin="scalars", data_class="DATA_CLASS_SCALAR")

    def _summary(self, run: str, tag: str, value: Any, step: int, *, plugin: str, data_class: str) -> None:
        """Write a summary as ``tf.summary.scalar`` and ``text`` do, which need TensorBoard to be installed."""
        data = tf.compat.v1.SummaryMetadata.PluginData(plugin_name=plugin)
        entry = tf.compat.v1.Summary.Value(
            tag=tag,
            tensor=tf.make_tensor_proto(value, tf.string if plugin == "text" else tf.float32),
            metadata=tf.compat.v1.SummaryMetadata(plugin_data=data, data_class=data_class),
        )
        summary = tf.compat.v1.Summary(value=[entry])
        self._writers[run].add_summary(summary, step)

    def close(self) -> None:
        """Write everything to the disk and close the files."""
        while self._writers:
            self._writers.popitem()[1].close()
