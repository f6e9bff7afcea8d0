"""A training run, from the plan to the files of the checkpoint, as a sequence of events."""

import math
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace

import tensorflow as tf

from charlstm.checkpoint.atomic import remove_leftovers
from charlstm.checkpoint.config_file import write_config
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
from charlstm.planning.training_plan import ResumedState, TrainingPlan
from charlstm.text.batches import batch_source
from charlstm.text.frequencies import log_frequencies, unigram_nats
from charlstm.text.vocabulary import Ids
from charlstm.training.autosave import Autosave
from charlstm.training.distributed.coordinator import ChiefTrainer, End, follow_chief
from charlstm.training.distributed.rendezvous import meet
from charlstm.training.distributed.startup import join
from charlstm.training.distributed.worker_group import WorkerGroup
from charlstm.training.evaluation_schedule import EvaluationSchedule
from charlstm.training.events import Event, Finished, Started
from charlstm.training.loop import Loop
from charlstm.training.model_files import write_model_files
from charlstm.training.point_log import header_of
from charlstm.training.run_statistics import RunStatistics, statistics_of
from charlstm.training.tensorboard import check_folder, with_summaries
from charlstm.training.trainer import Trainer
from charlstm.training.validation import Validator

Events = Generator[Event, None, None]


def train(plan: TrainingPlan, *, clock: Callable[[], float], started: float, should_stop: Callable[[], bool]) -> Events:
    """Train a model as planned.

    Args:
        plan: The plan. The folder of a new checkpoint is made after everything in the plan has been checked.
        clock: Returns seconds, from any origin.
        started: Value of the clock from which the budget in minutes counts, such as the start of the command.
        should_stop: Called after every step; True ends the run with everything saved.

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
        group = _join(plan, should_stop)
        if group.size == 1:
            yield from _train(plan, Trainer(model, training, group), clock, started, should_stop)
        else:
            trainer = ChiefTrainer(model, training, group)
            with trainer.leading(), closing(_train(plan, trainer, clock, started, should_stop)) as events:
                for event in events:
                    if isinstance(event, Finished):
                        trainer.end = End.STOPPED if event.interrupted else End.DONE
                    yield event


def train_as_worker(plan: TrainingPlan, *, should_stop: Callable[[], bool]) -> End:
    """Train as a worker under the chief's orders, without writing files or printing.

    Args:
        plan: The plan, the same as the chief's.
        should_stop: Called after every step; True makes the chief end the run with everything saved.

    Returns:
        The outcome of the run.

    Raises:
        TrainingError: If the chief's plan differs.
        GroupError: If another worker is lost.
    """
    model, training = plan.config.model, plan.config.training
    with _memory_errors(plan):
        group = _join(plan, should_stop)
        learned, _ = plan.parts()
        return follow_chief(Trainer(model, training, group), batch_source(learned, model, training), group, should_stop)


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


def _join(plan: TrainingPlan, should_stop: Callable[[], bool]) -> WorkerGroup:
    if plan.cluster is not None:
        meet(plan, plan.cluster, should_stop)
    return join(plan.cluster, plan.config.training.batch_size)


def _train(
    plan: TrainingPlan, trainer: Trainer, clock: Callable[[], float], started: float, should_stop: Callable[[], bool]
) -> Events:
    config = plan.config
    learned, held_out = plan.parts()
    source = batch_source(learned, config.model, config.training)
    extent = budget(config.training, source.steps_per_epoch)
    naming = config.vocabulary.naming_nats(held_out)
    evaluator = Validator(config.model, held_out, naming) if len(held_out) > 1 else None
    record, earlier = _starting_point(plan, trainer, learned)
    if record.points.header == PointsHeader():
        record.points.header = header_of(unigram_nats(learned, held_out, config.vocabulary), plan.notes)
    scoring = [evaluator.rehearse(clock)] if evaluator else []
    record.evaluation_seconds = max(record.evaluation_seconds, *scoring, 0.0)

    def elapsed() -> float:
        return earlier + clock() - started

    published = None
    with ExitStack() as lock:
        saver = Autosave(plan, trainer, elapsed, lock)
        if isinstance(plan.start, ResumedState):
            saver.take_lock()
        elif extent.fraction(0, elapsed(), record.evaluation_seconds) >= 1:
            raise TrainingError(
                f"`minutes={config.training.minutes:g}` leaves no time to train: starting took {elapsed():.0f} s, and "
                f"scoring {len(held_out):,} characters takes {record.evaluation_seconds:.0f} s; give more `minutes`, or a "
                "smaller `validation_split`"
            )
        else:
            plan = _begin(saver, record)
            record.evaluation_seconds += saver.took  # every evaluation ends with a save
        if newest_state(plan.folder) != (plan.start.number if isinstance(plan.start, ResumedState) else 1):
            raise CheckpointError(
                f"{plan.folder} was trained by another process in the meantime; start the same training again"
            )
        if isinstance(plan.start, ResumedState):
            published = _published(plan, plan.start)
            _repair_folder(plan, plan.start, record, keep_model=published is not None)
            saver.last = elapsed()
        yield Started(plan.folder, count_parameters(config.model.weight_shapes), trainer.layers.lstms[0].keras_path_because())
        try:
            evaluations = EvaluationSchedule(config.training.evaluations, extent.seconds != math.inf, scoring)
            loop = Loop(plan, source, trainer, evaluator, extent, record, saver, elapsed, should_stop, evaluations, published)
            yield from loop.events()
        except CheckpointError as error:
            raise SaveError(str(error), plan.folder) from None


def _starting_point(plan: TrainingPlan, trainer: Trainer, learned: Ids) -> tuple[RunStatistics, float]:
    """Bring the trainer to the start of the plan; return the statistics and the seconds of the run up to there.

    The biases of the softmax layer start at the logarithms of the characters' frequencies. The first steps then need not learn
    which characters are frequent, and rare characters take no probability from the others.
    """
    if isinstance(plan.start, ResumedState):
        state = plan.start.state
        trainer.restore(state.arrays, state.progress.steps)
        return statistics_of(state), state.progress.seconds
    bias = log_frequencies(learned, plan.config.model.vocabulary_size)
    if isinstance(plan.start, Base):
        trainer.assign(starting_weights(plan.start.config, plan.start.weights, plan.config, bias))
    else:
        trainer.assign({**trainer.weights(), "dense/bias": bias})
    return RunStatistics(), 0.0


def _begin(saver: Autosave, record: RunStatistics) -> TrainingPlan:
    """Make the checkpoint with a first state; return the plan with its folder, a free one if the user did not name it."""
    plan, root = saver.plan, saver.plan.folder.parent
    if plan.stem is None:
        saver.save(record, evaluated=True)
        return plan
    for name in available_names(root, plan.stem):
        saver.plan = replace(plan, folder=root / name)
        with suppress(TakenError):  # another training that started at the same time has this name
            saver.save(record, evaluated=True)
            break
    return saver.plan


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
