"""Connecting the workers that train together."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from charlstm.errors import GroupError
from charlstm.nn.quiet import create_devices, quiet
from charlstm.planning.cluster import Cluster
from charlstm.training.distributed.worker_group import WorkerGroup

CONNECTED_WITHIN = 30.0
"""Seconds that TensorFlow may take to connect the workers after their rendezvous."""


def join(cluster: Cluster | None, batch_size: int) -> WorkerGroup:
    """Return the group that trains: this process on its devices, or the connected workers of a cluster.

    Args:
        cluster: The workers; None for a single process.
        batch_size: Rows in a batch. A single process uses one GPU if its GPUs cannot share them evenly.

    Raises:
        GroupError: If TensorFlow cannot connect them.
    """
    if cluster is None:
        create_devices()
        gpus = len(tf.config.list_logical_devices("GPU"))
        mirrored = gpus > 1 and batch_size % gpus == 0
        return WorkerGroup(tf.distribute.MirroredStrategy() if mirrored else tf.distribute.get_strategy())
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": list(cluster.workers)}), task_type="worker", task_id=cluster.rank, rpc_layer="grpc"
    )
    with _time_limit(CONNECTED_WITHIN), quiet(), _signal_handler_restored():
        try:
            return WorkerGroup(tf.distribute.MultiWorkerMirroredStrategy(resolver), cluster)
        except tf.errors.OpError as error:
            what = error.message.splitlines()[0]
            raise GroupError(f"the workers cannot connect to each other ({what}); start all workers together") from None


@contextmanager
def _signal_handler_restored() -> Iterator[None]:
    """Restore the handler of SIGTERM, which TensorFlow replaces by its own for preemption."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """End this process by SIGALRM if the block takes longer than ``seconds``.

    If a worker is lost while they connect, TensorFlow waits for an hour and holds the interpreter lock. No thread and no signal
    handler can run then, but a signal without a handler still ends the process.
    """
    if not hasattr(signal, "setitimer"):  # Windows
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
