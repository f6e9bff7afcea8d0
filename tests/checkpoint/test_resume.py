"""What training needs to go on comes back as it was, and damage to it is refused by name."""

import json
import struct
from dataclasses import FrozenInstanceError, asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load, load_file, save

from charlstm.checkpoint.resume import RESUME, Progress, read_resume, write_resume
from charlstm.errors import CheckpointError

DEEP = "[" * 200_000
NESTED = json.loads("[" * 500 + "]" * 500)
WHOLE = ["steps", "evaluations", "loss_count", "poor"]
count = st.integers(0, 2**53)


def with_metadata(folder: Path, metadata: dict[str, str] | None) -> None:
    (folder / RESUME).write_bytes(save(load((folder / RESUME).read_bytes()), metadata=metadata))


def with_value(folder: Path, progress: Progress, name: str, value: Any) -> None:
    with_metadata(folder, {"progress": json.dumps({**asdict(progress), name: value})})


def with_tensor(folder: Path, progress: Progress, dtype: str, size: int) -> None:
    tensor = {"dtype": dtype, "shape": [2], "data_offsets": [0, 2 * size]}
    header = json.dumps({"__metadata__": {"progress": json.dumps(asdict(progress))}, "a": tensor}).encode()
    (folder / RESUME).write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 2 * size)


def test_a_state_to_resume_from_comes_back(tmp_path, progress):
    arrays = {
        "weights/lstm_1/kernel": np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32),
        "optimizer/0": np.array(17, np.int64),
        "noise/0": np.array([1, 2**32 - 1], np.uint32),
        "states/0/h": np.zeros((0, 4), np.float32),
        "flags": np.array([True, False]),
    }
    for _ in range(2):
        write_resume(tmp_path, arrays, progress)
    read, read_progress = read_resume(tmp_path)
    assert read_progress == progress
    for found in (read, load_file(tmp_path / RESUME)):
        assert set(found) == set(arrays)
        for name, value in arrays.items():
            assert (found[name].dtype, found[name].shape) == (value.dtype, value.shape)
            np.testing.assert_array_equal(found[name], value)
    assert [path.relative_to(tmp_path) for path in tmp_path.rglob("*")] == [Path("resume"), RESUME]


@given(
    st.builds(
        Progress,
        steps=count,
        evaluations=count,
        seconds=st.floats(0, allow_infinity=False),
        loss_sum=st.floats(allow_nan=False, allow_infinity=False),
        loss_count=count,
        poor=count,
        paths=st.lists(st.text(), min_size=1, max_size=4).map(tuple),
        text_encoding=st.text(),
    )
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_all_progress_comes_back(tmp_path, progress):
    write_resume(tmp_path, {}, progress)
    assert read_resume(tmp_path) == ({}, progress)


def test_progress_lies_in_the_metadata_as_plain_json(folder, progress):
    with safe_open(folder / RESUME, framework="numpy") as file:
        metadata = file.metadata()
    assert set(metadata) == {"progress"}
    assert json.loads(metadata["progress"]) == {
        "steps": 20,
        "evaluations": 2,
        "seconds": 4.5,
        "loss_sum": 0.1 + 0.2,
        "loss_count": 3,
        "poor": 1,
        "paths": ["/a/Zoë 渡.txt", "/b/\udcff.txt", "-"],
        "text_encoding": "cp1252",
    }


def test_progress_cannot_be_changed(progress):
    with pytest.raises(FrozenInstanceError):
        progress.steps = 21


@pytest.mark.parametrize("lowest", [dict.fromkeys([*WHOLE, "seconds"], 0), {"loss_sum": -1.5}], ids=str)
def test_the_lowest_values_are_taken(folder, progress, lowest):
    with_metadata(folder, {"progress": json.dumps({**asdict(progress), **lowest})})
    assert read_resume(folder)[1] == replace(progress, **lowest)


def test_a_resume_state_that_was_cut_off_is_refused(refusal, folder):
    content = (folder / RESUME).read_bytes()
    for length in range(len(content)):
        (folder / RESUME).write_bytes(content[:length])
        sentence = refusal(lambda: read_resume(folder), folder / RESUME)
        assert "restore it from a copy, or train again with --from" in sentence


@pytest.mark.parametrize("metadata", [None, {}, {"steps": "5"}, {"state": "{}"}], ids=str)
def test_a_resume_state_without_its_progress_is_refused(refusal, folder, metadata):
    with_metadata(folder, metadata)
    assert "is damaged" in refusal(lambda: read_resume(folder), folder / RESUME)


@pytest.mark.parametrize(
    "content",
    ["", "{", "{}", "null", "true", "5", '"steps"', '""', "[]", "[1]", '[["steps", 5]]', DEEP, '{"steps": ' + DEEP, "9" * 5000],
    ids=lambda content: content[:20],
)
def test_progress_that_is_something_else_is_refused(refusal, folder, content):
    with_metadata(folder, {"progress": content})
    sentence = refusal(lambda: read_resume(folder), folder / RESUME)
    assert "is damaged (" in sentence
    assert sentence.endswith("; restore it from a copy, or train again with --from")


@pytest.mark.parametrize("name", Progress.__dataclass_fields__)
def test_progress_that_lacks_something_is_refused_by_its_name(refusal, folder, progress, name):
    record = asdict(progress)
    del record[name]
    with_metadata(folder, {"progress": json.dumps(record)})
    sentence = refusal(lambda: read_resume(folder), folder / RESUME)
    assert "is damaged (" in sentence
    assert f"missing required field `{name}`" in sentence


def test_progress_that_has_something_more_is_refused_by_its_name(refusal, folder, progress):
    with_value(folder, progress, "surprise", 5)
    assert "is damaged (Progress has no setting 'surprise'" in refusal(lambda: read_resume(folder), folder / RESUME)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name in WHOLE for value in (-1, 1.5, "5", None, True, [5], {}, NESTED, float("nan"))),
        *(("seconds", value) for value in (-1, -0.5, "5", None, True, [5], {}, NESTED, float("nan"))),
        *(("loss_sum", value) for value in ("5", None, True, [5], {}, NESTED)),
        *(("paths", value) for value in ([], "/a.txt", None, 5, {}, [5], [None], ["/a.txt", 5], [["/a.txt"]], NESTED)),
        *(("text_encoding", value) for value in (None, 5, True, ["utf-8"], {}, NESTED)),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_a_wrong_value_in_progress_is_refused_by_its_name(refusal, folder, progress, name, value):
    with_value(folder, progress, name, value)
    sentence = refusal(lambda: read_resume(folder), folder / RESUME)
    assert f"is damaged ({name}: expected " in sentence
    assert sentence.endswith("; restore it from a copy, or train again with --from")


def test_a_resume_state_of_types_that_numpy_has_is_read(folder, progress):
    with_tensor(folder, progress, "F32", 4)
    arrays, found = read_resume(folder)
    assert (arrays["a"].tolist(), found) == ([0.0, 0.0], progress)


@pytest.mark.parametrize(("dtype", "size"), [("BF16", 2), ("F8_E4M3", 1), ("F8_E5M2", 1), ("F4", 1)])
def test_a_resume_state_of_types_that_numpy_lacks_is_refused(refusal, folder, progress, dtype, size):
    with_tensor(folder, progress, dtype, size)
    assert "is damaged" in refusal(lambda: read_resume(folder), folder / RESUME)


def test_no_changed_byte_of_a_resume_state_makes_a_traceback(folder, flipped):
    content, refused = (folder / RESUME).read_bytes(), 0
    for damaged in flipped(content, 8 + struct.unpack("<Q", content[:8])[0]):
        (folder / RESUME).write_bytes(damaged)
        try:
            read_resume(folder)
        except CheckpointError:
            refused += 1
    assert refused > 100


def test_a_missing_resume_state_says_what_to_do(refusal, tmp_path):
    folder = tmp_path / "story"
    sentence = refusal(lambda: read_resume(folder), folder)
    assert "has no saved training state" in sentence
    assert "`charlstm train TEXT --from story`" in sentence


def test_a_folder_in_place_of_a_resume_state_is_refused(refusal, folder):
    (folder / RESUME).unlink()
    (folder / RESUME).mkdir()
    refusal(lambda: read_resume(folder), folder / RESUME)


def test_a_resume_state_cannot_be_written_to_a_folder_that_is_gone(tmp_path, progress):
    with pytest.raises(CheckpointError, match="cannot be written"):
        write_resume(tmp_path / "gone", {}, progress)
