"""Tests of generation by several processes: order, failures, and the end of every process."""

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
from tests.cases import slow

BATCHES = [range(start, start + 3) for start in range(0, 30, 3)]
LARGE = b"x" * 1_000_000
"""Length above the capacity of a pipe, so that sending needs a reader."""


@dataclass
class Counting:
    """Job whose texts are the random seeds; later batches finish sooner."""

    padding: bytes = LARGE

    def write(self, random_seeds: range) -> list[int]:
        time.sleep(0.02 * (30 - random_seeds.start) / 30)
        return list(random_seeds)


@dataclass
class Failing:
    """Job that never finishes the first batch and fails on the second."""

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
    """Job that writes its process id to a folder and never finishes."""

    folder: str

    def write(self, random_seeds: range) -> list[int]:
        (Path(self.folder) / str(os.getpid())).touch()
        time.sleep(600)
        return list(random_seeds)


@pytest.fixture
def started(monkeypatch):
    """Record the processes that are started."""
    found, start = [], subprocess.Popen

    def watched(*arguments, **options):
        found.append(start(*arguments, **options))
        return found[-1]

    monkeypatch.setattr(bulk.subprocess, "Popen", watched)
    return found


@pytest.mark.parametrize("processes", [1, 3, slow(2), slow(20)])
def test_texts_come_in_order(started, processes):
    assert list(write_in_order(Counting(), BATCHES, processes)) == [list(batch) for batch in BATCHES]
    assert len(started) == min(processes, len(BATCHES))
    assert all(process.returncode is not None for process in started)


def test_no_process_is_started_for_no_texts(started):
    assert list(write_in_order(Counting(), [], 2)) == []
    assert started == []


@pytest.mark.parametrize(
    "program", ["exit 1", "kill -9 $$", "head -c 1000 > /dev/null", "echo not a reply", "cat > /dev/null", "exec >&-"]
)
def test_a_process_that_ends_at_start_is_reported(tmp_path, monkeypatch, started, program):
    script = tmp_path / "python"
    script.write_text(f"#!/bin/sh\n{program}\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    if program.startswith("cat"):  # reads everything until it is killed

        def ended(*_):
            for process in started:
                process.kill()

        monkeypatch.setattr(bulk.pickle, "load", lambda _, load=bulk.pickle.load: (ended(), load(started[0].stdout)))
    with pytest.raises(CharlstmError, match="was ended from outside"):
        list(write_in_order(Counting(), BATCHES, 2))
    assert all(process.returncode is not None for process in started)


@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM", "SIGSEGV", "exit"])
def test_a_process_that_ends_early_is_reported_at_once(started, how):
    with pytest.raises(CharlstmError, match="was ended from outside"):
        list(write_in_order(Failing(how), BATCHES, 2))
    assert all(process.returncode is not None for process in started)


def test_a_process_that_cannot_be_started_is_reported(tmp_path, monkeypatch, started):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "missing"))
    with pytest.raises(CharlstmError, match="no process can be started"):
        list(write_in_order(Counting(), BATCHES, 2))


def test_out_of_memory_in_a_process_raises_memory_error():
    with pytest.raises(MemoryError):
        list(write_in_order(Failing("memory"), BATCHES, 2))


def test_processes_do_not_receive_signals_to_the_group(started):
    texts = write_in_order(Counting(), BATCHES, 2)
    next(texts)
    assert [os.getpgid(process.pid) for process in started] == [process.pid for process in started]
    texts.close()
    assert all(process.returncode == -signal.SIGKILL for process in started)


def test_processes_do_not_import_from_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "pickle.py").write_text("raise SystemExit('a module of the current folder was imported')")
    monkeypatch.chdir(tmp_path)
    assert list(write_in_order(Counting(), BATCHES, 1)) == [list(batch) for batch in BATCHES]


def test_processes_end_with_the_process_that_started_them(tmp_path):
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
    _, said = starter.communicate()  # returns once every process with its stderr has ended
    assert said == b""
    for number in numbers:
        while Path(f"/proc/{number}").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
