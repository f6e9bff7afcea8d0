"""Saved states survive a failure of any system call, and a power cut after any of them."""

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from charlstm.checkpoint.config_file import read_config, write_config
from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.folder import new_checkpoint
from charlstm.checkpoint.history import read_history, write_history
from charlstm.checkpoint.lock import training_lock
from charlstm.checkpoint.state_files import RESUME, read_state, write_state
from charlstm.checkpoint.training_state import TrainingState
from charlstm.checkpoint.weights import WEIGHTS, read_weights, write_weights
from charlstm.errors import CheckpointError
from tests.checkpoint.disk import NO_SPACE, PowerCut, Trace, failing


def later(state: TrainingState, steps: int) -> TrainingState:
    """Return the state of the same training after other steps, with arrays that depend on the number of steps."""
    arrays = {name: np.full_like(value, steps % 2) for name, value in state.arrays.items()}
    best = {name: np.full_like(value, steps) for name, value in state.best.items()}
    return TrainingState(arrays=arrays, best=best, history=state.history, progress=replace(state.progress, steps=steps))


def save(folder: Path, state: TrainingState) -> None:
    """Save a state and publish its best weights, as training does."""
    write_state(folder, state)
    write_weights(folder, state.best)
    write_history(folder, state.history)


def saved_steps(folder: Path, state: TrainingState) -> int:
    """Return the steps of the state that resuming finds; check that it equals a written one bit for bit."""
    found = read_state(folder, read_config(folder))
    expected = later(state, found.progress.steps)
    assert found.progress == expected.progress
    for ours, theirs in ((found.arrays, expected.arrays), (found.best, expected.best)):
        assert set(ours) == set(theirs)
        assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
    return found.progress.steps


def weights_of(folder: Path) -> float:
    """Return the steps after which the published weights were made."""
    weights = read_weights(folder, read_config(folder).model)
    (value,) = {float(number) for array in weights.values() for number in array.ravel()}
    return value


def made(root: Path, config: CheckpointConfig, state: TrainingState) -> Path:
    """Make a checkpoint that is saved before its first step."""
    with new_checkpoint(root, "story") as folder:
        write_config(folder, config)
        write_state(folder, later(state, 0))
    return root / "story"


@pytest.fixture
def begun(tmp_path, config, state) -> Path:
    """Return a checkpoint whose training has saved after 1 step and after 2."""
    folder = made(tmp_path / "checkpoints", config, state)
    with training_lock(folder):
        for steps in (1, 2):
            save(folder, later(state, steps))
    return folder


@pytest.mark.parametrize("error", [NO_SPACE, PowerCut()], ids=["full disk", "power cut"])
def test_any_failed_call_leaves_an_intact_state(begun, tmp_path, state, error):
    at, failed, seen = 0, True, set()
    while failed:
        folder, error_seen = shutil.copytree(begun, tmp_path / f"copy {at}"), None
        with failing(at, error) as count:
            try:
                save(folder, later(state, 3))
            except (CheckpointError, PowerCut) as raised:
                error_seen = raised
        failed = count() > at
        assert failed == bool(error_seen)
        assert not isinstance(error_seen, CheckpointError) or "No space left on device" in str(error_seen)
        steps, published = saved_steps(folder, state), weights_of(folder)
        assert steps in (2, 3)
        assert published in (2, steps)
        assert len(read_history(folder)) == len(state.history)
        seen.add((steps, published))
        assert all(path.with_suffix(".safetensors").exists() for path in (folder / RESUME).glob("*.json")), (
            "manifests come last"
        )
        if isinstance(error, OSError):
            assert list(folder.rglob("*.tmp")) == []
        save(folder, later(state, 4))  # the next save works as usual
        assert (saved_steps(folder, state), weights_of(folder)) == (4, 4)
        at += 1
    assert seen == {(2, 2.0), (3, 2.0), (3, 3.0)}
    assert at > 20


def test_concurrent_reader_sees_old_or_new_weights(begun, config, state):
    done, seen = threading.Event(), set()

    def read() -> None:
        while not done.is_set():
            seen.add(weights_of(begun))

    reader = threading.Thread(target=read)
    reader.start()
    for steps in (3, 4) * 50:
        write_weights(begun, later(state, steps).best)
    done.set()
    reader.join()
    assert seen <= {2, 3, 4}
    assert len(seen) > 1


def test_power_cut_after_any_call_loses_no_saved_state(tmp_path, config, state):
    root, rebuilt = tmp_path / "disk", tmp_path / "rebuilt"
    root.mkdir()
    trace, acknowledged = Trace(root), []
    with trace.recording():
        folder = made(root / "checkpoints", config, state)
        acknowledged.append((len(trace.events), 0))
        for steps in (1, 2, 3, 4):
            save(folder, later(state, steps))
            acknowledged.append((len(trace.events), steps))
    tried, contents = 0, set()
    for length in range(len(trace.events) + 1):
        least = max((steps for position, steps in acknowledged if position <= length), default=-1)
        for content in trace.after_power_cut(length):
            key = (least, tuple(sorted(content.items())))
            if key in contents:
                continue
            contents.add(key)
            shutil.rmtree(rebuilt, ignore_errors=True)
            rebuilt.mkdir()
            for path, data in sorted(content.items()):
                (rebuilt / path).mkdir() if data is None else (rebuilt / path).write_bytes(data)
            tried += 1
            found = rebuilt / "checkpoints" / "story"
            assert found.exists() or least < 0  # a checkpoint that exists can be resumed
            if found.exists():
                assert max(0, least) <= saved_steps(found, state) <= least + 1
            if (found / WEIGHTS).exists() or least > 0:
                assert max(1, least) <= weights_of(found) <= least + 1
    assert tried > 60
