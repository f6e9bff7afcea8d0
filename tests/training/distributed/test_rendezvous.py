"""The rendezvous of workers, here as threads of one process."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Thread
from types import SimpleNamespace

import pytest

from charlstm.errors import CharlstmError, GroupError, TrainingError
from charlstm.planning.cluster import Cluster
from charlstm.training.distributed import rendezvous
from charlstm.training.distributed.rendezvous import meet
from tests.worker_processes import free_addresses


@pytest.fixture(autouse=True)
def in_haste(monkeypatch):
    monkeypatch.setattr(rendezvous, "_PAUSE", 0.05)
    monkeypatch.setattr(rendezvous, "_SOON", 0.3)


@pytest.fixture(autouse=True)
def no_traceback(caplog):
    """Check that asyncio reports nothing: it prints tracebacks of connections that it cancels."""
    yield
    assert [record.getMessage() for record in caplog.get_records("call") if record.name == "asyncio"] == []


@pytest.fixture
def addresses() -> tuple[str, ...]:
    return tuple(free_addresses(3).split(","))


@pytest.fixture
def knock_as(addresses):
    """Return a function that connects to the chief with a worker's message, once the chief listens."""

    def connect(message: bytes) -> socket.socket:
        for _ in range(6_000):
            with suppress(OSError):
                connection = socket.create_connection(("localhost", int(addresses[0].partition(":")[2])))
                connection.sendall(message)
                return connection
            time.sleep(0.01)
        raise TimeoutError("no chief listened")

    return connect


class Waiting:
    """A worker that meets the others in a thread, by a clock that the test sets."""

    def __init__(self, pool, clock, *arguments):
        self.asked, self.clock = 0, clock
        self.outcome = pool.submit(self.meet, *arguments)

    def meet(self, plan, cluster):
        try:
            return meet(plan, cluster, self.should_stop, patience=2.0)
        except GroupError as error:
            return str(error)

    def should_stop(self):
        self.asked += 1
        return False

    def let_it_read(self, turns=5):
        """Wait until its event loop has seen whatever has been sent to it."""
        until = self.asked + turns
        while self.asked < until and not self.outcome.done():
            time.sleep(0.01)


@pytest.fixture
def waiting(plan, addresses, monkeypatch):
    """Return a function that starts a worker, whose patience ends when the returned clock is set forward."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(rendezvous, "time", SimpleNamespace(monotonic=lambda: clock.now))
    with ThreadPoolExecutor(3) as pool:
        yield lambda rank: Waiting(pool, clock, plan(f"of-{rank}"), Cluster(addresses, rank))
        clock.now += 1_000  # whatever the test left


@pytest.fixture
def meeting(plan, addresses):
    """Return a function that lets workers meet, with settings by rank, and returns the outcome of each."""

    def hold(ranks=(0, 1, 2), patience=100.0, stop=lambda: False, **settings_of):
        def one(rank):
            try:
                own = plan(f"of-{rank}", **settings_of.get(f"rank_{rank}", {}))
                return meet(own, Cluster(addresses, rank), stop, patience)
            except (CharlstmError, KeyboardInterrupt) as error:
                return error

        with ThreadPoolExecutor(3) as pool:
            return list(pool.map(one, ranks))

    return hold


def test_all_workers_start_once_all_are_present(meeting):
    assert meeting() == [None, None, None]


def test_all_workers_learn_which_one_differs_and_how(meeting):
    outcomes = meeting(rank_2={"units": (13,), "dropout": 0.5})
    assert {type(outcome) for outcome in outcomes} == {TrainingError}
    (sentence,) = {str(outcome) for outcome in outcomes}
    assert sentence.startswith("worker 2 (localhost:")
    assert "`dropout` 0.5 instead of" in sentence
    assert "`units` 13 instead of 12" in sentence


def test_a_different_text_is_refused(meeting, plan, corpus, addresses):
    corpus.with_name("other.txt").write_text(corpus.read_text().replace("eel", "elm"))
    outcomes = meeting(rank_1={"text": corpus.with_name("other.txt")})
    assert "worker 1" in str(outcomes[0])
    assert "the text" in str(outcomes[0])


def test_a_different_number_of_workers_is_refused(plan, addresses):
    def outcome(cluster):
        with pytest.raises(TrainingError) as caught:
            meet(plan(f"of-{cluster.rank}"), cluster, lambda: False, 100.0)
        return str(caught.value)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(outcome, [Cluster(addresses[:2], 0), Cluster(addresses, 1)])
    assert first == second
    assert first.startswith(f"worker 1 ({addresses[1]}) differs from worker 0: the number of workers 3 instead of 2; start all")


def test_hosts_may_have_other_names_for_another_worker(plan, addresses):
    aliases = tuple(address.replace("localhost", "127.0.0.1") for address in addresses)
    clusters = [Cluster(addresses[:2], 0), Cluster(aliases[:2], 1)]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda each: meet(plan(f"of-{each.rank}"), each, lambda: False, 100.0), clusters)) == [None, None]


def test_a_worker_that_ends_before_all_are_present_is_missing(waiting, addresses, knock_as):
    chief = waiting(0)
    with knock_as(b"[1, {}]\n"):
        chief.let_it_read()
    chief.let_it_read()
    with knock_as(b"[2, {}]\n"):
        chief.let_it_read()
        chief.clock.now = 3.0
        said = chief.outcome.result()
    assert said.startswith(f"worker 1 ({addresses[1]}) connected and ended, and did not return within 2 s; start")


def test_a_worker_that_ended_may_be_started_again(meeting, knock_as):
    with ThreadPoolExecutor(2) as pool:
        chief = pool.submit(meeting, ranks=(0,))
        knock_as(b"[1, {}]\n").close()
        time.sleep(0.2)
        assert pool.submit(meeting, ranks=(1, 2)).result() == [None, None]
        assert chief.result() == [None]


@pytest.mark.parametrize("rank", [0, 1])
def test_an_unforeseen_error_is_not_taken_for_agreement(meeting, monkeypatch, rank):
    def fail(*_, **__):
        raise LookupError("unforeseen")

    monkeypatch.setattr(rendezvous.asyncio, "start_server" if rank == 0 else "open_connection", fail)
    with pytest.raises(LookupError, match="unforeseen"):
        meeting(ranks=(rank,), patience=5.0)


def test_an_impossible_host_name_is_reported(plan):
    with pytest.raises(GroupError, match=r"was not reached within 1 s \(.*label"):
        meet(plan("of-1"), Cluster(("a..b:1", "c:1"), 1), lambda: False, 1.0)


def test_budget_and_saving_may_differ(meeting):
    fitted = {"dropout": 0.1, "drop_connect": 0.0, "input_rate_multiplier": 1.0}  # to the epochs, if they are not given
    assert meeting(rank_0=fitted, rank_1={**fitted, "epochs": 9.0, "save_every": 3.0}, rank_2=fitted) == [None, None, None]


def test_different_versions_are_refused(meeting, monkeypatch):
    answers = iter([{"tensorflow": "2.20"}, {"tensorflow": "2.21"}, {"tensorflow": "2.21"}])
    monkeypatch.setattr(rendezvous, "environment_record", lambda: next(answers))
    assert all("tensorflow 2.2" in str(outcome) for outcome in meeting())


def test_the_chief_names_missing_workers(waiting, addresses):
    chief, other = waiting(0), waiting(1)
    for each in (chief, other, chief):
        each.let_it_read(turns=20)
    chief.clock.now = 3.0
    assert chief.outcome.result() == f"worker 2 ({addresses[2]}) did not connect within 2 s; start all workers together"
    assert other.outcome.result().startswith(f"worker 0 ({addresses[0]}) was not reached within 2 s (")


def test_workers_report_a_missing_chief(meeting, addresses):
    (outcome,) = meeting(ranks=(1,), patience=1.0)
    assert isinstance(outcome, GroupError)
    assert str(outcome).startswith(f"worker 0 ({addresses[0]}) was not reached within 1 s (")


def test_a_port_in_use_is_reported(meeting, addresses):
    with socket.create_server(("", int(addresses[0].partition(":")[2]))):
        (outcome,) = meeting(ranks=(0,))
    assert "cannot listen there (Address already in use)" in str(outcome)


def test_a_waiting_worker_can_be_stopped(meeting):
    assert isinstance(meeting(ranks=(0,), stop=lambda: True)[0], KeyboardInterrupt)


@pytest.mark.parametrize(
    "noise", [b"GET / HTTP/1.1\r\n\r\n", b"[0, {}]\n", b"[9, {}]\n", b"[1]\n", b"{}\n", b"\xff\n", b"", b"[" * 50_000 + b"\n"]
)
def test_connections_of_other_programs_are_ignored(meeting, addresses, noise):
    def knock(_):
        for _ in range(50):
            try:
                with socket.create_connection(("localhost", int(addresses[0].partition(":")[2])), timeout=1) as connection:
                    connection.sendall(noise)
                    return
            except OSError:
                continue

    with ThreadPoolExecutor(1) as pool:
        pool.submit(knock, None)
        assert meeting() == [None, None, None]


@pytest.mark.parametrize("drop", [b"", b"x"])
def test_slow_connections_of_other_programs_are_dropped(meeting, addresses, drop):
    met = Event()

    def linger():
        while not met.is_set():
            with suppress(OSError), socket.create_connection(("localhost", int(addresses[0].partition(":")[2]))) as connection:
                while not met.wait(0.1):
                    connection.sendall(drop)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(linger)
        assert meeting() == [None, None, None]
        met.set()


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\n", b"\xff\xfe\n"])
def test_another_program_at_the_chiefs_address_is_reported(meeting, addresses, answer):
    def serve(listener):
        with suppress(OSError):
            while True:
                with listener.accept()[0] as connection:
                    connection.recv(100_000)
                    connection.sendall(answer)

    with socket.create_server(("", int(addresses[0].partition(":")[2]))) as listener:
        listener.settimeout(3)
        Thread(target=serve, args=(listener,), daemon=True).start()
        (outcome,) = meeting(ranks=(1,), patience=1.0)
    assert isinstance(outcome, GroupError)
    assert str(outcome).startswith(f"worker 0 ({addresses[0]}) was not reached within 1 s (")
