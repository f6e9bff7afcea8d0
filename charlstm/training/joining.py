"""Joining the processes that train together."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from charlstm.errors import GroupError
from charlstm.recipe.cluster import Cluster
from charlstm.training.group import Group
from charlstm.training.quiet import create_devices, quiet


def join(cluster: Cluster | None, batch_size: int) -> Group:
    """The group that trains: this process on its devices, or a cluster once all its workers are there.

    Args:
        cluster: The processes, if there are several.
        batch_size: Rows in a batch; with fewer than can be shared out evenly, one GPU trains.

    Raises:
        GroupError: If TensorFlow cannot connect them.
    """
    if cluster is None:
        create_devices()
        gpus = len(tf.config.list_logical_devices("GPU"))
        several = gpus > 1 and batch_size % gpus == 0
        return Group(tf.distribute.MirroredStrategy() if several else tf.distribute.get_strategy())
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": list(cluster.workers)}), task_type="worker", task_id=cluster.rank, rpc_layer="grpc"
    )
    try:
        with quiet(), _signals_kept():
            return Group(tf.distribute.MultiWorkerMirroredStrategy(resolver), cluster)
    except tf.errors.OpError as error:
        raise GroupError(f"the workers cannot reach each other ({error.message.splitlines()[0]}); start all together") from None


@contextmanager
def _signals_kept() -> Iterator[None]:
    """TensorFlow takes SIGTERM for itself, to tell its workers of preemption; here it is for whoever started the training."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)
