"""Trainings killed at random moments end with the same bits as an uninterrupted one."""

import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open

from charlstm.checkpoint.config_file import read_config
from charlstm.checkpoint.state_files import RESUME, newest_state, read_state

STORY = " ".join(random.Random(0).choices(["river", "ferry", "lamp", "oar", "eel"], k=1_000)) + "\n"
EVERYTHING = [
    *("--units", "12,8", "--seq-len", "10", "--batch-size", "4", "--preset", "quick", "--weight-decay", "0.01"),
    *("--dropout", "0.2", "--recurrent-dropout", "0.1", "--drop-connect", "0.1", "--state-reset", "0.2"),
]
"""Settings that make a step depend on every part of the training state."""


@pytest.fixture
def train(tmp_path) -> Callable[..., subprocess.Popen[str]]:
    (tmp_path / "story.txt").write_text(STORY)

    def start(*arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "charlstm", "train", *arguments],
            cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    return start


def finish(process: subprocess.Popen[str]) -> str:
    """Wait for a training to succeed; return its stderr."""
    _, said = process.communicate(timeout=600)
    assert process.returncode == 0, said
    return said


def at_work(process: subprocess.Popen[str]) -> None:
    """Wait for the first evaluation of a training."""
    while "bits/char" not in (line := process.stderr.readline()):
        assert line, "it ended"


def saved_last(folder: Path) -> int:
    return newest_state(folder) if folder.exists() else 0


DURATIONS = ("seconds", "began", "reserve", "evaluated")
"""Values that depend on the clock: three durations, and the number of saves by the clock."""


def without_seconds(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in record.items() if key not in DURATIONS} for record in records]


def everything(folder: Path) -> dict[str, Any]:
    """Return everything that a training writes except durations; arrays as digests."""
    config = read_config(folder)
    state = read_state(folder, config)
    arrays = {**state.arrays, **{f"best {name}": value for name, value in state.best.items()}}
    with safe_open(folder / "model.safetensors", "numpy") as file:
        arrays |= {f"published {name}": file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    card = (folder / "README.md").read_text().splitlines()
    return {
        **{name: hashlib.sha256(value.tobytes()).hexdigest() for name, value in arrays.items()},
        "progress": without_seconds([vars(state.progress)]),
        "history": without_seconds([vars(line) for line in state.history]),
        "published history": without_seconds(
            [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
        ),
        "card": [line for line in card if not line.startswith(("Made with", "| trained for"))],
        "training": config.training,
    }


def go_on(train: Callable[..., subprocess.Popen[str]], folder: Path, new: list[str]) -> subprocess.Popen[str]:
    """Start the training, or resume it if its checkpoint exists."""
    return train("--resume", folder.name) if folder.exists() else train("story.txt", "--name", folder.name, *new)


@pytest.mark.slow
@pytest.mark.parametrize("batches", ["streams", "windows"])
def test_resume_after_60_kills_gives_identical_weights(train, tmp_path, batches):
    root, moments = tmp_path / "checkpoints", random.Random(batches)
    settings = [*EVERYTHING, "--batches", batches, "--epochs", "60", "--num-evaluations", "30"]
    finish(train("story.txt", "--name", "whole", *settings))
    cut, kills, saved = root / "cut", 0, set()
    while kills < 60:
        process = go_on(train, cut, [*settings, "--save-every", "0"])
        before = saved_last(cut)
        # Every fourth kill comes at any moment, the others only after a save, however long the start takes.
        while kills % 4 and process.poll() is None and saved_last(cut) <= max(before, 1):
            time.sleep(0.02)
        try:
            process.communicate(timeout=moments.uniform(0, 2) if kills % 4 else moments.uniform(1, 6))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            kills += 1
        else:
            assert process.returncode == 0
            pytest.fail(f"{batches} were finished after {kills} kills; train for longer")
        process.communicate()
        saved.add(saved_last(cut))
    assert len(saved) > 30, "most of the kills must come during training"
    finish(go_on(train, cut, settings))
    ours, theirs = everything(cut), everything(root / "whole")
    assert ours.pop("training").save_every == 0
    del theirs["training"]
    assert ours == theirs


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_saves_and_prints_the_resume_command(train, tmp_path, number):
    settings = [*EVERYTHING, "--epochs", "8", "--num-evaluations", "4"]
    finish(train("story.txt", "--name", "whole", *settings))
    process = train("story.txt", "--name", "cut", *settings)
    at_work(process)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert said.splitlines()[-1] == "Stopped and saved. Resume with: charlstm train --resume cut"
    assert list((tmp_path / "checkpoints" / "cut" / RESUME).glob("*.tmp")) == []
    finish(train("--resume", "cut"))
    assert everything(tmp_path / "checkpoints" / "cut") == everything(tmp_path / "checkpoints" / "whole")


@pytest.mark.slow
def test_signal_at_any_moment_is_resumable(train, tmp_path):
    settings = [*EVERYTHING, "--epochs", "8", "--num-evaluations", "4"]
    whole, cut = (tmp_path / "checkpoints" / name for name in ("whole", "cut"))
    began = time.monotonic()
    finish(train("story.txt", "--name", "whole", *settings))
    took, codes = time.monotonic() - began, []
    for part in range(1, 13):  # during the start, the first step, an evaluation and the end
        process = train("story.txt", "--name", "cut", *settings)
        time.sleep(took * part / 12)
        process.terminate()
        process.communicate(timeout=60)
        codes.append(process.returncode)
        assert process.returncode in (0, 143, -signal.SIGTERM)
        if process.returncode != 0:
            finish(train("story.txt", "--name", "cut", *settings, "--resume-if-exists"))
        assert everything(cut) == everything(whole)
        shutil.rmtree(cut)
    assert codes.count(143) > 2


@pytest.mark.slow
def test_second_training_of_one_name_is_refused(train, tmp_path):
    settings = [*EVERYTHING, "--epochs", "8", "--num-evaluations", "4"]
    both = [train("story.txt", "--name", "story", *settings) for _ in range(2)]
    said = [process.communicate(timeout=600)[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1]
    refusal = said[[process.returncode for process in both].index(1)].splitlines()[-1]
    assert "is being created by another process" in refusal or "already exists" in refusal
    process = train("--resume", "story", "--epochs", "30")
    at_work(process)
    second = train("--resume", "story", "--epochs", "30")
    assert "is being trained by another process; wait until it ends" in second.communicate(timeout=60)[1]
    assert second.returncode == 1
    finish(process)
    assert everything(tmp_path / "checkpoints" / "story")["progress"][0]["steps"] > 0


FULL = """
set -u
mount -t tmpfs -o size=$SIZE tmpfs disk || exit 99
python=$1; shift
"$python" -m charlstm train story.txt --name cut --checkpoints disk "$@" --save-every 0 2>first; echo $?
ls disk/cut/resume >listing
mount -o remount,size=10m disk
"$python" -m charlstm train --resume cut --checkpoints disk 2>second; echo $?
cp -r disk/cut result
"""


def own_mounts() -> bool:
    """Return whether this user may create a mount namespace."""
    return shutil.which("unshare") is not None and subprocess.run(["unshare", "-rm", "true"], check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(not own_mounts(), reason="mount namespaces are not available")
def test_resume_after_full_disk_gives_identical_weights(train, tmp_path):
    settings = [*EVERYTHING, "--epochs", "8", "--num-evaluations", "4"]
    finish(train("story.txt", "--name", "whole", *settings))
    (tmp_path / "disk").mkdir()
    # Room for two states and the published files, but not for a third state beside them.
    state = max(path.stat().st_size for path in (tmp_path / "checkpoints" / "whole" / RESUME).iterdir())
    done = subprocess.run(
        ["unshare", "-rm", "bash", "-c", FULL, "full", sys.executable, *settings],
        cwd=tmp_path, env={**os.environ, "SIZE": f"{int(2.6 * state) // 1024}k"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["1", "0"], done.stderr + (tmp_path / "first").read_text()
    sentence = (tmp_path / "first").read_text().splitlines()[-1]
    assert re.search(r"cannot be written \(No space left on device\)( and was not changed)?; free disk space", sentence)
    assert sentence.endswith("; then resume the training with `charlstm train --resume cut --checkpoints disk`")
    assert "Traceback" not in (tmp_path / "first").read_text()
    assert ".tmp" not in (tmp_path / "listing").read_text()
    ours, theirs = everything(tmp_path / "result"), everything(tmp_path / "checkpoints" / "whole")
    assert ours.pop("training").save_every == 0
    del theirs["training"]
    assert ours == theirs
