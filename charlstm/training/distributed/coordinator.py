"""The chief's orders: every act of training that needs all workers, announced so that they do it too.

The chief alone has the clock, the schedule, the history and the files. It runs the same loop as a process on its own; the
others wait for its next order, carry it out, and wait again.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlstm.config import ModelConfig, TrainingConfig
from charlstm.errors import GroupError
from charlstm.text.batches import Batch, BatchSource
from charlstm.training.distributed.worker_group import WorkerGroup
from charlstm.training.trainer import Trainer


class Order(IntEnum):
    """What all workers do next, each with a number: the learning rate, the steps done, how it ended."""

    STEP, SNAPSHOT, RESTORE, END = range(4)


class End(IntEnum):
    """How a training ended: not as the chief meant it to, as planned, or because someone asked one of the workers to stop."""

    FAILED, DONE, STOPPED = range(3)


class ChiefTrainer(Trainer):
    """A trainer that has the other workers do what it does.

    Attributes:
        end: What the others are told of the end.
    """

    def __init__(self, model: ModelConfig, training: TrainingConfig, group: WorkerGroup) -> None:
        """See :class:`charlstm.training.trainer.Trainer`."""
        super().__init__(model, training, group)
        self._leads = group
        self._acting = False
        self.end = End.FAILED

    def step(self, batch: Batch, learning_rate: float, *, ask_to_stop: bool = False) -> float:
        """See :meth:`charlstm.training.trainer.Trainer.step`."""
        with self._together(Order.STEP, learning_rate):
            return super().step(batch, learning_rate, ask_to_stop=ask_to_stop)

    def assign(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """See :meth:`charlstm.training.trainer.Trainer.assign`."""
        super().assign(weights)
        self.restore(self.snapshot(), self.steps)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """See :meth:`charlstm.training.trainer.Trainer.snapshot`."""
        with self._together(Order.SNAPSHOT):
            return super().snapshot()

    def restore(self, arrays: Mapping[str, NDArray[Any]], steps: int) -> None:
        """See :meth:`charlstm.training.trainer.Trainer.restore`."""
        super().restore(arrays, steps)
        with self._together(Order.RESTORE, steps):
            for name in self.layout():
                self._leads.broadcast(arrays[name])

    @contextmanager
    def leading(self) -> Iterator[None]:
        """Let the other workers go when the block ends. If it ends amid an act, they wait for that and cannot hear."""
        try:
            yield
        finally:
            if not self._acting:
                with suppress(GroupError):  # a worker that is gone needs no telling
                    _send(self._leads, Order.END, self.end)

    @contextmanager
    def _together(self, order: Order, number: float = 0.0) -> Iterator[None]:
        self._acting = True
        _send(self._leads, order, number)
        yield
        self._acting = False


def follow_chief(trainer: Trainer, source: BatchSource, group: WorkerGroup, should_stop: Callable[[], bool]) -> End:
    """Do what the chief orders, until it orders the end.

    Args:
        trainer: This worker's.
        source: The batches; only this worker's rows of them are read.
        group: All workers.
        should_stop: Whether this worker was asked to stop: then the chief is told, and stops all.

    Returns:
        How the training ended.

    Raises:
        GroupError: If another worker is gone.
    """
    while True:
        order, number = _receive(group)
        if order == Order.STEP:
            trainer.step(source.batch(trainer.steps, trainer.rows), number, ask_to_stop=should_stop())
        elif order == Order.SNAPSHOT:
            trainer.snapshot()
        elif order == Order.RESTORE:
            arrays = {name: group.broadcast(np.zeros(shape, kind)) for name, (shape, kind) in trainer.layout().items()}
            trainer.restore(arrays, int(number))
        else:
            return End(int(number))


def _send(group: WorkerGroup, order: Order, number: float = 0.0) -> None:
    group.broadcast(np.array([order, number], np.float64))


def _receive(group: WorkerGroup) -> tuple[Order, float]:
    order, number = group.broadcast(np.zeros(2, np.float64))
    return Order(int(order)), float(number)
