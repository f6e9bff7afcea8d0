"""A training run in its budget: what is used up, what is left, and the learning rate and evaluations that follow."""

import math
from dataclasses import dataclass, field

from charlstm.planning.budget import Budget
from charlstm.planning.training_plan import TrainingPlan
from charlstm.text.batches import BatchSource
from charlstm.training.autosave import Autosave
from charlstm.training.distributed.agreement import Agreement
from charlstm.training.evaluation_schedule import EvaluationSchedule
from charlstm.training.events import SpeedMeasured
from charlstm.training.run_statistics import RunStatistics, Speed
from charlstm.training.schedule import learning_rate
from charlstm.training.trainer import Trainer


@dataclass(kw_only=True)
class BudgetedRun:
    """A training run and its budget, in time and steps.

    Attributes:
        plan: The plan of the run.
        source: The batches.
        trainer: The trainer.
        budget: The budget.
        record: The statistics of the run.
        saver: Saves the run.
        agreement: Has the time, and whether the run should stop.
        evaluations: When the held-out text is scored.
        speed: Throughput of the steps.
    """

    plan: TrainingPlan
    source: BatchSource
    trainer: Trainer
    budget: Budget
    record: RunStatistics
    saver: Autosave
    agreement: Agreement
    evaluations: EvaluationSchedule
    speed: Speed = field(default_factory=Speed)

    @property
    def fraction(self) -> float:
        """Fraction of the budget that is used up; 1 if less than half a step fits in the rest."""
        return self.budget.fraction(self.trainer.steps, self.elapsed(), self._seconds_kept_free)

    @property
    def _seconds_kept_free(self) -> float:
        """The time at the end in which no step starts, in seconds: the last evaluation and half a step."""
        return self.record.evaluation_seconds + self.speed.seconds_per_step * (0.5 + self.agreement.steps_behind)

    def elapsed(self) -> float:
        """Return the wall-clock seconds of the run."""
        return self.agreement.elapsed()

    @property
    def learning_rate(self) -> float:
        """Learning rate of the next step. Its schedule starts at the first step, so start-up uses up none of it."""
        return learning_rate(self.plan.config.training, self.schedule_fraction) * 0.5**self.record.halvings

    @property
    def schedule_fraction(self) -> float:
        """Fraction of the budget that is used up, counted from the first step."""
        began = self.budget.fraction(0, self.record.began, self._seconds_kept_free)
        return max(0.0, self.fraction - began) / (1 - began) if began < 1 else 1.0

    def plan_evaluations(self) -> None:
        """Decide how many evaluations the run makes, from what is known about its speed."""
        steps_left = self.budget.steps - self.trainer.steps
        seconds = min(self.budget.seconds, self.elapsed() + steps_left * (self.speed.seconds_per_step or math.inf))
        self.evaluations.plan(seconds, self.saver.fastest)

    def plan_next_evaluation(self) -> None:
        """Decide when the next evaluation is due."""
        self.evaluations.plan_next(self.schedule_fraction if self.trainer.steps else -1.0)

    def speed_measured(self) -> SpeedMeasured:
        """Return the measured speed, and what it lets the run do in its budget."""
        training = self.seconds_left - self._evaluation_seconds_left
        steps = min(self.budget.steps, self.trainer.steps + training / self.speed.seconds_per_step)
        evaluations = len(self.record.history) + self.evaluations.left
        return SpeedMeasured(
            self.speed.characters_per_second, self.seconds_left, steps / self.source.steps_per_epoch, evaluations
        )

    @property
    def seconds_left(self) -> float:
        """Estimated seconds to the end of the budget; infinite before the speed is measured."""
        if not self.speed.seconds:
            return math.inf
        evaluations = self._evaluation_seconds_left / max(1, self.budget.steps - self.trainer.steps)
        return self.budget.seconds_left(self.trainer.steps, self.elapsed(), self.speed.seconds_per_step + evaluations)

    @property
    def _evaluation_seconds_left(self) -> float:
        """Estimated seconds of the remaining evaluations."""
        return self.evaluations.planned * (1 - self.schedule_fraction) * self.record.evaluation_seconds
