"""Training states: round trips, use of the newest intact state, and messages about damage."""

import json
from dataclasses import FrozenInstanceError, asdict, replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file

from charlstm.checkpoint import state_files
from charlstm.checkpoint.state_files import newest_state, read_progress, read_state, remove_damaged, write_state
from charlstm.checkpoint.training_state import MAX_HALVINGS, TrainingProgress, TrainingState
from charlstm.errors import CheckpointError

FIRST = Path("resume") / "000001.safetensors"
count = st.integers(0, 2**53)


def equal(ours: TrainingState, theirs: TrainingState) -> bool:
    arrays = [(state.arrays, state.best) for state in (ours, theirs)]
    for found, expected in zip(*arrays, strict=True):
        assert set(found) == set(expected)
        for name, value in expected.items():
            assert (found[name].dtype, found[name].shape) == (value.dtype, value.shape)
            np.testing.assert_array_equal(found[name], value)
    return (ours.history, ours.progress) == (theirs.history, theirs.progress)


def test_state_round_trip(tmp_path, config, state):
    write_state(tmp_path, state)
    assert equal(read_state(tmp_path, config), state)
    found = load_file(tmp_path / FIRST)
    assert set(found) == {*state.arrays, *(f"best/{name}" for name in state.best)}
    assert read_progress(tmp_path) == state.progress


def test_state_without_best_weights_round_trip(tmp_path, config, state):
    write_state(tmp_path, replace(state, best={}, history=()))
    assert equal(read_state(tmp_path, config), replace(state, best={}, history=()))


@given(
    st.builds(
        TrainingProgress,
        steps=count,
        seconds=st.floats(0, 1e10),
        loss_sum=st.floats(-1e300, 1e300),
        loss_count=count,
        poor=count,
        halvings=st.integers(0, MAX_HALVINGS),
        began=st.floats(0, 1e10),
        paths=st.lists(st.text(), min_size=1, max_size=4).map(tuple),
        text_encoding=st.text(),
        surroundings=st.dictionaries(st.text(), st.text()),
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_progress_round_trip(tmp_path, config, progress):
    state = TrainingState(arrays={}, best={}, history=(), progress=progress)
    write_state(tmp_path, state)
    assert read_state(tmp_path, config) == state


def test_metadata_has_progress_and_history_as_plain_json(folder, state):
    with safe_open(folder / FIRST, framework="numpy") as file:
        metadata = file.metadata()
    assert set(metadata) == {"progress", "history", "curves"}
    assert json.loads(metadata["progress"]) == {
        **asdict(state.progress),
        "paths": list(state.progress.paths),
        "validation_paths": [],
    }
    assert json.loads(metadata["history"]) == [asdict(line) for line in state.history]
    assert json.loads(metadata["curves"])["points"] == [msgspec.structs.asdict(point) for point in state.curves.points]


def test_progress_is_immutable(progress):
    with pytest.raises(FrozenInstanceError):
        progress.steps = 21


def test_two_states_are_kept_and_the_newest_is_read(tmp_path, config, state):
    for steps in range(1, 13):
        write_state(tmp_path, replace(state, progress=replace(state.progress, steps=steps)))
        assert read_state(tmp_path, config).progress.steps == read_progress(tmp_path).steps == newest_state(tmp_path) == steps
    names = sorted(path.name for path in (tmp_path / "resume").iterdir())
    assert names == ["000011.json", "000011.safetensors", "000012.json", "000012.safetensors"]


def test_chosen_older_state_is_kept_and_can_be_preferred(tmp_path, config, state):
    for steps in range(1, 6):
        number = write_state(tmp_path, replace(state, progress=replace(state.progress, steps=steps)), keep=2)
        assert number == steps
    assert sorted(path.stem for path in (tmp_path / "resume").glob("*.json")) == ["000002", "000004", "000005"]
    assert read_state(tmp_path, config, first=2).progress.steps == 2
    assert read_state(tmp_path, config, first=3).progress.steps == 5  # state 3 was removed
    (tmp_path / "resume" / "000002.safetensors").write_bytes(b"damaged")
    assert read_state(tmp_path, config, first=2).progress.steps == 5


def test_highest_number_of_a_state_is_reported(tmp_path, config, state):
    write_state(tmp_path, state)
    for path in (tmp_path / "resume").iterdir():
        path.rename(path.with_stem("9" * 18))
    with pytest.raises(CheckpointError, match="has the highest number that a state can have; remove it"):
        write_state(tmp_path, state)
    assert equal(read_state(tmp_path, config), state)


def test_state_that_reads_back_differently_is_refused(folder, config, state, monkeypatch):
    # Simulates a disk that reports success but stores other bytes.
    monkeypatch.setattr(state_files, "write_atomically", lambda path, content: path.write_bytes(content[:-1] + b"x"))
    for _ in range(3):
        with pytest.raises(CheckpointError, match=r"\.safetensors is damaged"):
            write_state(folder, state)
    assert equal(read_state(folder, config), state)


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.slow), 9])
@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
def test_state_before_a_truncated_one_is_used_with_warning(folder, config, state, suffix, every):
    write_state(folder, replace(state, progress=replace(state.progress, steps=21)))
    path = folder / f"resume/000002{suffix}"
    content = path.read_bytes()
    for length in {*range(0, len(content), every), len(content) - 1}:
        path.write_bytes(content[:length])
        warnings = []
        assert equal(read_state(folder, config, warnings.append), state)
        (sentence,) = warnings
        assert sentence.startswith(f"{folder / 'resume/000002.safetensors'} is damaged (")
        assert sentence.endswith(". The state before it is used.")


@pytest.mark.parametrize("flips", [pytest.param(1_000, marks=pytest.mark.slow), 150])
@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
def test_state_before_one_with_a_flipped_bit_is_used(folder, config, state, suffix, flips):
    write_state(folder, replace(state, progress=replace(state.progress, steps=21)))
    path, random = folder / f"resume/000002{suffix}", np.random.default_rng(0)
    content = path.read_bytes()
    for _ in range(flips):
        position, bit = int(random.integers(len(content))), int(random.integers(8))
        path.write_bytes(content[:position] + bytes([content[position] ^ 1 << bit]) + content[position + 1 :])
        warnings = []
        assert equal(read_state(folder, config, warnings.append), state)
        assert len(warnings) == 1


def test_progress_is_read_from_the_newest_readable_state(folder, state):
    write_state(folder, replace(state, progress=replace(state.progress, steps=21)))
    assert read_progress(folder).steps == 21
    (folder / "resume/000002.safetensors").write_bytes(b"cut off")
    assert read_progress(folder) == state.progress
    (folder / FIRST).unlink()
    with pytest.raises(CheckpointError, match="is damaged"):
        read_progress(folder)


def test_damaged_states_do_not_count_among_the_two_kept(folder, config, state):
    write_state(folder, replace(state, progress=replace(state.progress, steps=21)))
    write_state(folder, replace(state, progress=replace(state.progress, steps=22)))
    (folder / "resume/000003.safetensors").write_bytes(b"cut off")
    intact = read_state(folder, config)
    assert (intact.number, intact.progress.steps) == (2, 21)
    remove_damaged(folder, intact)
    write_state(folder, intact)
    assert {path.stem for path in (folder / "resume").iterdir()} == {"000002", "000003"}
    (folder / "resume/000003.json").unlink()
    assert read_state(folder, config).number == 2


@pytest.mark.parametrize("missing", [".safetensors", ".json"])
def test_state_without_its_manifest_is_reported_incomplete(folder, config, state, missing):
    write_state(folder, replace(state, progress=replace(state.progress, steps=21)))
    (folder / f"resume/000002{missing}").unlink()
    warnings = []
    assert equal(read_state(folder, config, warnings.append), state)
    assert f"is incomplete (000002{missing} is missing)" in warnings[0]


def test_message_for_missing_state_says_what_to_do(tmp_path, config):
    for read in (lambda: read_state(tmp_path / "story", config), lambda: read_progress(tmp_path / "story")):
        with pytest.raises(CheckpointError) as error:
            read()
        assert "has no saved training state" in str(error.value)
        assert "train its model further with `base='story'`" in str(error.value)


def test_other_files_in_the_resume_folder_are_ignored(folder, config, state):
    for name in (
        "notes.txt",
        "1.safetensors",
        "000002.safetensors.bak",
        ".000003.safetensors.12ab.tmp",
        "000004",
        "x000005.json",
    ):
        (folder / "resume" / name).write_bytes(b"x")
    assert newest_state(folder) == 1
    assert equal(read_state(folder, config), state)
