"""The loss of a worker while the workers connect, in separate processes."""

import signal

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
    assert (chief.code, chief.err) == (-signal.SIGALRM, "")
    if other.code != -signal.SIGALRM:  # this worker detected the loss of the chief
        assert other.err.splitlines()[-1].startswith("charlstm.errors.GroupError: the workers cannot connect to each other (")
        assert other.err.startswith("Traceback")  # without TensorFlow's log messages
