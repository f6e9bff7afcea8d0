"""Processes that write: their order, and that nothing waits for one that has ended, nor outlives the one that started them."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from charlstm.errors import CharlstmError
from charlstm.inference import bulk
from charlstm.inference.bulk import write_in_order

BATCHES = [range(start, start + 3) for start in range(0, 30, 3)]
LARGE = b"x" * 1_000_000
"""More than a pipe takes: to send it, somebody must read."""


@dataclass
class Counting:
    """A job whose texts are the random seeds; the later ones are done sooner."""

    padding: bytes = LARGE

    def write(self, random_seeds: range) -> list[int]:
        time.sleep(0.02 * (30 - random_seeds.start) / 30)
        return list(random_seeds)


@dataclass
class Failing:
    """A job that never gets done with the first batch, and does something with the second."""

    how: str
    padding: bytes = LARGE

    def write(self, random_seeds: range) -> list[int]:
        if random_seeds.start == 0:
            time.sleep(600)
        if self.how == "memory":
            raise MemoryError
        if self.how == "exit":
            os._exit(0)
        os.kill(os.getpid(), getattr(signal, self.how))
        time.sleep(600)
        return []


@dataclass
class Telling:
    """A job that leaves its process's number in a folder and never gets done."""

    folder: str

    def write(self, random_seeds: range) -> list[int]:
        (Path(self.folder) / str(os.getpid())).touch()
        time.sleep(600)
        return list(random_seeds)


@pytest.fixture
def started(monkeypatch):
    """The processes that were started."""
    found, start = [], subprocess.Popen

    def watched(*arguments, **options):
        found.append(start(*arguments, **options))
        return found[-1]

    monkeypatch.setattr(bulk.subprocess, "Popen", watched)
    return found


@pytest.mark.parametrize("processes", [1, 2, 3, 20])
def test_texts_come_in_order(started, processes):
    assert list(write_in_order(Counting(), BATCHES, processes)) == [list(batch) for batch in BATCHES]
    assert len(started) == min(processes, len(BATCHES))
    assert all(process.returncode is not None for process in started)


def test_nothing_to_write_starts_nothing(started):
    assert list(write_in_order(Counting(), [], 2)) == []
    assert started == []


@pytest.mark.parametrize(
    "program", ["exit 1", "kill -9 $$", "head -c 1000 > /dev/null", "echo what is no answer", "cat > /dev/null", "exec >&-"]
)
def test_a_process_that_ends_as_it_starts_is_stated(tmp_path, monkeypatch, started, program):
    script = tmp_path / "python"
    script.write_text(f"#!/bin/sh\n{program}\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    if program.startswith("cat"):  # it takes everything, until somebody ends it

        def ended(*_):
            for process in started:
                process.kill()

        monkeypatch.setattr(bulk.pickle, "load", lambda _, load=bulk.pickle.load: (ended(), load(started[0].stdout)))
    with pytest.raises(CharlstmError, match="was ended from outside"):
        list(write_in_order(Counting(), BATCHES, 2))
    assert all(process.returncode is not None for process in started)


@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM", "SIGSEGV", "exit"])
def test_a_process_that_ends_while_another_is_busy_is_stated_at_once(started, how):
    with pytest.raises(CharlstmError, match="was ended from outside"):
        list(write_in_order(Failing(how), BATCHES, 2))
    assert all(process.returncode is not None for process in started)


def test_a_process_that_cannot_be_started_is_stated(tmp_path, monkeypatch, started):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "missing"))
    with pytest.raises(CharlstmError, match="no process can be started"):
        list(write_in_order(Counting(), BATCHES, 2))


def test_lack_of_memory_in_a_process_is_lack_of_memory():
    with pytest.raises(MemoryError):
        list(write_in_order(Failing("memory"), BATCHES, 2))


def test_signals_to_the_group_are_not_for_them(started):
    texts = write_in_order(Counting(), BATCHES, 2)
    next(texts)
    assert [os.getpgid(process.pid) for process in started] == [process.pid for process in started]
    texts.close()
    assert all(process.returncode == -signal.SIGKILL for process in started)


def test_they_import_what_this_process_imports(tmp_path, monkeypatch):
    (tmp_path / "pickle.py").write_text("raise SystemExit('what lies in the folder is not for charlstm')")
    monkeypatch.chdir(tmp_path)
    assert list(write_in_order(Counting(), BATCHES, 1)) == [list(batch) for batch in BATCHES]


def test_they_end_with_the_process_that_started_them(tmp_path):
    program = (
        "from charlstm.inference.bulk import write_in_order\n"
        "from tests.inference.test_bulk import BATCHES, Telling\n"
        f"list(write_in_order(Telling({str(tmp_path)!r}), BATCHES, 2))\n"
    )
    path = os.pathsep.join(sys.path)
    starter = subprocess.Popen(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.PIPE, cwd=tmp_path.parent
    )
    deadline = time.monotonic() + 120
    while len(numbers := [int(path.name) for path in tmp_path.iterdir()]) < 2:
        assert starter.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    starter.kill()
    _, said = starter.communicate()  # which ends when all who have its stderr have ended
    assert said == b""
    for number in numbers:
        while Path(f"/proc/{number}").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
