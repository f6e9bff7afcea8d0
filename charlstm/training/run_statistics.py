"""The statistics of a training run: evaluations, loss, speed."""

import math
from dataclasses import dataclass, field, replace

from charlstm.checkpoint.history import HistoryEntry
from charlstm.checkpoint.training_state import TrainingState
from charlstm.checkpoint.weights import Weights
from charlstm.training.distributed.worker_group import WorkerGroup
from charlstm.training.point_log import PointLog, log_of


@dataclass
class RunStatistics:
    """The running record of a training run.

    Attributes:
        history: The evaluations so far.
        best: The weights of the best one.
        loss_sum: Sum of the training losses since the last evaluation.
        loss_count: Number of these losses.
        poor: Evaluations since the best one.
        halvings: Number of times that the learning rate was halved because the loss was NaN or infinite.
        began: Seconds from the start of the command to the end of the first step.
        evaluation_seconds: Seconds that an evaluation takes; 0 until it is measured.
        evaluated: Number of the state that was saved at the last evaluation, or before the first step.
        points: The training curves so far.
    """

    history: list[HistoryEntry] = field(default_factory=list)
    best: Weights = field(default_factory=dict)
    loss_sum: float = 0.0
    loss_count: int = 0
    poor: int = 0
    halvings: int = 0
    began: float = 0.0
    evaluation_seconds: float = 0.0
    evaluated: int = 0
    points: PointLog = field(default_factory=PointLog)

    @property
    def loss(self) -> float:
        """Mean training loss since the last evaluation, nats per character."""
        return self.loss_sum / max(1, self.loss_count)

    @property
    def best_score(self) -> float:
        """The best evaluation's nats per character; infinite before the first."""
        return min((line.nats_per_char for line in self.history if line.nats_per_char is not None), default=math.inf)


def statistics_of(state: TrainingState) -> RunStatistics:
    """Return the statistics of a run at the time its state was saved."""
    before = state.progress
    numbers = before.loss_sum, before.loss_count, before.poor, before.halvings, before.began, before.reserve
    return RunStatistics(
        list(state.history), state.best, *numbers, before.evaluated or state.number, points=log_of(state.curves)
    )


def share_statistics(record: RunStatistics, group: WorkerGroup) -> RunStatistics:
    """Return the chief's statistics in every worker. The best weights and the curves stay with the chief, which writes them."""
    numbers = {name: value for name, value in vars(record).items() if name not in ("best", "points", "history")}
    return replace(record, history=group.share(record.history, list[HistoryEntry]), **group.share(numbers))


@dataclass
class Speed:
    """Characters and seconds of the training steps, without start-up, evaluations and the first step, which compiles."""

    steps: int = 0
    characters: int = 0
    seconds: float = 0.0

    def add(self, characters: int, seconds: float) -> None:
        """Count a step."""
        if self.steps:
            self.characters += characters
            self.seconds += seconds
        self.steps += 1

    @property
    def seconds_per_step(self) -> float:
        """Mean seconds of a step; 0 until it is measured."""
        return self.seconds / (self.steps - 1) if self.steps > 1 else 0.0

    @property
    def characters_per_second(self) -> float:
        """Throughput of the steps; 0 until it is measured."""
        return self.characters / self.seconds if self.seconds else 0.0
