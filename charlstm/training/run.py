"""A training run from its recipe to the files of its checkpoint, as a sequence of events for whoever shows progress."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from charlstm.checkpoint.atomic import write_atomically
from charlstm.checkpoint.card import best, model_card
from charlstm.checkpoint.files import (
    CARD,
    Config,
    Evaluation,
    Weights,
    append_history,
    write_config,
    write_history,
    write_weights,
)
from charlstm.checkpoint.folder import create
from charlstm.checkpoint.resume import Progress, write_resume
from charlstm.errors import TrainingError
from charlstm.inference.generate import write
from charlstm.inference.modes import reader
from charlstm.inference.network import build_network
from charlstm.inference.sampling import Sampling
from charlstm.recipe.plan import Base, Plan, Resumed
from charlstm.text.batches import BatchSource, batch_source
from charlstm.text.windows import split
from charlstm.training.evaluation import Evaluator
from charlstm.training.events import Evaluated, Evaluating, Event, Finished, Paced, Started, Stepped
from charlstm.training.growth import starting_weights
from charlstm.training.progress import Record, Speed
from charlstm.training.schedule import Budget, budget, learning_rate
from charlstm.training.trainer import Trainer
from charlstm.units import count

_PACED_AFTER = 2.0
"""Seconds of training after which its speed is known well enough."""


def train(plan: Plan, *, clock: Callable[[], float], started: float, should_stop: Callable[[], bool]) -> Iterator[Event]:
    """Train a checkpoint as planned.

    Args:
        plan: What to train. Unless the run is resumed its folder is made here, once nothing in the plan can fail any more.
        clock: Seconds, from any origin.
        started: What the clock said when the command began: the wall-clock budget counts from there.
        should_stop: Asked after every step; True ends the run with everything saved.

    Raises:
        CheckpointError: If the folder cannot be made.
        ConfigError: If a setting names something that Keras does not have.
        TrainingError: If the budget is over before it began, or the loss is no longer a finite number.
    """
    config = plan.config
    learnt, held_out = split(plan.ids, config.training.validation)
    source = batch_source(learnt, config.model, config.training)
    extent = budget(config.training, source.steps_per_epoch)
    trainer = Trainer(config.model, config.training)
    evaluator = Evaluator(config.model, held_out) if len(held_out) > 1 else None
    if isinstance(plan.start, Resumed):
        before = plan.start.progress
        trainer.restore(plan.start.arrays, before.steps)
        record = Record(list(plan.start.history), before.loss_sum, before.loss_count, before.poor)
        earlier = before.seconds
        write_history(plan.folder, record.history)
    else:
        record, earlier = Record([]), 0.0
        if isinstance(plan.start, Base):
            trainer.assign(starting_weights(plan.start.config, plan.start.weights, config))
        gone = clock() - started
        if extent.fraction(0, gone) >= 1:
            raise TrainingError(
                f"the budget of {config.training.minutes:g} minutes was over before the first step, since starting took "
                f"{gone:.0f} s; give more --minutes"
            )
        create(plan.folder.parent, plan.folder.name)
    write_config(plan.folder, config)
    yield Started(count(config.model.weight_shapes), trainer.layers.lstms[0].keras_path_because())
    reserve = evaluator.rehearse(clock) if evaluator else 0.0
    yield from _Run(
        plan, source, trainer, evaluator, extent, record, lambda: earlier + clock() - started, should_stop, reserve
    ).events()


@dataclass
class _Run:
    """A run under way. ``elapsed`` gives its wall-clock seconds, ``reserve`` is what an evaluation takes of them."""

    plan: Plan
    source: BatchSource
    trainer: Trainer
    evaluator: Evaluator | None
    budget: Budget
    record: Record
    elapsed: Callable[[], float]
    should_stop: Callable[[], bool]
    reserve: float
    speed: Speed = field(default_factory=Speed)

    def events(self) -> Iterator[Event]:
        """Train to the end of the budget, of patience, or of the user's."""
        training, record = self.plan.config.training, self.record
        due = self._next_evaluation()
        impatient = paced = False
        while self.fraction < 1 and not impatient and not self.should_stop():
            yield self._step()
            if not paced and self.speed.seconds > _PACED_AFTER:
                paced = True
                yield self._paced()
            if due <= self.fraction < 1:
                began = self.elapsed()
                yield Evaluating()
                yield self._evaluate()
                self._save()
                self.reserve = self.elapsed() - began
                due = self._next_evaluation()
                impatient = training.patience is not None and record.poor >= training.patience
        interrupted = self.fraction < 1 and not impatient
        if interrupted:
            self._save()
        # An interrupted run is not evaluated once more: a run without interruption would not have been, and both must come to
        # the same model. Unless there is none yet; then the first evaluation after resuming replaces it in any case.
        if not record.history or (record.loss_count and not interrupted):
            yield Evaluating()
            yield self._evaluate()
            if not interrupted:
                self._save()
        yield Finished(
            best=best(record.history) or record.history[-1],
            steps=self.trainer.steps,
            seconds=self.elapsed(),
            characters_per_second=self.speed.characters_per_second,
            interrupted=interrupted,
            stopped_early=impatient,
        )

    @property
    def fraction(self) -> float:
        """The part of the budget that is used up: all of it if half a step would no longer fit in."""
        return self.budget.fraction(self.trainer.steps, self.elapsed(), self.reserve + self.speed.seconds_per_step / 2)

    def _next_evaluation(self) -> float:
        """The part of the budget at which the next evaluation is due.

        They are spread evenly; where they take long, some are left out, so that they take a tenth of the time at the most.
        """
        evaluations = self.plan.config.training.evaluations
        earliest = max(self.fraction + 1e-9, self.fraction + 10 * self.reserve / self.budget.seconds)
        return math.ceil(earliest * evaluations) / evaluations

    def _paced(self) -> Paced:
        left = self.budget.seconds_left(self.trainer.steps, self.elapsed(), self.reserve)
        steps = min(self.budget.steps, self.trainer.steps + left / self.speed.seconds_per_step)
        return Paced(self.speed.characters_per_second, left, steps / self.source.steps_per_epoch)

    def _step(self) -> Stepped:
        config, began = self.plan.config, self.elapsed()
        loss = self.trainer.step(self.source.batch(self.trainer.steps), learning_rate(config.training, self.fraction))
        self.speed.add(config.training.batch_size * config.model.seq_len, self.elapsed() - began)
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss became {loss} at step {self.trainer.steps}; lower --learning-rate "
                f"(it was {config.training.learning_rate:g}) or set --clip-norm; the best weights so far are kept"
            )
        self.record.loss_sum += loss
        self.record.loss_count += 1
        return Stepped(
            self.trainer.steps,
            self.fraction,
            self.record.loss,
            self.speed.characters_per_second,
            self.budget.seconds_left(self.trainer.steps, self.elapsed(), self.reserve),
        )

    def _evaluate(self) -> Evaluated:
        """Score the model and keep it if it is the best."""
        record, folder, config, weights = self.record, self.plan.folder, self.plan.config, self.trainer.weights()
        score = self.evaluator.nats_per_char(weights) if self.evaluator else None
        improved = score is None or score < record.best_score or not record.history
        evaluation = Evaluation(
            step=self.trainer.steps,
            epoch=self.trainer.steps / self.source.steps_per_epoch,
            seconds=self.elapsed(),
            learning_rate=learning_rate(config.training, self.fraction),
            train_nats_per_char=record.loss,
            nats_per_char=score,
            best=improved,
        )
        record.history.append(evaluation)
        record.poor = 0 if improved else record.poor + 1
        record.loss_sum, record.loss_count = 0.0, 0
        if improved:
            write_weights(folder, weights)
            sample = sample_text(config, weights, length=400)
            write_atomically(folder / CARD, model_card(config, record.history, sample).encode())
        append_history(folder, evaluation)
        return Evaluated(evaluation, weights)

    def _save(self) -> None:
        """Write the state from which the run can be resumed."""
        progress = Progress(
            steps=self.trainer.steps,
            evaluations=len(self.record.history),
            seconds=self.elapsed(),
            loss_sum=self.record.loss_sum,
            loss_count=self.record.loss_count,
            poor=self.record.poor,
            paths=self.plan.paths,
            text_encoding=self.plan.text_encoding,
        )
        write_resume(self.plan.folder, self.trainer.snapshot(), progress)


def sample_text(config: Config, weights: Weights, length: int) -> str:
    """A sample, with the state carried, at the temperature that generation has by default, from the beginning of a line."""
    seed = "\n" if "\n" in config.vocabulary.characters else config.corpus.windows[0]
    pieces = write(
        reader(build_network(config.model, weights), "stateful"),
        config.vocabulary,
        seed,
        random_seeds=[config.training.random_seed],
        length=length,
        sampling=Sampling(),
    )
    return "".join(piece for (piece,) in pieces)
