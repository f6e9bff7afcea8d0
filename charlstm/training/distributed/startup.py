"""Joining the processes that train together."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from charlstm.errors import GroupError
from charlstm.nn.quiet import create_devices, quiet
from charlstm.planning.cluster import Cluster
from charlstm.training.distributed.worker_group import WorkerGroup

CONNECTED_WITHIN = 30.0
"""Seconds in which TensorFlow has to connect the workers, which have just met."""
_GUARD = """
import os, signal, sys, threading
def end():
    print(sys.argv[3], file=sys.stderr, flush=True)
    os.kill(int(sys.argv[1]), getattr(signal, "SIGKILL", signal.SIGTERM))
    os._exit(0)
threading.Timer(float(sys.argv[2]), end).start()
sys.stdin.read()
os._exit(0)
"""


def join(cluster: Cluster | None, batch_size: int) -> WorkerGroup:
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
        return WorkerGroup(tf.distribute.MirroredStrategy() if several else tf.distribute.get_strategy())
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": list(cluster.workers)}), task_type="worker", task_id=cluster.rank, rpc_layer="grpc"
    )
    with _ended_by_a_guard(CONNECTED_WITHIN), quiet(), _signals_kept():
        try:
            return WorkerGroup(tf.distribute.MultiWorkerMirroredStrategy(resolver), cluster)
        except tf.errors.OpError as error:
            what = error.message.splitlines()[0]
            raise GroupError(f"the workers cannot reach each other ({what}); start all together") from None


@contextmanager
def _signals_kept() -> Iterator[None]:
    """TensorFlow takes SIGTERM for itself, to tell its workers of preemption; here it is for whoever started the training."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)


@contextmanager
def _ended_by_a_guard(seconds: float) -> Iterator[None]:
    """End this process if the block takes longer.

    If a worker is lost just here, TensorFlow waits for it without end, and holds the interpreter: no thread and no handler of a
    signal can do anything about it, only another process.
    """
    sentence = f"charlstm: a worker was lost while they connected, {seconds:.0f} s ago; start all workers again"
    command = [sys.executable, "-c", _GUARD, str(os.getpid()), str(seconds), sentence]
    guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # Ctrl-C is not for it
    try:
        yield
    finally:
        guard.communicate()
