"""The processes that train together, and what they tell each other besides gradients."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from charlstm.errors import GroupError, TrainingError
from charlstm.planning.cluster import Cluster

ALONE = Cluster(("here:1",), 0)
RESTART = "what was saved is whole: start all workers again, with --resume or --or-resume to go on from there"


@dataclass(frozen=True)
class WorkerGroup:
    """The processes that train together; usually one.

    What they exchange is exact: bytes are added up as integers, to which all but one worker contribute zeros.

    Attributes:
        strategy: How TensorFlow spreads a step over devices.
        cluster: The processes.
    """

    strategy: tf.distribute.Strategy = field(default_factory=tf.distribute.get_strategy)
    cluster: Cluster = ALONE

    @property
    def size(self) -> int:
        """The number of processes."""
        return len(self.cluster.workers)

    @property
    def replicas(self) -> int:
        """The number of devices that share a batch, in all processes."""
        return int(self.strategy.num_replicas_in_sync)

    @property
    def replicas_here(self) -> int:
        """Those of this process."""
        return self.replicas // self.size

    def rows(self, batch_size: int) -> slice:
        """The rows of a batch that this process reads.

        Raises:
            TrainingError: If a batch cannot be shared out evenly.
        """
        if batch_size % self.replicas:
            raise TrainingError(
                f"a batch of {batch_size} cannot be shared evenly by {self.replicas} "
                f"{'workers' if self.replicas == self.size else 'devices'}; "
                f"make --batch-size a multiple of {self.replicas}"
            )
        each = batch_size // self.size
        return slice(self.cluster.rank * each, (self.cluster.rank + 1) * each)

    def sum(self, array: NDArray[np.int32]) -> NDArray[np.int32]:
        """The sum of every worker's array, of one shape in all."""
        if self.size == 1:
            return array
        flat = tf.constant(array.ravel())
        # As many devices as a worker has take part; one of them speaks for it.
        values = self.strategy.experimental_distribute_values_from_function(
            lambda context: flat if context.replica_id_in_sync_group % self.replicas_here == 0 else tf.zeros_like(flat)
        )
        with self.watched():
            total: NDArray[np.int32] = self._total(values).numpy()
        return total.reshape(array.shape)

    def broadcast(self, array: NDArray[Any]) -> NDArray[Any]:
        """The chief's array, of one shape and type in all workers."""
        padded = np.zeros(-(-array.nbytes // 4) * 4, np.uint8)
        if self.cluster.is_chief:
            padded[: array.nbytes] = np.frombuffer(array.tobytes(), np.uint8)
        received = self.sum(padded.view(np.int32)).tobytes()[: array.nbytes]
        return np.frombuffer(received, array.dtype).reshape(array.shape)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Say in one sentence that another worker is gone.

        Raises:
            GroupError: If TensorFlow can no longer reach one.
        """
        try:
            yield
        except tf.errors.OpError as error:
            if self.size == 1 or isinstance(error, tf.errors.ResourceExhaustedError):
                raise
            raise GroupError(f"{self._lost(str(error))}; {RESTART}") from None

    def _lost(self, message: str) -> str:
        ranks = {int(rank) for rank in re.findall(r"/task:(\d+)", message)} - {self.cluster.rank}
        if "CoordinationService" in message and not self.cluster.is_chief:  # which the chief runs
            ranks |= {0}
        named = [self.cluster.name(rank) for rank in sorted(ranks) if rank < self.size]
        return f"{named[0] if len(named) == 1 else 'another worker'} no longer answers"

    @cached_property
    def _total(self) -> Any:
        total = lambda values: self.strategy.reduce(tf.distribute.ReduceOp.SUM, values, axis=None)  # noqa: E731 (traced once)
        return tf.function(total, autograph=False, reduce_retracing=True)
