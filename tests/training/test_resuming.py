"""Resuming gives exactly the results of an uninterrupted run, and needs every saved item."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charlstm.checkpoint.config_file import read_config
from charlstm.checkpoint.history import read_history
from charlstm.checkpoint.state_files import newest_state, read_state, write_state
from charlstm.checkpoint.training_state import TrainingState
from charlstm.checkpoint.weights import read_weights
from charlstm.errors import CheckpointError, TrainingError
from charlstm.planning.training_plan import ResumedState, TrainingPlan
from charlstm.training.trainer import Trainer
from tests.training.conftest import compile_once
from tests.training.runs import CUT, EVERYTHING, finished, planned, result, run, write_corpus


@pytest.fixture(scope="module")
def finished_runs(tmp_path_factory):
    """Make a run without interruption, and the same interrupted."""
    folder = tmp_path_factory.mktemp("runs")
    text = write_corpus(folder)
    with pytest.MonkeyPatch.context() as patch:
        compile_once(patch)
        run(planned(folder, text, "whole", **EVERYTHING))
        assert run(planned(folder, text, "cut", **EVERYTHING), CUT)[-1].steps == CUT
    return folder / "c"


@pytest.fixture
def whole(finished_runs, tmp_path):
    """Return the folder of an uninterrupted run."""
    return shutil.copytree(finished_runs / "whole", tmp_path / "c" / "whole")


@pytest.fixture
def cut(finished_runs, tmp_path):
    """Return the folder of the same run, interrupted."""
    return shutil.copytree(finished_runs / "cut", tmp_path / "c" / "cut")


@pytest.mark.slow  # beside that of one stop
@pytest.mark.parametrize(("batches", "save_every"), [("streams", 0.0), ("streams", 0.01), ("windows", None)])
def test_resume_after_any_stops_gives_identical_weights(plan, resumed, finished_runs, batches, save_every):
    settings = {**EVERYTHING, "batches": batches}
    whole = finished_runs / "whole"
    if batches == "windows":
        run(uninterrupted := plan("whole", **settings))
        whole = uninterrupted.folder
    made = plan("cut", **settings, save_every=save_every)
    last = run(made, 7)[-1]
    stops = 1
    while last.interrupted:
        last = run(resumed("cut"), 61)[-1]
        stops += 1
    assert stops > 3
    assert result(made.folder) == result(whole)


@pytest.mark.parametrize("min_count", [pytest.param("auto", marks=pytest.mark.slow), 3])
def test_a_run_interrupted_between_evaluations_gives_identical_weights(plan, resumed, odd, min_count):
    settings = {"epochs": 2.0, "evaluations": 3, "dropout": 0.2, "min_count": min_count}
    whole, cut = plan("whole", **settings), plan("cut", **settings)
    run(whole)
    first = finished(run(cut, 11))
    assert first.interrupted
    assert first.steps == 11
    again = finished(run(resumed("cut")))
    assert not again.interrupted
    assert again.steps > 11
    for name, value in read_weights(whole.folder, whole.config.model).items():
        assert np.array_equal(value, read_weights(cut.folder, cut.config.model)[name]), name
    ours, theirs = (read_state(made.folder, made.config).arrays for made in (cut, whole))
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
    scores = [
        [(line.step, line.nats_per_char, line.train_nats_per_char) for line in read_history(made.folder)]
        for made in (cut, whole)
    ]
    assert scores[0] == scores[1]


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_once")
def test_resuming_rewrites_the_model_files(resumed, whole, cut):
    for name in ("model.safetensors", "history.jsonl", "README.md"):
        (cut / name).write_bytes(b"damaged")
    run(resumed("cut"))
    assert result(cut) == result(whole)


def without(state: TrainingState, item: str) -> TrainingState:
    """Return a state in which an item has its value at the start, as if it had not been saved."""
    if item in state.arrays:
        fresh = np.zeros_like(state.arrays[item])
        return replace(state, arrays={**state.arrays, item: fresh})
    if item == "best":
        return replace(state, best={})
    if item == "history":
        return replace(state, history=())
    return replace(state, progress=replace(state.progress, **{item: 0}))


def gone_on_without(
    item: str, plan: Callable[..., TrainingPlan], resumed: Callable[..., TrainingPlan], kept: Path
) -> dict[str, Any]:
    """Return the result of resuming from a state without an item; an empty item removes nothing."""
    made = plan("cut", **EVERYTHING)
    shutil.copytree(kept, made.folder)
    state = read_state(made.folder, read_config(made.folder))
    write_state(made.folder, without(state, item) if item else state, keep=state.progress.evaluated)
    run(resumed("cut"))
    found = result(made.folder)
    shutil.rmtree(made.folder)
    return found


@pytest.mark.slow
def test_every_saved_item_is_needed(plan, resumed, whole, cut):
    state = read_state(cut, read_config(cut))
    assert {name.partition("/")[0] for name in state.arrays} == {"weights", "average", "optimizer", "noise", "states"}
    kept, expected = cut.rename(cut.with_name("kept")), result(whole)
    for item in ["", *state.arrays, "history", "steps", "loss_sum", "loss_count"]:
        assert (gone_on_without(item, plan, resumed, kept) == expected) == (not item), item


@pytest.mark.slow
def test_the_saved_best_weights_are_needed(plan, resumed, cut):
    state = read_state(cut, read_config(cut))
    unbeaten = replace(state.history[0], nats_per_char=1e-3, best=True)
    write_state(cut, replace(state, history=(unbeaten,)))
    kept = cut.rename(cut.with_name("kept"))
    found = gone_on_without("", plan, resumed, kept)
    for name, value in state.best.items():
        assert found[f"published {name}"] == value.tobytes()
    assert gone_on_without("best", plan, resumed, kept) != found


@pytest.mark.slow
def test_the_number_of_halvings_is_saved(plan, resumed, poisoned):
    poisoned(30, times=1)
    run(plan("whole", **EVERYTHING))
    poisoned(30, times=1)
    made = plan("cut", **EVERYTHING)
    run(made, CUT)
    shutil.copytree(made.folder, made.folder.with_name("kept"))
    run(resumed("cut"))
    expected = result(made.folder)
    assert expected == result(made.folder.with_name("whole"))
    shutil.rmtree(made.folder)
    assert gone_on_without("halvings", plan, resumed, made.folder.with_name("kept")) != expected


@pytest.mark.slow
def test_the_state_to_roll_back_to_is_saved(plan, resumed, poisoned):
    done = poisoned(90, times=1)
    run(plan("whole", **EVERYTHING))
    made = plan("cut", **EVERYTHING, save_every=0.0)
    run(made, CUT)
    kept = shutil.copytree(made.folder, made.folder.with_name("kept"))
    shutil.rmtree(made.folder)
    for item, same in (("", True), ("evaluated", False)):
        done.clear()
        assert (gone_on_without(item, plan, resumed, kept) == result(kept.with_name("whole"))) == same


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_once")
def test_patience_continues_in_a_resumed_run(plan, resumed):
    hopeless = {"evaluations": 60, "patience": 4, "learning_rate": 0.3, "schedule": "constant", "weight_average": 0.0}
    made = plan("whole", **hopeless, epochs=60.0)
    last = run(made)[-1]
    assert last.stopped_early
    cut = plan("cut", **hopeless, epochs=60.0)
    run(cut, last.steps - 40)
    assert read_state(cut.folder, cut.config).progress.poor > 0
    kept = shutil.copytree(cut.folder, cut.folder.with_name("kept"))
    assert run(resumed("cut"))[-1].stopped_early
    assert result(cut.folder) == result(made.folder)
    # Resumed again, the run is finished unless its patience is raised.
    assert run(resumed("cut"))[-1].stopped_early
    assert result(cut.folder) == result(made.folder)
    assert run(resumed("cut", patience=5))[-1].steps > last.steps
    forgetful = read_state(kept, cut.config)
    write_state(kept, replace(forgetful, progress=replace(forgetful.progress, poor=0)))
    assert run(resumed("kept"))[-1].steps > last.steps


@pytest.mark.usefixtures("compiled_once")
def test_a_state_of_another_network_is_refused(plan, resumed, cut):
    state = read_state(cut, read_config(cut))
    for arrays, found in (
        ({**state.arrays, "optimizer/1": np.zeros(3, np.float32)}, "optimizer/1 is ((3,), 'float32')"),
        ({**state.arrays, "more": np.zeros(3, np.float32)}, "more is ((3,), 'float32') and should be left out"),
        ({name: value for name, value in state.arrays.items() if name != "noise/0"}, "noise/0 is missing and should be"),
    ):
        write_state(cut, replace(state, arrays=arrays))
        with pytest.raises(CheckpointError) as error:
            run(resumed("cut"))
        assert found in str(error.value)
        assert "train its model further with `base`" in str(error.value)


@pytest.mark.usefixtures("compiled_once")
def test_a_state_that_another_process_has_resumed_is_refused(resumed, cut):
    made = resumed("cut")
    assert isinstance(made.start, ResumedState)
    write_state(cut, made.start.state)
    with pytest.raises(CheckpointError, match="was trained by another process in the meantime; start the same"):
        run(made)
    assert newest_state(cut) == made.start.number + 1


def test_out_of_memory_names_the_settings_to_reduce(plan, monkeypatch):
    def made(self: Trainer, *arguments: object, made=Trainer.__init__) -> None:
        made(self, *arguments)
        monkeypatch.setattr(self, "_run", fail)

    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Trainer, "__init__", made)
    with pytest.raises(TrainingError, match="out of memory for this network and batches of 4 windows of 10; reduce"):
        run(plan())


@pytest.mark.usefixtures("compiled_once")
def test_a_full_disk_ends_training_and_keeps_earlier_saves(plan, resumed, whole, monkeypatch):
    made = plan("cut", **EVERYTHING, save_every=0.0)
    writes = count()

    def write(descriptor: int, data: bytes, original=os.write) -> int:
        if next(writes) > 300:
            raise OSError(28, "No space left on device")
        return original(descriptor, data)

    with monkeypatch.context() as patch:
        patch.setattr("os.write", write)
        with pytest.raises(CheckpointError, match="No space left on device"):
            run(made)
    assert read_state(made.folder, made.config).progress.steps > 66
    run(resumed("cut"))
    assert result(made.folder) == result(whole)
