"""The coordination of workers: the chief announces every operation that needs all of them.

Only the chief has the clock, the learning-rate schedule, the history and the files. It runs the same loop as a single process.
The other workers wait for an order, carry it out, and wait for the next.
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
    """The next operation of all workers.

    A number goes with it: the learning rate of a step, the steps done before a restored snapshot, or the outcome of the run.
    """

    STEP, SNAPSHOT, RESTORE, END = range(4)


class End(IntEnum):
    """The outcome of a run: the chief failed, the run was completed, or a worker was asked to stop."""

    FAILED, DONE, STOPPED = range(3)


class ChiefTrainer(Trainer):
    """A trainer that makes the other workers repeat its operations.

    Attributes:
        end: The outcome that is sent to the other workers at the end.
    """

    def __init__(self, model: ModelConfig, training: TrainingConfig, group: WorkerGroup) -> None:
        """See :class:`charlstm.training.trainer.Trainer`."""
        super().__init__(model, training, group)
        self._workers = group
        self._in_operation = False
        self.end = End.FAILED

    def step(self, batch: Batch, learning_rate: float, *, ask_to_stop: bool = False) -> float:
        """See :meth:`charlstm.training.trainer.Trainer.step`."""
        with self._announced(Order.STEP, learning_rate):
            return super().step(batch, learning_rate, ask_to_stop=ask_to_stop)

    def assign(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """See :meth:`charlstm.training.trainer.Trainer.assign`."""
        super().assign(weights)
        self.restore(self.snapshot(), self.steps)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """See :meth:`charlstm.training.trainer.Trainer.snapshot`."""
        with self._announced(Order.SNAPSHOT):
            return super().snapshot()

    def restore(self, arrays: Mapping[str, NDArray[Any]], steps: int) -> None:
        """See :meth:`charlstm.training.trainer.Trainer.restore`."""
        super().restore(arrays, steps)
        with self._announced(Order.RESTORE, steps):
            for name in self.layout():
                self._workers.broadcast(arrays[name])

    @contextmanager
    def leading(self) -> Iterator[None]:
        """Send the outcome to the other workers when the block ends.

        If it ends in the middle of an operation, nothing is sent: the others are in that operation and cannot receive.
        """
        try:
            yield
        finally:
            if not self._in_operation:
                with suppress(GroupError):  # a lost worker cannot receive the outcome
                    _send(self._workers, Order.END, self.end)

    @contextmanager
    def _announced(self, order: Order, number: float = 0.0) -> Iterator[None]:
        self._in_operation = True
        _send(self._workers, order, number)
        yield
        self._in_operation = False


def follow_chief(trainer: Trainer, source: BatchSource, group: WorkerGroup, should_stop: Callable[[], bool]) -> End:
    """Carry out the chief's orders until the end of the run.

    Args:
        trainer: The trainer of this worker.
        source: The batches, of which this worker reads its own rows.
        group: All workers.
        should_stop: Returns True if this worker was asked to stop. The chief then stops all workers.

    Returns:
        The outcome of the run.

    Raises:
        GroupError: If another worker is lost.
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
