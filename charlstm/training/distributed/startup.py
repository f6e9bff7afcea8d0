"""Connecting the workers that train together."""

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
"""Seconds that TensorFlow may take to connect the workers after their rendezvous."""
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
    """End this process if the block takes longer than ``seconds``.

    If a worker is lost while they connect, TensorFlow waits forever and holds the interpreter lock. No thread or signal handler
    can run then, so another process ends this one.
    """
    sentence = f"charlstm: a worker was lost while they connected, {seconds:.0f} s ago; start all workers again"
    command = [sys.executable, "-c", _GUARD, str(os.getpid()), str(seconds), sentence]
    guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # keeps Ctrl-C from ending it
    try:
        yield
    finally:
        guard.communicate()
