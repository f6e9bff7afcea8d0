"""The training loop: step after step until the budget, patience or the user ends it, with what happens in between."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median_low

import numpy as np

from charlstm.checkpoint.history import HistoryEntry, write_history
from charlstm.checkpoint.model_card import best_score
from charlstm.checkpoint.state_files import read_state
from charlstm.checkpoint.training_state import MAX_HALVINGS
from charlstm.errors import TrainingError
from charlstm.planning.budget import Budget
from charlstm.planning.training_plan import TrainingPlan
from charlstm.text.batches import BatchSource
from charlstm.training.autosave import Autosave
from charlstm.training.events import (
    CheckpointRewritten,
    Evaluated,
    Evaluating,
    Event,
    Finished,
    RolledBack,
    SpeedMeasured,
    Stepped,
)
from charlstm.training.model_files import write_model_files
from charlstm.training.run_statistics import RunStatistics, Speed, statistics_of
from charlstm.training.schedule import learning_rate
from charlstm.training.trainer import Trainer
from charlstm.training.validation import Validator

_PACED_AFTER = 2.0
"""Seconds of training after which its speed is known well enough."""


@dataclass
class Loop:
    """A run under way. ``elapsed`` gives its wall-clock seconds, ``seconds`` are those that its evaluations have taken."""

    plan: TrainingPlan
    source: BatchSource
    trainer: Trainer
    evaluator: Validator | None
    budget: Budget
    record: RunStatistics
    saver: Autosave
    elapsed: Callable[[], float]
    should_stop: Callable[[], bool]
    due: float = 0.0
    seconds: list[float] = field(default_factory=list)
    speed: Speed = field(default_factory=Speed)

    def events(self) -> Iterator[Event]:
        """Train to the end of the budget, of patience, or of the user's."""
        self.seconds = [self.record.reserve]
        self._plan_evaluation()
        impatient, paced = self._is_impatient, False
        while self.fraction < 1 and not impatient and not self.should_stop() and not self.trainer.stop_asked:
            yield from self._rewritten()
            event = self._step()
            yield event
            if isinstance(event, RolledBack):
                continue
            if not paced and self.speed.seconds > _PACED_AFTER:
                paced = True
                yield self._paced()
            if self.due <= self.course and not self._affordable:
                self._plan_evaluation()  # this one is left out
            if self.due <= self.course:
                yield Evaluating()
                yield self._evaluate()
                impatient = self._is_impatient
            elif self.saver.due and not self.saver.save(self.record):
                yield self._fall_back()
        interrupted = self.fraction < 1 and not impatient
        if interrupted:
            self.saver.save(self.record)
        # An interrupted run is not evaluated once more: a run without interruption would not have been, and both must come to
        # the same model. Unless there is none yet; then the first evaluation after resuming replaces it in any case.
        if not self.record.history or (self.record.loss_count and not interrupted):
            yield Evaluating()
            evaluated = self._evaluate(save=not interrupted)
            yield evaluated
            if isinstance(evaluated, RolledBack):
                yield from self.events()
                return
        yield from self._rewritten()
        yield Finished(
            best=best_score(self.record.history) or self.record.history[-1],
            steps=self.trainer.steps,
            seconds=self.elapsed(),
            characters_per_second=self.speed.characters_per_second,
            interrupted=interrupted,
            stopped_early=impatient,
        )

    def _rewritten(self) -> Iterator[CheckpointRewritten]:
        while self.saver.rewritten:
            yield CheckpointRewritten(self.saver.rewritten.pop(0))

    @property
    def _is_impatient(self) -> bool:
        patience = self.plan.config.training.patience
        return patience is not None and self.record.poor >= patience

    @property
    def fraction(self) -> float:
        """The part of the budget that is used up: all of it if half a step would no longer fit in."""
        return self.budget.fraction(self.trainer.steps, self.elapsed(), self._kept_free)

    @property
    def _kept_free(self) -> float:
        """Seconds at the end in which no step is begun any more: the last evaluation's, and half a step's."""
        return self.record.reserve + self.speed.seconds_per_step / 2

    @property
    def learning_rate(self) -> float:
        """Of the next step. It follows the course: what came before the first step is start-up, and taught nothing."""
        return learning_rate(self.plan.config.training, self.course) * 0.5**self.record.halvings

    @property
    def course(self) -> float:
        """The part of the budget that is used up, counted from the first step."""
        began = self.budget.fraction(0, self.record.began, self._kept_free)
        return max(0.0, self.fraction - began) / (1 - began) if began < 1 else 1.0

    def _plan_evaluation(self) -> None:
        """Set when the next evaluation is due: they are spread evenly over the course of the training."""
        evaluations = self.plan.config.training.evaluations
        self.due = math.ceil((self.course + 1e-9) * evaluations) / evaluations if self.trainer.steps else 1 / evaluations

    @property
    def _affordable(self) -> bool:
        """Whether all evaluations, with the one that is due, come to a tenth of the time so far.

        With a budget in epochs alone every evaluation is made, so that a resumed run makes those of an uninterrupted one.
        """
        made = len(self.record.history)
        return self.budget.seconds == math.inf or 10 * (made + 1) * self.record.reserve <= self.elapsed()

    def _paced(self) -> SpeedMeasured:
        training = self._seconds_left - self._evaluation_seconds_left
        steps = min(self.budget.steps, self.trainer.steps + training / self.speed.seconds_per_step)
        return SpeedMeasured(self.speed.characters_per_second, self._seconds_left, steps / self.source.steps_per_epoch)

    @property
    def _seconds_left(self) -> float:
        """To the end of the budget, estimated; infinite while nothing is known."""
        if not self.speed.seconds:
            return math.inf
        evaluations = self._evaluation_seconds_left / max(1, self.budget.steps - self.trainer.steps)
        return self.budget.seconds_left(self.trainer.steps, self.elapsed(), self.speed.seconds_per_step + evaluations)

    @property
    def _evaluation_seconds_left(self) -> float:
        """What the evaluations will take that are still to be made, estimated."""
        planned = self.plan.config.training.evaluations * (1 - self.course) * self.record.reserve
        affordable = self.budget.seconds / 10 - len(self.record.history) * self.record.reserve
        return max(0.0, min(planned, affordable))

    def _step(self) -> Stepped | RolledBack:
        config, began, first = self.plan.config, self.elapsed(), not self.trainer.steps
        if first:
            self.record.began = began
        loss = self.trainer.step(self.source.batch(self.trainer.steps, self.trainer.rows), self.learning_rate)
        if first:
            self.record.began = self.elapsed()  # without what compiling it took
        self.speed.add(config.training.batch_size * config.model.seq_len, self.elapsed() - began)
        if not math.isfinite(loss):
            return self._fall_back()
        self.record.loss_sum += loss
        self.record.loss_count += 1
        return Stepped(
            self.trainer.steps,
            self.fraction,
            self.record.loss,
            self.speed.characters_per_second,
            self._seconds_left,
        )

    def _evaluate(self, *, save: bool = True) -> Evaluated | RolledBack:
        """Score the model, keep it if it is the best, save and publish."""
        began, record, weights = self.elapsed(), self.record, self.trainer.weights()
        score = self.evaluator.nats_per_char(weights) if self.evaluator else None
        if not math.isfinite(score or 0.0) or not all(np.isfinite(array).all() for array in weights.values()):
            return self._fall_back()
        improved = score is None or score < record.best_score
        evaluation = HistoryEntry(
            step=self.trainer.steps,
            epoch=self.trainer.steps / self.source.steps_per_epoch,
            seconds=self.elapsed(),
            learning_rate=self.learning_rate,
            train_nats_per_char=record.loss,
            nats_per_char=score,
            best=improved,
        )
        record.history.append(evaluation)
        record.poor = 0 if improved else record.poor + 1
        record.loss_sum, record.loss_count = 0.0, 0
        if improved:
            record.best = weights
        if save and not self.saver.save(record, evaluated=True):
            return self._fall_back()
        if improved:
            write_model_files(self.plan.folder, self.plan.config, record)
        else:
            write_history(self.plan.folder, record.history)
        self.seconds.append(self.elapsed() - began)
        record.reserve = median_low(self.seconds)  # a disk or a processor that was busy once must not cost later evaluations
        self._plan_evaluation()
        return Evaluated(evaluation, weights)

    def _fall_back(self) -> RolledBack:
        """Take up the state of the last evaluation, with half the learning rate."""
        at, halvings = self.trainer.steps, self.record.halvings + 1
        peak = self.plan.config.training.learning_rate
        if halvings > MAX_HALVINGS:
            raise TrainingError(
                f"the loss is no number at step {at} even with a learning rate of {peak / 2**MAX_HALVINGS:g}, halved "
                f"{MAX_HALVINGS} times; lower --learning-rate (it was {peak:g}) or set --clip-norm; the best weights are kept"
            )
        warnings: list[str] = []
        state = read_state(self.plan.folder, self.plan.config, warnings.append, first=self.record.evaluated)
        self.trainer.restore(state.arrays, state.progress.steps)
        self.record = statistics_of(state)
        self.record.halvings = halvings
        self._plan_evaluation()
        return RolledBack(at, self.trainer.steps, peak / 2**halvings, tuple(warnings))
