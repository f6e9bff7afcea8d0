"""A training run from its recipe to the files of its checkpoint, as a sequence of events for whoever shows progress."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from charlstm.checkpoint.atomic import write_atomically
from charlstm.checkpoint.card import best, model_card
from charlstm.checkpoint.files import (
    CARD,
    Config,
    Evaluation,
    Weights,
    append_history,
    write_config,
    write_resume,
    write_weights,
)
from charlstm.checkpoint.folder import create
from charlstm.errors import TrainingError
from charlstm.inference.generate import write
from charlstm.inference.modes import reader
from charlstm.inference.network import build_network
from charlstm.inference.sampling import Sampling
from charlstm.recipe.plan import Base, Plan, Resumed
from charlstm.text.batches import BatchSource, batch_source
from charlstm.text.windows import split
from charlstm.training.evaluation import Evaluator
from charlstm.training.growth import starting_weights
from charlstm.training.schedule import Budget, budget, learning_rate
from charlstm.training.trainer import Trainer
from charlstm.units import count


@dataclass(frozen=True)
class Started:
    """Everything is built and checked, and the checkpoint's folder is there.

    Attributes:
        parameters: Of the network.
    """

    parameters: int


@dataclass(frozen=True)
class Stepped:
    """After one training step.

    Attributes:
        step: Steps so far.
        fraction: Part of the budget used up.
        nats_per_char: Mean training loss since the last evaluation.
        characters_per_second: Of training alone, since the run began or was resumed.
        seconds_left: To the end of the budget, estimated.
    """

    step: int
    fraction: float
    nats_per_char: float
    characters_per_second: float
    seconds_left: float


@dataclass(frozen=True)
class Evaluating:
    """A pass over the held-out tail begins."""


@dataclass(frozen=True)
class Evaluated:
    """After a pass over the held-out tail.

    Attributes:
        evaluation: Its line in the history.
        weights: The model at that moment.
    """

    evaluation: Evaluation
    weights: Weights


@dataclass(frozen=True)
class Finished:
    """The run is over and everything is on disk.

    Attributes:
        best: The evaluation whose weights are the model.
        steps: Training steps in all.
        seconds: Wall clock in all, of every part of a resumed run.
        characters_per_second: Of training alone.
        interrupted: Whether it was asked to stop before its end.
        stopped_early: Whether patience ran out.
    """

    best: Evaluation
    steps: int
    seconds: float
    characters_per_second: float
    interrupted: bool
    stopped_early: bool


Event = Started | Stepped | Evaluating | Evaluated | Finished


@dataclass
class Progress:
    """Where a run is, besides what the trainer holds.

    Attributes:
        history: The evaluations so far.
        seconds: Wall clock before this process took the run up.
        loss_sum: Sum of the training losses since the last evaluation.
        loss_count: How many they are.
        poor: Evaluations since the best one.
    """

    history: list[Evaluation]
    seconds: float = 0.0
    loss_sum: float = 0.0
    loss_count: int = 0
    poor: int = 0

    @property
    def loss(self) -> float:
        """Mean training loss since the last evaluation, nats per character."""
        return self.loss_sum / max(1, self.loss_count)

    @property
    def best_score(self) -> float:
        """The best evaluation's nats per character; infinite before the first."""
        return min((line.nats_per_char for line in self.history if line.nats_per_char is not None), default=math.inf)


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
        TrainingError: If the loss is no longer a finite number.
    """
    config = plan.config
    learnt, held_out = split(plan.ids, config.training.validation)
    source = batch_source(learnt, config.model, config.training)
    trainer = Trainer(config.model, config.training)
    progress = Progress([])
    if isinstance(plan.start, Base):
        trainer.assign(starting_weights(plan.start.config, plan.start.weights, config))
    elif isinstance(plan.start, Resumed):
        trainer.restore(plan.start.arrays, plan.start.steps)
        progress = Progress(list(plan.start.history), **plan.start.progress)
    evaluator = Evaluator(config.model, held_out) if len(held_out) > 1 else None
    if not isinstance(plan.start, Resumed):
        create(plan.folder.parent, plan.folder.name)
        write_config(plan.folder, config)
    yield Started(count(config.model.weight_shapes))
    run = _Run(plan, source, trainer, evaluator, budget(config.training, source.steps_per_epoch), progress)
    yield from run.events(clock, started, should_stop)


@dataclass
class _Run:
    plan: Plan
    source: BatchSource
    trainer: Trainer
    evaluator: Evaluator | None
    budget: Budget
    progress: Progress

    def events(self, clock: Callable[[], float], started: float, should_stop: Callable[[], bool]) -> Iterator[Event]:
        training, progress, earlier = self.plan.config.training, self.progress, self.progress.seconds
        characters, busy, reserve, stopped_early, stepped = 0, 0.0, 0.0, False, False

        def elapsed() -> float:
            return earlier + clock() - started

        fraction = self.budget.fraction(self.trainer.steps, elapsed())
        due = self._next_evaluation()
        while fraction < 1 and not should_stop() and not stopped_early:
            rate = learning_rate(training, fraction)
            before = clock()
            loss = self.trainer.step(self.source.batch(self.trainer.steps), rate)
            if stepped:  # the first step compiles the graph
                busy += clock() - before
                characters += training.batch_size * self.plan.config.model.seq_len
            stepped = True
            if not math.isfinite(loss):
                raise TrainingError(
                    f"the loss became {loss} at step {self.trainer.steps}; lower --learning-rate "
                    f"(it was {training.learning_rate:g}) or set --clip-norm; the best weights so far are kept"
                )
            progress.loss_sum += loss
            progress.loss_count += 1
            fraction = self.budget.fraction(self.trainer.steps, elapsed(), reserve)
            speed = characters / busy if busy else 0.0
            yield Stepped(self.trainer.steps, fraction, progress.loss, speed, self._seconds_left(fraction, elapsed(), reserve))
            if fraction >= due and fraction < 1:
                evaluation_began = clock()
                yield Evaluating()
                evaluated = self._evaluate(rate, elapsed)
                yield evaluated
                reserve = clock() - evaluation_began
                due = self._next_evaluation(fraction)
                stopped_early = training.patience is not None and progress.poor >= training.patience
        interrupted = fraction < 1 and not stopped_early
        if progress.loss_count or not progress.history:
            yield Evaluating()
            yield self._evaluate(learning_rate(training, fraction), elapsed)
        scored = best(progress.history)
        assert scored is not None, "the first evaluation is always the best so far"
        yield Finished(scored, self.trainer.steps, elapsed(), characters / busy if busy else 0.0, interrupted, stopped_early)

    def _next_evaluation(self, fraction: float = 0.0) -> float:
        """The part of the budget at which the next evaluation is due."""
        evaluations = self.plan.config.training.evaluations
        return (math.floor(fraction * evaluations + 1e-9) + 1) / evaluations

    def _seconds_left(self, fraction: float, elapsed: float, reserve: float) -> float:
        if self.budget.seconds is not None:
            return max(0.0, self.budget.seconds - elapsed)
        return elapsed * (1 - fraction) / fraction + reserve if fraction else math.inf

    def _evaluate(self, rate: float, elapsed: Callable[[], float]) -> Evaluated:
        """Score the model, keep it if it is the best, and save what resuming needs."""
        progress, weights = self.progress, self.trainer.weights()
        score = self.evaluator.nats_per_char(weights) if self.evaluator else None
        improved = score is None or score < progress.best_score or not progress.history
        evaluation = Evaluation(
            step=self.trainer.steps,
            epoch=self.trainer.steps / self.source.steps_per_epoch,
            seconds=elapsed(),
            learning_rate=rate,
            train_nats_per_char=progress.loss,
            nats_per_char=score,
            best=improved,
        )
        progress.history.append(evaluation)
        progress.poor = 0 if improved else progress.poor + 1
        progress.loss_sum, progress.loss_count = 0.0, 0
        if improved:
            write_weights(self.plan.folder, weights)
            sample = sample_text(self.plan.config, weights, length=400)
            write_atomically(self.plan.folder / CARD, model_card(self.plan.config, progress.history, sample).encode())
        append_history(self.plan.folder, evaluation)
        self.save(elapsed())
        return Evaluated(evaluation, weights)

    def save(self, seconds: float) -> None:
        """Write the state from which the run can be resumed."""
        record = {
            "steps": self.trainer.steps,
            "corpus": list(self.plan.paths),
            "evaluations": len(self.progress.history),
            "progress": {
                "seconds": seconds,
                "loss_sum": self.progress.loss_sum,
                "loss_count": self.progress.loss_count,
                "poor": self.progress.poor,
            },
        }
        write_resume(self.plan.folder, self.trainer.snapshot(), record)


def sample_text(config: Config, weights: Weights, length: int) -> str:
    """A sample, with the state carried, at the temperature that generation has by default, from the corpus's first window."""
    pieces = write(
        reader(build_network(config.model, weights), "stateful"),
        config.vocabulary,
        config.corpus.windows[0],
        random_seeds=[config.training.random_seed],
        length=length,
        sampling=Sampling(),
    )
    return "".join(piece for (piece,) in pieces)
