"""Nothing that was saved is lost: not when a call to the disk fails, and not when the power is cut after any of them."""

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from charlstm.checkpoint.config_file import CheckpointConfig, read_config, write_config
from charlstm.checkpoint.folder import new_checkpoint
from charlstm.checkpoint.history import read_history, write_history
from charlstm.checkpoint.lock import training_lock
from charlstm.checkpoint.state_files import RESUME, read_state, write_state
from charlstm.checkpoint.training_state import TrainingState
from charlstm.checkpoint.weights import WEIGHTS, read_weights, write_weights
from charlstm.errors import CheckpointError
from tests.checkpoint.disk import NO_SPACE, PowerCut, Trace, failing


def later(state: TrainingState, steps: int) -> TrainingState:
    """The same training after so many steps; every array tells which."""
    arrays = {name: np.full_like(value, steps % 2) for name, value in state.arrays.items()}
    best = {name: np.full_like(value, steps) for name, value in state.best.items()}
    return TrainingState(arrays=arrays, best=best, history=state.history, progress=replace(state.progress, steps=steps))


def save(folder: Path, state: TrainingState) -> None:
    """As a training saves and publishes."""
    write_state(folder, state)
    write_weights(folder, state.best)
    write_history(folder, state.history)


def saved_steps(folder: Path, state: TrainingState) -> int:
    """The steps of the state that resuming finds, which must be one of those written, to the bit."""
    found = read_state(folder, read_config(folder))
    expected = later(state, found.progress.steps)
    assert found.progress == expected.progress
    for ours, theirs in ((found.arrays, expected.arrays), (found.best, expected.best)):
        assert set(ours) == set(theirs)
        assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
    return found.progress.steps


def weights_of(folder: Path) -> float:
    """The steps after which the published model was made."""
    weights = read_weights(folder, read_config(folder).model)
    (value,) = {float(number) for array in weights.values() for number in array.ravel()}
    return value


def made(root: Path, config: CheckpointConfig, state: TrainingState) -> Path:
    """A new checkpoint, saved before its first step."""
    with new_checkpoint(root, "story") as folder:
        write_config(folder, config)
        write_state(folder, later(state, 0))
    return root / "story"


@pytest.fixture
def begun(tmp_path, config, state) -> Path:
    """A checkpoint whose training has saved after 1 and after 2 steps."""
    folder = made(tmp_path / "checkpoints", config, state)
    with training_lock(folder):
        for steps in (1, 2):
            save(folder, later(state, steps))
    return folder


@pytest.mark.parametrize("error", [NO_SPACE, PowerCut()], ids=["full disk", "power cut"])
def test_whichever_call_fails_the_state_before_or_the_new_one_is_whole(begun, tmp_path, state, error):
    at, failed, seen = 0, True, set()
    while failed:
        folder, stated = shutil.copytree(begun, tmp_path / f"copy {at}"), None
        with failing(at, error) as count:
            try:
                save(folder, later(state, 3))
            except (CheckpointError, PowerCut) as raised:
                stated = raised
        failed = count() > at
        assert failed == bool(stated)
        assert not isinstance(stated, CheckpointError) or "No space left on device" in str(stated)
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
        save(folder, later(state, 4))  # and it goes on as if nothing had been
        assert (saved_steps(folder, state), weights_of(folder)) == (4, 4)
        at += 1
    assert seen == {(2, 2.0), (3, 2.0), (3, 3.0)}
    assert at > 20


def test_a_model_that_is_read_while_it_is_written_is_one_of_both(begun, config, state):
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


def test_after_a_power_cut_at_any_moment_what_was_saved_is_there(tmp_path, config, state):
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
        for content in trace.after_a_cut(length):
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
            assert found.exists() or least < 0  # and if it is there, it can be gone on with
            if found.exists():
                assert max(0, least) <= saved_steps(found, state) <= least + 1
            if (found / WEIGHTS).exists() or least > 0:
                assert max(1, least) <= weights_of(found) <= least + 1
    assert tried > 60
