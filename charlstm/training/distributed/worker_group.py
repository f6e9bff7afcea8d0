"""The group of workers that train together, and their exchange of arrays other than gradients."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

import msgspec
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.eager.context import context

from charlstm.errors import GroupError, TrainingError
from charlstm.nn.quiet import quiet
from charlstm.planning.cluster import Cluster, check_shares

ALONE = Cluster(("here:1",), 0)
T = TypeVar("T")
_FAILED = " has ended: "
_PACKET = 1 << 10
"""Bytes that the first exchange of a shared value has room for."""
RESTART = "start all workers again with `resume` or `resume_if_exists` to continue from the last save"


@dataclass(frozen=True)
class WorkerGroup:
    """The processes that train together, by default a single one.

    The exchange is exact: bytes are summed as integers, to which all but one worker contribute zeros.

    Attributes:
        strategy: The TensorFlow strategy that distributes a step over devices.
        cluster: The processes.
    """

    strategy: tf.distribute.Strategy = field(default_factory=tf.distribute.get_strategy)
    cluster: Cluster = ALONE

    @property
    def size(self) -> int:
        """Number of processes, the world size."""
        return len(self.cluster.workers)

    @property
    def replicas(self) -> int:
        """Number of devices that share a batch, in all processes."""
        return int(self.strategy.num_replicas_in_sync)

    @property
    def replicas_here(self) -> int:
        """Number of these devices in this process."""
        return self.replicas // self.size

    def rows(self, batch_size: int) -> slice:
        """Return the rows of a batch that this process reads.

        Raises:
            TrainingError: If a batch cannot be shared evenly.
        """
        check_shares(batch_size, self.replicas, "workers" if self.replicas == self.size else "devices")
        each = batch_size // self.size
        return slice(self.cluster.rank * each, (self.cluster.rank + 1) * each)

    def sum(self, array: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the sum of all workers' arrays, which have the same shape."""
        if self.size == 1:
            return array
        flat = tf.constant(array.ravel())
        # All devices of a worker take part; the first contributes its array and the others zeros.
        values = self.strategy.experimental_distribute_values_from_function(
            lambda context: flat if context.replica_id_in_sync_group % self.replicas_here == 0 else tf.zeros_like(flat)
        )
        with self.watched():
            total: NDArray[np.int32] = self._total(values).numpy()
        return total.reshape(array.shape)

    def broadcast(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return the chief's array, whose shape and type every worker knows."""
        padded = np.zeros(-(-array.nbytes // 4) * 4, np.uint8)
        if self.cluster.is_chief:
            padded[: array.nbytes] = np.frombuffer(array.tobytes(), np.uint8)
        received = self.sum(padded.view(np.int32)).tobytes()[: array.nbytes]
        return np.frombuffer(received, array.dtype).reshape(array.shape)

    def share(self, value: T, kind: Any = Any) -> T:
        """Return the chief's value in every worker.

        Args:
            value: Numbers and text in lists and dictionaries, or records; only the chief's is used.
            kind: Type of the value, if it has records or tuples.
        """
        if self.size == 1:
            return value
        packed = msgspec.msgpack.encode(value) if self.cluster.is_chief else b""
        first = len(packed).to_bytes(8, "big") + packed[:_PACKET]
        received = self.broadcast(np.frombuffer(first.ljust(8 + _PACKET, b"\0"), np.uint8)).tobytes()
        length, received = int.from_bytes(received[:8], "big"), received[8:]
        if length > _PACKET:  # a second exchange for what does not fit into the first
            received += self.broadcast(np.frombuffer(packed[_PACKET:].ljust(length - _PACKET, b"\0"), np.uint8)).tobytes()
        return value if self.cluster.is_chief else cast(T, msgspec.msgpack.decode(received[:length], type=kind))

    @contextmanager
    def failures_reported(self) -> Iterator[None]:
        """End the other workers too if the block fails in this one, by TensorFlow's coordination service."""
        try:
            yield
        except GroupError:
            raise
        except BaseException as error:
            if self.size > 1:
                reason = f"{self.cluster.name(self.cluster.rank)}{_FAILED}{str(error) or type(error).__name__}"
                with suppress(tf.errors.OpError), quiet():
                    context().report_error_to_cluster(tf.errors.ABORTED, reason)
            raise

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Convert TensorFlow's errors about another worker into one that names the worker.

        Raises:
            GroupError: If TensorFlow can no longer reach a worker.
            TrainingError: If another worker has reported that it failed.
        """
        try:
            yield
        except tf.errors.OpError as error:
            if self.size == 1 or isinstance(error, tf.errors.ResourceExhaustedError):
                raise
            if failed := re.search(rf"worker \d+ \(\S+\){_FAILED}.*", str(error)):
                raise TrainingError(failed[0]) from None
            raise GroupError(f"{self._lost(str(error))}; {RESTART}") from None

    def _lost(self, message: str) -> str:
        ranks = {int(rank) for rank in re.findall(r"/task:(\d+)", message)} - {self.cluster.rank}
        if "CoordinationService" in message and not self.cluster.is_chief:  # the chief runs that service
            ranks |= {0}
        named = [self.cluster.name(rank) for rank in sorted(ranks) if rank < self.size]
        return f"{named[0] if len(named) == 1 else 'another worker'} no longer answers"

    @cached_property
    def _total(self) -> Any:
        total = lambda values: self.strategy.reduce(tf.distribute.ReduceOp.SUM, values, axis=None)  # noqa: E731 (traced once)
        return tf.function(total, autograph=False, reduce_retracing=True)
