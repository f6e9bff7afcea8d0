"""The training loop: steps, evaluations, saves and rollbacks until the budget, the patience or the user ends the run."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median_low

import numpy as np

from charlstm.checkpoint.history import HistoryEntry, best_score
from charlstm.checkpoint.training_state import MAX_HALVINGS
from charlstm.errors import TrainingError
from charlstm.training.budgeted_run import BudgetedRun
from charlstm.training.events import (
    CheckpointRewritten,
    Evaluated,
    Evaluating,
    Event,
    Finished,
    RolledBack,
    Stepped,
)
from charlstm.training.validation import Validator

_MEASURED_AFTER = 2.0
"""Seconds of training after which the measured speed is reliable."""


@dataclass(kw_only=True)
class Loop(BudgetedRun):
    """A training run in progress. Of several workers each has its own, and all make the same decisions.

    Attributes:
        evaluator: Scores the held-out text; None without one, and in a worker that is not the chief.
        published: The evaluation of the state to resume from, if the folder has its model and the state does not record it.
        evaluation_durations: Durations of the evaluations, saving included, in seconds.
    """

    evaluator: Validator | None
    published: HistoryEntry | None = None
    evaluation_durations: list[float] = field(default_factory=list)

    def events(self) -> Iterator[Event]:
        """Yield the events of training until the budget or the patience is used up or the user stops the run."""
        self.evaluation_durations = [self.record.evaluation_seconds]
        self.plan_evaluations()
        self.plan_next_evaluation()
        out_of_patience, measured = self._is_out_of_patience, False
        while self.fraction < 1 and not out_of_patience and not self.agreement.should_stop():
            yield from self._rewritten()
            event = self._step()
            yield event
            if isinstance(event, RolledBack):
                continue
            if not measured and self.speed.seconds > _MEASURED_AFTER:
                measured = True
                self.plan_evaluations()
                if self.evaluations.due > self.schedule_fraction:
                    self.plan_next_evaluation()
                yield self.speed_measured()
            due = self.evaluations.due <= self.schedule_fraction
            if due and not self.evaluations.is_affordable(len(self.record.history), self.elapsed()):
                self.plan_next_evaluation()  # skips the one that is due
                due = self.evaluations.due <= self.schedule_fraction
            if due:
                yield Evaluating()
                yield self._evaluate()
                out_of_patience = self._is_out_of_patience
            elif self.saver.due and not self.saver.save(self.record):
                yield self._roll_back()
        interrupted = self.fraction < 1 and not out_of_patience
        if interrupted:
            self.saver.save(self.record)
            self.saver.write_points(self.record)
        # An interrupted run is not evaluated here: the uninterrupted run would not be, and resuming must give the same model.
        # Exception: there is no model yet.
        scored = [self.published] if self.published and not self.speed.steps else []
        if not scored and (not self.record.history or (self.record.loss_count and not interrupted)):
            yield Evaluating()
            evaluated = self._evaluate(save=not interrupted)
            yield evaluated
            if isinstance(evaluated, RolledBack):
                yield from self.events()
                return
        yield from self._rewritten()
        self.agreement.share(None)  # no worker leaves before the chief has finished
        history = scored or self.record.history
        out_of_time = not (interrupted or out_of_patience or self.trainer.steps >= self.budget.steps)
        yield Finished(
            best=best_score(history) or history[-1],
            steps=self.trainer.steps,
            seconds=self.elapsed(),
            characters_per_second=self.speed.characters_per_second,
            interrupted=interrupted,
            stopped_early=out_of_patience,
            nothing_trained=out_of_time and not self.speed.steps,
        )

    def _rewritten(self) -> Iterator[CheckpointRewritten]:
        while self.saver.rewritten:
            yield CheckpointRewritten(self.saver.rewritten.pop(0))

    @property
    def _is_out_of_patience(self) -> bool:
        patience = self.plan.config.training.patience
        return patience is not None and self.record.poor >= patience

    def _step(self) -> Stepped | RolledBack:
        config, began, first = self.plan.config, self.elapsed(), not self.trainer.steps
        if first:
            self.record.began = began
        rate = self.learning_rate
        batch = self.source.batch(self.trainer.steps, self.trainer.rows)
        loss = self.trainer.step(batch, rate, *self.agreement.message())
        self.agreement.receive(self.trainer.received)
        if not self.speed.steps:
            self.agreement.share(None)  # the first step compiles, so its time is far behind
        if first:
            self.record.began = self.elapsed()  # excludes compilation
        self.speed.add(config.training.batch_size * config.model.seq_len, self.elapsed() - began)
        if not math.isfinite(loss):
            return self._roll_back()
        self.record.loss_sum += loss
        self.record.loss_count += 1
        self._add_point(rate, loss, self.elapsed() - began)
        return Stepped(
            self.trainer.steps,
            self.fraction,
            self.record.loss,
            self.speed.characters_per_second,
            self.seconds_left,
            loss,
            rate,
            self.trainer.gradient_norm,
        )

    def _add_point(self, rate: float, loss: float, duration: float) -> None:
        """Count a step in the training curves, and write them from time to time."""
        config, steps = self.plan.config, self.trainer.steps
        self.record.points.add(
            step=steps,
            epoch=steps / self.source.steps_per_epoch,
            seconds=self.elapsed(),
            learning_rate=rate,
            loss=loss,
            gradient_norm=self.trainer.gradient_norm,
            characters=config.training.batch_size * config.model.seq_len if self.speed.steps > 1 else 0,  # the first compiles
            duration=duration,
        )
        self.saver.write_curves(self.record)

    def _evaluate(self, *, save: bool = True) -> Evaluated | RolledBack:
        """Score the model, keep it if it is the best, save the state and write the model files."""
        self.agreement.share(None)
        began, record, weights = self.elapsed(), self.record, self.trainer.weights()
        score = self.evaluator.nats_per_char(weights) if self.evaluator else None
        finite = math.isfinite(score or 0.0) and all(np.isfinite(array).all() for array in weights.values())
        score, finite = self.agreement.share((score, finite))
        self.evaluations.durations.append(self.elapsed() - began)
        if not finite:
            return self._roll_back()
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
            return self._roll_back()
        self.saver.publish(record, improved=improved)
        self.evaluation_durations.append(self.elapsed() - began)
        record.evaluation_seconds = median_low(self.evaluation_durations)  # one slow evaluation must not cost later ones
        self.plan_next_evaluation()
        return Evaluated(evaluation, weights)

    def _roll_back(self) -> RolledBack:
        """Restore the state of the last evaluation and halve the learning rate."""
        at, halvings = self.trainer.steps, self.record.halvings + 1
        peak = self.plan.config.training.learning_rate
        if halvings > MAX_HALVINGS:
            raise TrainingError(
                f"the loss is NaN or infinite at step {at} even with a learning rate of {peak / 2**MAX_HALVINGS:g}, halved "
                f"{MAX_HALVINGS} times; lower `learning_rate` (it was {peak:g}) or set `clip_norm`; the best weights are kept"
            )
        warnings: list[str] = []
        self.record = self.saver.restore(self.record, warnings.append)
        self.record.halvings = halvings
        self.plan_next_evaluation()
        return RolledBack(at, self.trainer.steps, peak / 2**halvings, tuple(warnings))
