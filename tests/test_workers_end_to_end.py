"""Trainings with several workers, run as commands: completed, killed, stopped and resumed."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from charlstm.text.preparation import prepare_corpus
from tests.test_nothing_lost import EVERYTHING, STORY, at_work, everything
from tests.worker_processes import free_addresses, run, start

SETTINGS = [*EVERYTHING, "--epochs", "6", "--num-evaluations", "6", "--precision", "float32"]
TOLD_WITHIN = 20.0
"""Seconds in which the others stop after one is lost: docs/guides/several-machines.md."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """Train with two workers without interruption; return the folder with their output."""
    folder, elsewhere = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("elsewhere")
    (folder / "story.txt").write_text(STORY)
    addresses = free_addresses(2)
    common = ["-m", "charlstm", "train", str(folder / "story.txt"), "--name", "novel", *SETTINGS, "--json"]
    with ExitStack() as stack:
        processes = []
        for rank, place in enumerate((folder, elsewhere)):
            processes.append(start([*common, "--cluster", addresses, "--rank", str(rank)], place))
            stack.callback(processes[-1].kill)
        (folder / "said.json").write_text(json.dumps([process.communicate(timeout=200) for process in processes]))
    assert [process.returncode for process in processes] == [0, 0], (folder / "said.json").read_text()
    assert list(elsewhere.iterdir()) == []
    return folder


@pytest.mark.slow
def test_only_the_chief_writes_and_prints(whole):
    (printed, said), others = json.loads((whole / "said.json").read_text())
    assert others == ["", ""]
    assert json.loads(printed)["checkpoint"] == "novel"
    assert re.search(r"^2 workers train together; this one, worker 0 \(localhost:\d+\), is the chief\.$", said, re.MULTILINE)
    assert sum("held out" in line and "bits/char" in line for line in said.splitlines()) == 6


@pytest.mark.slow
def test_two_workers_reach_the_score_of_one(whole, tmp_path):
    (tmp_path / "story.txt").write_text(STORY)
    (alone,) = run([["-m", "charlstm", "train", "story.txt", *SETTINGS, "--json"]], tmp_path)
    together = json.loads(json.loads((whole / "said.json").read_text())[0][0])
    one = json.loads(alone.out)
    assert one["steps"] == together["steps"]
    assert together["nats_per_char"] == pytest.approx(one["nats_per_char"], rel=1e-4)


@pytest.mark.slow
def test_fine_tuning_together_prints_no_tensorflow_noise(whole, tmp_path):
    shutil.copytree(whole / "checkpoints", tmp_path / "checkpoints")
    (tmp_path / "story.txt").write_text(STORY)
    tuning = ["-m", "charlstm", "train", "story.txt", "--from", "novel", "--epochs", "0.1", "--batch-size", "4"]
    chief, other = run(
        [
            [*tuning, "--cluster", (addresses := free_addresses(2)), "--rank", "0"],
            [*tuning, "--cluster", addresses, "--rank", "1"],
        ],
        tmp_path,
    )
    assert (chief.code, other.code, other.err) == (0, 0, "")
    assert "WARNING" not in chief.err


def own_network() -> bool:
    """Return whether this user may create a network namespace."""
    return shutil.which("unshare") is not None and subprocess.run(["unshare", "-rn", "true"], check=False).returncode == 0


Workers = Callable[..., list["subprocess.Popen[str]"]]


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    """Start or resume the training of ``whole`` with two workers that save at every step."""
    (tmp_path / "story.txt").write_text(STORY)
    with ExitStack() as stack:

        def begin(*options: str) -> list["subprocess.Popen[str]"]:
            addresses = free_addresses(2)
            common = [
                "-m",
                "charlstm",
                "train",
                "story.txt",
                "--name",
                "novel",
                *SETTINGS,
                "--save-every",
                "0",
                "--resume-if-exists",
            ]
            processes = [start([*common, *options, "--cluster", addresses, "--rank", str(rank)], tmp_path) for rank in range(2)]
            for process in processes:
                stack.enter_context(process)
                stack.callback(process.kill)
            return processes

        yield begin


def assert_goes_on_to_the_same_bits(workers: Workers, folder: Path, whole: Path) -> None:
    for process in workers():
        _, said = process.communicate(timeout=200)
        assert process.returncode == 0, said
    assert result(folder) == result(whole)


def result(folder: Path) -> dict[str, Any]:
    """Return everything that a training writes except paths, save interval and environment."""
    left = everything(folder / "checkpoints" / "novel")
    del left["training"]
    del left["progress"][0]["paths"], left["progress"][0]["surroundings"]
    return left


@pytest.mark.slow
def test_stopping_one_worker_saves_and_stops_all(workers, whole, tmp_path):
    chief, other = workers()
    at_work(chief)
    other.send_signal(signal.SIGTERM)
    _, said = chief.communicate(timeout=60)
    assert "Stopped and saved. Resume with: charlstm train --resume novel" in said
    assert chief.returncode == 128 + signal.SIGTERM
    assert other.wait(60) == 128 + signal.SIGTERM  # a code of 0 would tell a job scheduler that it is done
    assert_goes_on_to_the_same_bits(workers, tmp_path, whole)


@pytest.mark.slow
def test_workers_with_different_settings_are_refused(tmp_path):
    (tmp_path / "story.txt").write_text(STORY)
    addresses = free_addresses(2)
    common = ["-m", "charlstm", "train", "story.txt", "--preset", "quick", "--cluster", addresses, "--rank"]
    first, second = run([[*common, "0"], [*common, "1", "--units", "7"]], tmp_path)
    assert (first.code, second.code) == (1, 1)
    *_, sentence = first.err.splitlines()
    assert re.fullmatch(
        r"charlstm: worker 1 \(localhost:\d+\) differs from worker 0: --units 7 instead of 384; .*"
        r"; start all with the same settings, text and versions", sentence
    )  # fmt: skip
    assert second.err.splitlines() == [sentence]
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_lost_worker_stops_the_other_and_both_resume(workers, whole, tmp_path, victim, number):
    processes = workers()
    at_work(processes[0])
    processes[victim].send_signal(number)
    began = time.monotonic()
    survivor = processes[1 - victim]
    _, said = survivor.communicate(timeout=120)
    assert time.monotonic() - began < TOLD_WITHIN
    assert survivor.returncode == 75
    *_, sentence = said.splitlines()
    assert re.fullmatch(
        rf"charlstm: worker {victim} \(localhost:\d+\) no longer answers; "
        r"start all workers again with --resume or --resume-if-exists to continue from the last save", sentence
    )  # fmt: skip
    processes[victim].kill()
    processes[victim].communicate()
    assert_goes_on_to_the_same_bits(workers, tmp_path, whole)


@pytest.mark.slow
@pytest.mark.skipif(not own_network(), reason="network namespaces are not available")
def test_network_cut_stops_all_and_they_resume(workers, whole, tmp_path):
    training = ["train", "story.txt", "--name", "novel", *SETTINGS, "--save-every", "0"]
    done = subprocess.run(
        ["unshare", "-rn", sys.executable, "-m", "tests.cut_network", str(tmp_path), *training],
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    codes, seconds, said = json.loads(done.stdout)
    assert codes == [75, 75]
    assert seconds < TOLD_WITHIN
    assert all(re.match(r"charlstm: (worker \d \(localhost:\d+\)|another worker) no longer answers; ", each) for each in said)
    assert_goes_on_to_the_same_bits(workers, tmp_path, whole)


def children(process: "subprocess.Popen[str]") -> list[int]:
    return [int(number) for number in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


@pytest.mark.slow
def test_launch_restarts_the_group_until_done(whole, tmp_path):
    (tmp_path / "story.txt").write_text(STORY)
    training = ["--", "train", "story.txt", "--name", "novel", *SETTINGS, "--save-every", "0"]
    process = start(["-m", "charlstm", "launch", "--workers", "2", *training], tmp_path)
    for attempt, victim in enumerate((1, 0), start=1):
        at_work(process)
        os.kill(children(process)[victim], signal.SIGKILL)
        # The chief's remaining output comes first.
        while "starting all 2 again" not in (line := process.stderr.readline()):
            assert line, "it ended"
        assert line == f"charlstm: worker {victim} was ended by SIGKILL; starting all 2 again ({attempt} of 3 times)\n"
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert result(tmp_path) == result(whole)


@pytest.mark.slow
def test_launched_workers_share_a_prepared_corpus(whole, tmp_path):
    prepare_corpus(whole / "story.txt", tmp_path / "prepared")
    training = ["--", "train", "prepared", "--name", "novel", *SETTINGS]
    process = start(["-m", "charlstm", "launch", "--workers", "2", *training], tmp_path)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    of_file, of_folder = (load_file(folder / "checkpoints" / "novel" / "model.safetensors") for folder in (whole, tmp_path))
    assert of_file.keys() == of_folder.keys()
    assert all(np.array_equal(of_file[name], of_folder[name]) for name in of_file)


@pytest.mark.slow
@pytest.mark.parametrize("when", ["starting", "at work"])
def test_stopped_launch_leaves_no_workers(whole, tmp_path, when):
    (tmp_path / "story.txt").write_text(STORY)
    training = ["--", "train", "story.txt", "--name", "novel", *SETTINGS, "--save-every", "0"]
    process = start(["-m", "charlstm", "launch", "--workers", "2", *training], tmp_path)
    if when == "at work":
        at_work(process)
    else:
        while len(children(process)) < 2:
            time.sleep(0.05)
    workers = children(process)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "starting all" not in said
    assert ("Stopped and saved. Resume with: charlstm train --resume novel" in said) == (when == "at work")
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)


@pytest.mark.slow
def test_launch_gives_up_after_all_restarts(tmp_path):
    (tmp_path / "story.txt").write_text(STORY)
    training = ["--", "train", "story.txt", "--name", "novel", *SETTINGS, "--epochs", "1000", "--num-evaluations", "1000"]
    process = start(["-m", "charlstm", "launch", "--restarts", "1", *training], tmp_path)
    for _ in range(2):
        at_work(process)
        os.kill(children(process)[1], signal.SIGKILL)
    _, said = process.communicate(timeout=100)
    assert process.returncode == 75
    assert said.splitlines()[-1].startswith(
        "charlstm: worker 1 was ended by SIGKILL, and the workers have been started 2 times"
    )
