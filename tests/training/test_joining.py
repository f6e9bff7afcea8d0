"""Joining when someone is lost in just that moment, in a process of its own."""

import signal

from tests.together import free_addresses, run

PROGRAM = """
from charlstm.recipe.cluster import cluster_of
from charlstm.training import joining
joining.CONNECTED_WITHIN = 6.0
joining.join(cluster_of({addresses!r}, {rank}, {{}}), 4)
"""


def test_whoever_waits_for_a_worker_that_was_lost_while_connecting_is_ended(tmp_path):
    addresses = free_addresses(3)
    chief, other = run([["-c", PROGRAM.format(addresses=addresses, rank=rank)] for rank in (0, 1)], tmp_path)
    for ended in (chief, other):
        assert ended.code == -signal.SIGKILL
        assert ended.err == "charlstm: a worker was lost while they connected, 6 s ago; start all workers again\n"
