"""What workers know alike: the chief's time and results, and the requests to stop of all."""

from queue import Queue
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from charlstm.checkpoint.history import HistoryEntry
from charlstm.planning.cluster import Cluster
from charlstm.training.distributed.agreement import Agreement
from charlstm.training.distributed.worker_group import WorkerGroup
from charlstm.training.run_statistics import RunStatistics, share_statistics

CLUSTER = ("a:1", "b:1")
ENTRY = HistoryEntry(step=3, epoch=0.5, seconds=1.5, learning_rate=1e-3, train_nats_per_char=2.0, nats_per_char=None, best=True)


class LinkedGroup(WorkerGroup):
    """One of two workers in this process; the chief's arrays wait in a queue for the other."""

    sent: Queue[NDArray[Any]] = Queue()

    def __init__(self, rank: int) -> None:
        super().__init__(SimpleNamespace(num_replicas_in_sync=2), Cluster(CLUSTER, rank))

    def broadcast(self, array: NDArray[Any]) -> NDArray[Any]:
        if self.cluster.is_chief:
            self.sent.put(array)
            return array
        received = self.sent.get_nowait()
        assert (received.shape, received.dtype) == (array.shape, array.dtype)
        return received


@pytest.fixture
def groups():
    yield LinkedGroup(0), LinkedGroup(1)
    assert LinkedGroup.sent.empty()


def test_a_single_process_has_its_own_time_without_delay():
    looks = iter([3.0, 4.0])
    agreement = Agreement(WorkerGroup(), lambda: next(looks), lambda: True)
    assert (agreement.elapsed(), agreement.elapsed(), agreement.should_stop()) == (3.0, 4.0, True)
    assert (agreement.message(), agreement.share("its own"), agreement.steps_behind) == ((), "its own", 0)


@pytest.mark.parametrize(("asked", "expected"), [((False, False), False), ((True, False), True), ((False, True), True)])
def test_all_workers_see_the_chiefs_time_and_any_request_to_stop(groups, asked, expected):
    clocks = [iter([5.0, 1_234_567.890625]), iter([77.0, 88.0])]
    workers = [
        Agreement(group, lambda clock=clock: next(clock), lambda one=one: one)
        for group, clock, one in zip(groups, clocks, asked, strict=True)
    ]
    assert [worker.elapsed() for worker in workers] == [5.0, 5.0]
    assert not any(worker.should_stop() for worker in workers)  # before the first exchange
    total = sum(worker.message()[0] for worker in workers)
    for worker in workers:
        worker.receive(total)
    assert [worker.elapsed() for worker in workers] == [1_234_567.890625] * 2
    assert [worker.should_stop() for worker in workers] == [expected] * 2


@pytest.mark.parametrize("value", [None, 1, "süß", [1.5, True], {"a": [None]}, "x" * 1_000, float("inf")])
def test_share_returns_the_chiefs_value(groups, value):
    chief, other = groups
    assert chief.share(value) == value
    assert other.share("of the other") == value


def test_share_keeps_the_type_of_records(groups):
    chief, other = groups
    chief.share(ENTRY, HistoryEntry | None)
    assert other.share(None, HistoryEntry | None) == ENTRY


def test_statistics_are_the_chiefs_except_for_what_it_alone_writes(groups):
    chief, other = groups
    weights = {"w": np.ones(2, np.float32)}
    record = RunStatistics([ENTRY], weights, loss_sum=2.0, loss_count=3, poor=1, halvings=2, began=0.5, evaluated=7)
    assert vars(share_statistics(record, chief)) == vars(record)
    found = share_statistics(RunStatistics(), other)
    assert found.best == {}
    found.best = weights
    assert vars(found) == vars(record)
