"""The outcome that the chief sends to the other workers at the end."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from charlstm.config import ModelConfig, TrainingConfig
from charlstm.errors import GroupError
from charlstm.training.distributed import coordinator
from charlstm.training.distributed.coordinator import ChiefTrainer, End, Order
from charlstm.training.distributed.worker_group import WorkerGroup


@pytest.fixture
def ends(monkeypatch) -> list[object]:
    """Return a list that collects the outcomes sent to the other workers."""
    told = []
    monkeypatch.setattr(coordinator, "_send", lambda group, order, number=0.0: told.append((order, number)))
    return told


@pytest.fixture
def led():
    trainer = ChiefTrainer(ModelConfig(vocabulary_size=5, seq_len=4, units=(3,)), TrainingConfig(batch_size=2), WorkerGroup())

    def run() -> Iterator[int]:
        with trainer.leading():
            yield from range(3)
            trainer.end = End.DONE

    return run


def test_a_completed_run_sends_done(ends, led):
    with closing(led()) as events:
        assert list(events) == [0, 1, 2]
    assert ends == [(Order.END, End.DONE)]


def test_a_run_with_a_failing_caller_sends_failed(ends, led):
    with pytest.raises(OSError), closing(led()) as events:  # noqa: PT011, PT012
        next(events)
        raise OSError
    assert ends == [(Order.END, End.FAILED)]


def test_lost_workers_at_the_end_are_ignored(monkeypatch, led):
    def lost(*_: object) -> None:
        raise GroupError("worker 1 no longer answers")

    monkeypatch.setattr(coordinator, "_send", lost)
    assert list(led()) == [0, 1, 2]
