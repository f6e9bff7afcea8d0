"""Trainings as child processes; here small programs stand for them."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from charlstm.checkpoint.lock import training_lock
from charlstm.cli import child_trainings
from charlstm.cli.child_trainings import Training, run_trainings

WAITS = """
import signal, sys, time
def stop(number, _):
    print("saved"); sys.exit(128 + number)
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, stop)
open(sys.argv[1], "w").close()
time.sleep(60)
"""
"""A training that saves and stops when it is asked to."""


@pytest.fixture(autouse=True)
def programs(monkeypatch):
    """Run the first argument of a training as a program in Python."""
    monkeypatch.setattr(child_trainings, "command_of", lambda training: [sys.executable, "-c", *training.arguments])


def wait_for(*paths):
    while not all(path.exists() for path in paths):
        time.sleep(0.01)


def send(number, *paths):
    """Send a signal to this process when the children have made their files."""

    def wait_and_send():
        wait_for(*paths)
        os.kill(os.getpid(), number)

    threading.Thread(target=wait_and_send).start()


@pytest.mark.parametrize("jobs", [1, 2, 9])
def test_every_training_runs_and_its_output_is_kept(jobs):
    trainings = [Training(Path(f"t{number}"), (f"print({number}); raise SystemExit({number % 2})",)) for number in range(4)]
    outcome = run_trainings(trainings, jobs)
    assert outcome.ended == {f"t{number}": (number % 2, f"{number}\n") for number in range(4)}
    assert outcome.signal == 0


def test_one_job_keeps_the_order(tmp_path):
    log = tmp_path / "log"
    program = "import sys; file = open(sys.argv[1], 'a'); file.write(sys.argv[2]); file.close()"
    run_trainings([Training(Path(name), (program, str(log), name)) for name in "abc"], 1)
    assert log.read_text() == "abc"


def test_two_jobs_run_at_the_same_time(tmp_path):
    meet = "import sys, os, time\nopen(sys.argv[1], 'w').close()\nwhile not os.path.exists(sys.argv[2]): time.sleep(0.01)"
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    outcome = run_trainings([Training(Path("one"), (meet, one, two)), Training(Path("two"), (meet, two, one))], 2)
    assert [code for code, _ in outcome.ended.values()] == [0, 0]


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="needs two cores")
def test_jobs_divide_the_cores():
    before = os.sched_getaffinity(0)
    program = "import os, time; print(sorted(os.sched_getaffinity(0))); time.sleep(0.5)"
    outcome = run_trainings([Training(Path(name), (program,)) for name in "ab"], 2)
    shares = [set(map(int, output.strip("[]\n").split(", "))) for _, output in outcome.ended.values()]
    assert shares[0] | shares[1] == before
    assert not shares[0] & shares[1]
    assert os.sched_getaffinity(0) == before


def test_messages_of_several_jobs_have_their_names(capsys):
    program = "import sys; print('one line\\n\\nanother', file=sys.stderr)"
    run_trainings([Training(Path("t1"), (program,)), Training(Path("t2"), (program,))], 2)
    lines = capsys.readouterr().err.splitlines()
    assert sorted(lines) == ["t1: another", "t1: one line", "t2: another", "t2: one line"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_all_and_starts_no_other(tmp_path, number):
    files = [tmp_path / "a", tmp_path / "b"]
    send(number, *files)
    trainings = [*(Training(Path(path.name), (WAITS, str(path))) for path in files), Training(Path("never"), ("print(1)",))]
    outcome = run_trainings(trainings, 2)
    assert outcome.signal == number
    assert outcome.failed == []
    assert outcome.ended == dict.fromkeys("ab", (128 + number, "saved\n"))


def test_the_third_signal_kills(tmp_path, monkeypatch):
    monkeypatch.setattr(child_trainings, "_ECHO", 0.0)
    deaf = "\n".join(["import signal, sys, time", "signal.signal(signal.SIGTERM, signal.SIG_IGN)", WAITS.split("\n", 6)[-1]])

    def insist():
        wait_for(tmp_path / "a")
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.05)

    threading.Thread(target=insist).start()
    outcome = run_trainings([Training(Path("a"), (deaf, str(tmp_path / "a")))], 1)
    assert outcome.ended["a"][0] == 128 + signal.SIGKILL
    assert outcome.failed == []


def test_a_training_that_failed_before_the_signal_has_failed(tmp_path):
    send(signal.SIGINT, tmp_path / "b")
    failing = Training(Path("a"), ("raise SystemExit(1)",))
    outcome = run_trainings([failing, Training(Path("b"), (WAITS, str(tmp_path / "b")))], 1)
    assert (outcome.failed, outcome.taken) == (["a"], [])


def test_a_training_that_another_process_trains_has_not_failed(tmp_path):
    with training_lock(tmp_path / "a"):
        trainings = [Training(tmp_path / name, ("raise SystemExit(1)",)) for name in "ab"]
        outcome = run_trainings(trainings, 2)
    assert (outcome.failed, outcome.taken) == (["b"], ["a"])
