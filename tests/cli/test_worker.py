"""Options for several workers, and how ``launch`` reacts to their exit codes."""

import json
import os
import signal
from itertools import count
from types import SimpleNamespace

import pytest

from charlstm.cli import launch

TEXT = "the quick brown fox jumps over the lazy dog\n" * 20


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ("train story.txt --resume-if-exists", "--resume-if-exists resumes the training of --name"),
        ("train story.txt --resume-if-exists --resume x", "--resume-if-exists resumes the training of --name"),
        ("train - --cluster a:1,b:1 --rank 0", "cannot read one standard input"),
        ("train --cluster a:1,b:1 --rank 1", "give a text to train on"),
    ],
)
def test_incompatible_options_are_a_usage_error(charlstm, tmp_path, arguments, what):
    (tmp_path / "story.txt").write_text(TEXT)
    result = charlstm(*arguments.split())
    assert result.exit_code == 2
    assert what in result.stderr
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.parametrize("rank", ["0", "1"])
def test_a_batch_that_workers_cannot_share_is_refused_before_they_meet(charlstm, tmp_path, rank):
    (tmp_path / "story.txt").write_text(TEXT)
    options = ["--units", "4", "--seq-len", "8", "--batch-size", "7", "--cluster", "a:1,b:1", "--rank", rank]
    result = charlstm("train", "story.txt", *options)
    assert result.exit_code == 1
    sentence = "charlstm: a batch of 7 cannot be shared evenly by 2 workers; make --batch-size a multiple of 2"
    assert result.stderr.splitlines()[-1] == sentence
    assert "Starting TensorFlow" not in result.stderr
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.parametrize(
    ("options", "environment", "what"),
    [
        ("--rank 1", {}, "--cluster lists the workers and --rank is the index of this one; give both"),
        ("--cluster a:1,b --rank 1", {}, "expected the address of a worker as host:port; found 'b'"),
        ("", {"TF_CONFIG": "nonsense"}, "TF_CONFIG is not of the form"),
        ("", {"SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "0"}, "Slurm's variables do not describe a cluster"),
    ],
)
def test_invalid_cluster_is_refused(refusal, monkeypatch, tmp_path, options, environment, what):
    (tmp_path / "story.txt").write_text(TEXT)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert what in refusal("train", "story.txt", *options.split())


def test_cluster_of_one_trains_alone(charlstm, monkeypatch, tmp_path):
    (tmp_path / "story.txt").write_text(TEXT)
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}))
    small = ["--units", "4", "--seq-len", "8", "--batch-size", "2", "--epochs", "0.1"]
    result = charlstm("train", "story.txt", *small)
    assert result.exit_code == 0
    assert "workers" not in result.stderr


@pytest.mark.slow
def test_or_resume_starts_then_resumes(charlstm, tmp_path):
    (tmp_path / "story.txt").write_text(TEXT)
    command = [
        "train",
        "story.txt",
        "--name",
        "tale",
        "--resume-if-exists",
        "--units",
        "4",
        "--seq-len",
        "8",
        "--batch-size",
        "2",
    ]
    first, second = (charlstm(*command, "--epochs", epochs) for epochs in ("0.1", "0.2"))
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "Going on" not in first.stderr
    assert "Resuming tale, trained on story.txt." in second.stderr
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["tale"]


def test_worker_resumes_what_the_chief_resumes(charlstm, monkeypatch, tmp_path):
    (tmp_path / "story.txt").write_text(TEXT)
    command = [
        "train",
        "story.txt",
        "--name",
        "tale",
        "--resume-if-exists",
        "--units",
        "4",
        "--seq-len",
        "8",
        "--batch-size",
        "2",
    ]
    plans = []
    monkeypatch.setattr("charlstm.cli.progress.help_along", lambda plan: plans.append(plan) or 0)
    worker = ["--cluster", "a:1,b:1", "--rank", "1"]
    assert charlstm(*command, "--epochs", "0.1").exit_code == 0
    assert charlstm(*command, "--epochs", "50", *worker).exit_code == 0
    assert charlstm(*command[:3], "other", *command[4:], "--epochs", "50", *worker).exit_code == 0
    resumed, begun = (plan.config.model.dropout for plan in plans)
    assert resumed < begun  # as it was planned for a tenth of a pass, and for fifty


@pytest.mark.slow
def test_a_worker_with_nothing_left_to_train_says_so(charlstm, tmp_path):
    (tmp_path / "story.txt").write_text(TEXT)
    small = ["--units", "4", "--seq-len", "8", "--batch-size", "2", "--epochs", "0.1"]
    command = ["train", "story.txt", "--name", "tale", "--resume-if-exists", *small]
    assert charlstm(*command).exit_code == 0
    result = charlstm(*command, "--cluster", "a:1,b:1", "--rank", "1")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("worker 1 (b:1) has nothing to do: tale has finished its 0.1 epochs; --epochs 0.2 trains")


class FakeWorkers:
    """Make groups of workers end with given codes, and record their commands."""

    def __init__(self, *endings: list[int | None]) -> None:
        self.endings = [code for ending in endings for code in ending]
        self.started: list[list[str]] = []

    def __call__(self, arguments, **_):
        self.started.append(arguments)
        code = self.endings.pop(0)
        return SimpleNamespace(returncode=code, poll=lambda: code, kill=lambda: None, wait=lambda: code)


@pytest.mark.parametrize(
    ("endings", "code", "said"),
    [
        ([[0, 0]], 0, []),
        ([[0, 1]], 0, []),
        ([[1, 1]], 1, []),
        ([[143, 0]], 143, []),
        ([[130, 75]], 130, []),
        ([[129, -6]], 129, []),
        ([[None, 130]], 130, []),
        ([[143, 143]], 143, []),
        ([[None, 0]], 1, []),
        ([[0, None]], 0, []),
        ([[-9, 75], [0, 0]], 0, ["worker 0 was ended by SIGKILL; starting all 2 again (1 of 2 times)"]),
        ([[75, -11], [0, 0]], 0, ["worker 1 was ended by SIGSEGV; starting all 2 again (1 of 2 times)"]),
        ([[75, 1]], 1, []),  # it reported the error
        ([[None, 2]], 2, []),
        ([[-6, 1], [0, 0]], 0, ["worker 0 was ended by SIGABRT; starting all 2 again (1 of 2 times)"]),
        ([[75, 75], [1, 0]], 1, ["the workers have lost each other; starting all 2 again (1 of 2 times)"]),
        ([[75, 75], [75, -9], [-9, 75]], 75, [
            "the workers have lost each other; starting all 2 again (1 of 2 times)",
            "worker 1 was ended by SIGKILL; starting all 2 again (2 of 2 times)",
            "worker 0 was ended by SIGKILL, and the workers have been started 3 times; what was saved last is whole",
        ]),
    ],
)  # fmt: skip
def test_group_restarts_after_a_lost_worker(charlstm, monkeypatch, endings, code, said):
    workers = FakeWorkers(*endings)
    monkeypatch.setattr(launch.subprocess, "Popen", workers)
    monkeypatch.setattr(launch, "_GRACE", 0.0)
    result = charlstm("launch", "--restarts", "2", "--", "train", "story.txt", "--name", "x", "--units", "8")
    assert result.exit_code == code
    assert result.stderr.splitlines() == [f"charlstm: {line}" for line in said]
    assert workers.endings == []
    first, *later = [arguments[3:] for arguments in workers.started[::2]]
    assert first[:6] == ["train", "story.txt", "--name", "x", "--units", "8"]
    assert first[6] == "--cluster"
    assert all(arguments[6] == "--resume-if-exists" for arguments in later)
    assert [arguments[-1] for arguments in workers.started] == ["0", "1"] * len(endings)


def test_group_without_restarts_needs_no_name(charlstm, monkeypatch):
    monkeypatch.setattr(launch.subprocess, "Popen", FakeWorkers([75, 75]))
    result = charlstm("launch", "--restarts", "0", "--", "train", "story.txt")
    assert result.exit_code == 75
    assert "lost each other, and the workers have been started 1 time;" in result.stderr


@pytest.mark.parametrize(
    ("heeds", "code"),
    [(0, 143), (1, 143), (3, 143)],  # at once, as the chief does while TensorFlow starts; at the first; never
)
def test_stopped_group_is_not_restarted(charlstm, monkeypatch, heeds, code):
    started, told, looks = [], [], count()

    def start(arguments, **_):
        started.append(arguments)
        if heeds == 0 and len(started) == 1:
            os.kill(os.getpid(), signal.SIGTERM)  # before the chief is started
        return SimpleNamespace(poll=poll, send_signal=told.append, kill=lambda: None, wait=lambda: None)

    def poll():
        if next(looks) % 10 == 9 and heeds:
            os.kill(os.getpid(), signal.SIGTERM)
        return -signal.SIGTERM if told and heeds < 3 else None

    monkeypatch.setattr(launch.subprocess, "Popen", start)
    monkeypatch.setattr(launch, "_GRACE", 0.0)
    monkeypatch.setattr(launch, "_PAUSE", 0.001)
    monkeypatch.setattr(launch, "_ECHO", 0.0)
    result = charlstm("launch", "--", "train", "story.txt", "--name", "x")
    assert result.exit_code == code
    assert "starting all" not in result.stderr
    assert len(started) == 2
    assert set(told) == {signal.SIGTERM}


def test_restart_repeats_the_resume_option(charlstm, monkeypatch):
    workers = FakeWorkers([75, 75], [0, 0])
    monkeypatch.setattr(launch.subprocess, "Popen", workers)
    assert charlstm("launch", "--", "train", "--resume", "x").exit_code == 0
    assert not any("--resume-if-exists" in arguments for arguments in workers.started)
