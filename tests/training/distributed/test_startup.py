"""The loss of a worker while the workers connect, in separate processes."""

import signal
import subprocess
import sys

import pytest

from tests.worker_processes import free_addresses, run

PROGRAM = """
from charlstm.planning.cluster import cluster_of
from charlstm.training.distributed import startup
startup.CONNECTED_WITHIN = {patience}
startup.join(cluster_of({addresses!r}, {rank}, {{}}), 4)
"""


@pytest.mark.slow
def test_a_worker_lost_while_connecting_ends_the_others(tmp_path):
    addresses = free_addresses(3)
    chief, other = run(
        [["-c", PROGRAM.format(addresses=addresses, rank=rank, patience=6.0 + 10 * rank)] for rank in (0, 1)], tmp_path
    )
    assert chief.code == -signal.SIGKILL
    assert chief.err == "charlstm: a worker was lost while they connected, 6 s ago; start all workers again\n"
    if other.code == -signal.SIGKILL:
        assert other.err == "charlstm: a worker was lost while they connected, 16 s ago; start all workers again\n"
    else:  # this worker detected the loss of the chief
        assert other.err.splitlines()[-1].startswith("charlstm.errors.GroupError: the workers cannot connect to each other (")
        assert other.err.startswith("Traceback")  # without TensorFlow's log messages


INTERRUPTED = """
import os, signal, time
from charlstm.training.distributed.startup import _time_limit
asked = []
signal.signal(signal.SIGINT, lambda *_: asked.append(True))
with _time_limit(5.0):
    time.sleep(0.5)
    os.killpg(0, signal.SIGINT)
    time.sleep(0.5)
print(len(asked))
"""


@pytest.mark.slow
def test_ctrl_c_while_connecting_does_not_reach_the_guard():
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=False, timeout=60, start_new_session=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")
