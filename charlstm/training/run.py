"""A training run, from the plan to the files of the checkpoint, as a sequence of events."""

import math
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace

import tensorflow as tf

from charlstm.checkpoint.atomic import remove_leftovers
from charlstm.checkpoint.config_file import write_config
from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.folder import available_names
from charlstm.checkpoint.history import HistoryEntry, read_history
from charlstm.checkpoint.points import PointsHeader, write_points
from charlstm.checkpoint.state_files import RESUME, newest_state, remove_damaged
from charlstm.checkpoint.weights import read_weights
from charlstm.errors import CheckpointError, SaveError, TakenError, TrainingError
from charlstm.formatting import count_parameters
from charlstm.nn.vocabulary_growth import starting_weights
from charlstm.planning.base_model import Base
from charlstm.planning.budget import budget
from charlstm.planning.settings import FREE
from charlstm.planning.training_plan import ResumedState, TrainingPlan
from charlstm.text.batches import batch_source
from charlstm.text.frequencies import log_frequencies, unigram_nats
from charlstm.text.vocabulary import Ids
from charlstm.training.autosave import Autosave
from charlstm.training.distributed.agreement import Agreement
from charlstm.training.distributed.rendezvous import meet
from charlstm.training.distributed.startup import join
from charlstm.training.evaluation_schedule import EvaluationSchedule
from charlstm.training.events import Event, Started
from charlstm.training.loop import Loop
from charlstm.training.model_files import write_model_files
from charlstm.training.point_log import header_of
from charlstm.training.run_statistics import RunStatistics, share_statistics, statistics_of
from charlstm.training.tensorboard import check_folder, with_summaries
from charlstm.training.trainer import Trainer
from charlstm.training.validation import Validator

Events = Generator[Event, None, None]


def train(plan: TrainingPlan, *, clock: Callable[[], float], started: float, should_stop: Callable[[], bool]) -> Events:
    """Train a model as planned. Every worker of several does this; only the chief writes files.

    Args:
        plan: The plan. The folder of a new checkpoint is made after everything in the plan has been checked.
        clock: Returns seconds, from any origin.
        started: Value of the clock from which the budget in minutes counts, such as the start of the command.
        should_stop: Called after every step; True ends the run with everything saved, in all workers.

    Yields:
        The events of the run, from :class:`Started` to :class:`Finished`.

    Raises:
        CheckpointError: If the folder cannot be made or written to, or another process trains the checkpoint.
        ConfigError: If a setting names something that Keras does not have.
        TrainingError: If the budget leaves no time to train, memory runs out, the loss is NaN or infinite even at the lowest
            learning rate, or the plans of the workers differ.
        GroupError: If another worker does not start or is lost.
    """
    if plan.tensorboard is None:
        yield from _events(plan, clock, started, should_stop)
    else:
        check_folder(plan.tensorboard)
        yield from with_summaries(_events(plan, clock, started, should_stop), plan, plan.tensorboard, clock)


def _events(plan: TrainingPlan, clock: Callable[[], float], started: float, should_stop: Callable[[], bool]) -> Events:
    model, training = plan.config.model, plan.config.training
    with _memory_errors(plan):
        if plan.cluster is not None:
            meet(plan, plan.cluster, should_stop)
        group = join(plan.cluster, training.batch_size)
        with group.failures_reported():
            yield from _train(plan, Trainer(model, training, group), clock, started, should_stop)


@contextmanager
def _memory_errors(plan: TrainingPlan) -> Iterator[None]:
    """Convert running out of memory, also a GPU's, into an error that names the settings to reduce."""
    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError):
        raise TrainingError(
            f"out of memory for this network and batches of {plan.config.training.batch_size} windows of "
            f"{plan.config.model.seq_len}; reduce `units`, `batch_size` or `seq_len`"
        ) from None


def _train(
    plan: TrainingPlan, trainer: Trainer, clock: Callable[[], float], started: float, should_stop: Callable[[], bool]
) -> Events:
    group, config = trainer.group, plan.config
    free = {name: getattr(config.training, name) for name in FREE}  # may differ, so that the chief's count
    config = replace(config, training=replace(config.training, **group.share(free)))
    plan = replace(plan, config=config)
    learned, held_out = plan.parts()
    source = batch_source(learned, config.model, config.training)
    extent = budget(config.training, source.steps_per_epoch)
    naming = config.vocabulary.naming_nats(held_out)
    evaluator = Validator(config.model, held_out, naming) if len(held_out) > 1 and group.cluster.is_chief else None
    record, earlier = _starting_point(plan, trainer, learned)
    if record.points.header == PointsHeader() and group.cluster.is_chief:
        record.points.header = header_of(unigram_nats(learned, held_out, config.vocabulary), plan.notes)
    scoring = group.share([evaluator.rehearse(clock)] if evaluator else [])
    record.evaluation_seconds = max(record.evaluation_seconds, *scoring, 0.0)
    resumed = group.share(isinstance(plan.start, ResumedState))

    def elapsed() -> float:
        return earlier + clock() - started

    agreement = Agreement(group, elapsed, should_stop)
    with ExitStack() as lock:
        saver = Autosave(plan, trainer, agreement, lock)
        if resumed:
            saver.take_lock()
        elif extent.fraction(0, now := agreement.elapsed(), record.evaluation_seconds) >= 1:
            raise TrainingError(_no_time(config, len(held_out), now, record.evaluation_seconds))
        else:
            plan = _begin(saver, record)
            record.evaluation_seconds += saver.took  # every evaluation ends with a save
        published = _prepare_folder(plan, record) if saver.writes else None
        published = group.share(published, HistoryEntry | None)
        if resumed:
            saver.last = agreement.elapsed()
        yield Started(plan.folder, count_parameters(config.model.weight_shapes), trainer.layers.lstms[0].keras_path_because())
        try:
            evaluations = EvaluationSchedule(config.training.evaluations, extent.seconds != math.inf, scoring)
            loop = Loop(
                plan=plan,
                source=source,
                trainer=trainer,
                budget=extent,
                record=record,
                saver=saver,
                agreement=agreement,
                evaluations=evaluations,
                evaluator=evaluator,
                published=published,
            )
            yield from loop.events()
        except CheckpointError as error:
            raise SaveError(str(error), plan.folder) from None


def _no_time(config: CheckpointConfig, held_out: int, starting: float, scoring: float) -> str:
    """Return the error of a budget in minutes that the start and one score use up."""
    sentence = f"`minutes={config.training.minutes:g}` leaves no time to train: starting took {starting:.0f} s"
    if held_out < 2:
        return f"{sentence}; give more `minutes`"
    smaller = "a shorter `validation_file`" if config.validation_text else "a smaller `validation_split`"
    return f"{sentence}, and scoring {held_out:,} characters takes {scoring:.0f} s; give more `minutes`, or {smaller}"


def _starting_point(plan: TrainingPlan, trainer: Trainer, learned: Ids) -> tuple[RunStatistics, float]:
    """Bring the trainer to the start of the chief's plan; return the statistics and the seconds of the run up to there.

    The biases of the softmax layer start at the logarithms of the characters' frequencies. The first steps then need not learn
    which characters are frequent, and rare characters take no probability from the others.
    """
    group = trainer.group
    if group.share(isinstance(plan.start, ResumedState)):
        state = plan.start.state if isinstance(plan.start, ResumedState) else None
        trainer.restore(state.arrays if state else {}, state.progress.steps if state else 0)
        record = share_statistics(statistics_of(state) if state else RunStatistics(), group)
        return record, state.progress.seconds if state else 0.0
    bias = log_frequencies(learned, plan.config.model.vocabulary_size)
    if isinstance(plan.start, Base):
        trainer.assign(starting_weights(plan.start.config, plan.start.weights, plan.config, bias))
    else:
        trainer.assign({**trainer.weights(), "dense/bias": bias})
    if group.size > 1:
        trainer.restore(trainer.snapshot(), 0)
    return RunStatistics(), 0.0


def _begin(saver: Autosave, record: RunStatistics) -> TrainingPlan:
    """Make the checkpoint with a first state; return the plan with its folder, a free one if the user did not name it."""
    plan, root, snapshot = saver.plan, saver.plan.folder.parent, saver.snapshot()
    if plan.stem is None:
        saver.save(record, evaluated=True, snapshot=snapshot)
        return plan
    for name in available_names(root, plan.stem):
        saver.plan = replace(plan, folder=root / name)
        with suppress(TakenError):  # another training that started at the same time has this name
            saver.save(record, evaluated=True, snapshot=snapshot)
            break
    return saver.plan


def _prepare_folder(plan: TrainingPlan, record: RunStatistics) -> HistoryEntry | None:
    """Make the folder fit the state to start from; return the evaluation of that state if only the folder has it."""
    start = plan.start if isinstance(plan.start, ResumedState) else None
    if newest_state(plan.folder) != (start.number if start else 1):
        raise CheckpointError(f"{plan.folder} was trained by another process in the meantime; start the same training again")
    if start is None:
        return None
    published = _published(plan, start)
    _repair_folder(plan, start, record, keep_model=published is not None)
    return published


def _published(plan: TrainingPlan, start: ResumedState) -> HistoryEntry | None:
    """Return the evaluation of a state that does not record it, if the folder has its model.

    A run that is stopped before its first evaluation publishes a model, but saves its state without that evaluation.
    """
    if start.state.history:
        return None
    with suppress(CheckpointError):  # damaged files are written again
        history = read_history(plan.folder)
        if history and history[-1].step == start.state.progress.steps:
            read_weights(plan.folder, plan.config.model)
            return history[-1]
    return None


def _repair_folder(plan: TrainingPlan, start: ResumedState, record: RunStatistics, *, keep_model: bool) -> None:
    """Remove the leftovers of an interrupted save, and write the files that belong to the state to resume from.

    Args:
        plan: The plan of the run.
        start: The state to resume from.
        record: Its statistics.
        keep_model: True if the model and its history in the folder belong to the state.
    """
    remove_leftovers(plan.folder)
    remove_leftovers(plan.folder / RESUME)
    remove_damaged(plan.folder, start.state)
    write_config(plan.folder, plan.config)
    if keep_model:
        write_points(plan.folder, record.points.curves())
    else:
        write_model_files(plan.folder, plan.config, record)
