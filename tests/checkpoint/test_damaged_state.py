"""Damaged states whose manifests match: the message names the file and the problem."""

import json
import os
import re
import struct
from dataclasses import MISSING, asdict, fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load, save

from charlstm import machine
from charlstm.checkpoint.state_files import newest_state, read_progress, read_state
from charlstm.checkpoint.training_state import TrainingProgress
from charlstm.errors import CheckpointError

FIRST = Path("resume") / "000001.safetensors"
DEEP = "[" * 200_000
NESTED = json.loads("[" * 500 + "]" * 500)
INTEGERS = ["steps", "loss_count", "poor", "halvings", "evaluated"]


def put(folder: Path, content: bytes) -> None:
    """Write the first state and a manifest that matches it."""
    (folder / FIRST).write_bytes(content)
    manifest = {"bytes": len(content), "sha256": sha256(content).hexdigest()}
    (folder / FIRST).with_suffix(".json").write_text(json.dumps(manifest))


def with_metadata(folder: Path, metadata: dict[str, str] | None) -> None:
    put(folder, save(load((folder / FIRST).read_bytes()), metadata=metadata))


def metadata_of(folder: Path) -> dict[str, str]:
    with safe_open(folder / FIRST, "numpy") as file:
        return file.metadata()


def with_progress(folder: Path, progress: str) -> None:
    with_metadata(folder, {"progress": progress, "history": "[]"})


def with_value(folder: Path, progress: TrainingProgress, name: str, value: Any) -> None:
    with_progress(folder, json.dumps({**asdict(progress), name: value}))


def with_tensor(folder: Path, progress: TrainingProgress, dtype: str, size: int) -> None:
    tensor = {"dtype": dtype, "shape": [2], "data_offsets": [0, 2 * size]}
    metadata = {"progress": json.dumps(asdict(progress)), "history": "[]"}
    header = json.dumps({"__metadata__": metadata, "a": tensor}).encode()
    put(folder, struct.pack("<Q", len(header)) + header + b"\0" * 2 * size)


@pytest.fixture
def refused(folder, config):
    """Return a function that reads the only state, which must be refused, and returns the message."""

    def refusal() -> str:
        with pytest.raises(CheckpointError) as error:
            read_state(folder, config)
        sentence = str(error.value)
        assert sentence.startswith(f"{folder / FIRST} ")
        assert sentence.endswith("; restore it from a copy, or train its model further with `base='story'`")
        return sentence

    return refusal


def test_state_too_large_for_its_model_is_not_read(folder, refused):
    with (folder / FIRST).open("ab") as file:
        file.truncate(1 << 40)  # a sparse file, which takes no disk space
    manifest = json.loads((folder / FIRST).with_suffix(".json").read_text())
    (folder / FIRST).with_suffix(".json").write_text(json.dumps({**manifest, "bytes": 1 << 40}))
    assert "it has 1,099,511,627,776 bytes; a state of this model has at most 16,7" in refused()


@pytest.mark.parametrize("lowest", [dict.fromkeys([*INTEGERS, "seconds"], 0), {"loss_sum": -1.5}], ids=str)
def test_lowest_valid_values_are_read(folder, config, progress, lowest):
    with_progress(folder, json.dumps({**asdict(progress), **lowest}))
    assert read_state(folder, config).progress == replace(progress, **lowest)


@pytest.mark.parametrize("metadata", [None, {}, {"steps": "5"}, {"progress": "{}"}, {"history": "[]"}], ids=str)
def test_state_without_progress_or_history_is_refused(folder, refused, metadata):
    with_metadata(folder, metadata)
    assert "is damaged" in refused()


@pytest.mark.parametrize(
    "content",
    ["", "{", "{}", "null", "true", "5", '"steps"', '""', "[]", "[1]", '[["steps", 5]]', DEEP, '{"steps": ' + DEEP, "9" * 5000],
    ids=lambda content: content[:20],
)
def test_malformed_progress_or_history_is_refused(folder, refused, progress, content):
    with_progress(folder, content)
    assert "is damaged (" in refused()
    if content != "[]":
        with_metadata(folder, {"progress": json.dumps(asdict(progress)), "history": content})
        assert "is damaged (" in refused()


@pytest.mark.parametrize("name", [field.name for field in fields(TrainingProgress) if field.default is MISSING])
def test_missing_progress_field_is_named(folder, refused, progress, name):
    record = asdict(progress)
    del record[name]
    with_progress(folder, json.dumps(record))
    assert f"Progress lacks the setting {name}" in refused()


def test_unknown_progress_field_is_named(folder, refused, progress):
    with_value(folder, progress, "surprise", 5)
    assert "is damaged (there is no setting 'surprise'" in refused()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name in INTEGERS for value in (-1, 1.5, "5", None, True, [5], {}, NESTED)),
        *(("seconds", value) for value in (-1, -0.5, 1e11, "5", None, True, [5], {}, NESTED)),
        *(("loss_sum", value) for value in ("5", None, True, [5], {}, NESTED, 1.7e308)),
        ("halvings", 4),
        *(("paths", value) for value in ([], "/a.txt", None, 5, {}, [5], [None], ["/a.txt", 5], [["/a.txt"]], NESTED)),
        *(("text_encoding", value) for value in (None, 5, True, ["utf-8"], {}, NESTED)),
        *(("surroundings", value) for value in (None, 5, [], "utf-8", {"cores": 2}, {"cores": None}, NESTED)),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_invalid_progress_value_is_refused_by_name(folder, refused, progress, name, value):
    with_value(folder, progress, name, value)
    assert f"is damaged ({name}: expected " in refused()


def test_tensor_of_a_known_data_type_is_read(folder, config, progress):
    with_tensor(folder, progress, "F32", 4)
    assert read_state(folder, config).arrays["a"].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("dtype", "size"), [("BF16", 2), ("F8_E4M3", 1), ("F8_E5M2", 1), ("F4", 1)])
def test_tensor_of_a_data_type_numpy_lacks_is_refused(folder, refused, progress, dtype, size):
    with_tensor(folder, progress, dtype, size)
    assert "is damaged (" in refused()


@pytest.mark.parametrize("name", ["seconds", "loss_sum", "steps"])
@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_nan_or_infinity_in_progress_is_refused(folder, refused, progress, name, number):
    with_progress(folder, json.dumps({**asdict(progress), name: "here"}).replace('"here"', number))
    assert f"is damaged ({number} is not valid JSON)" in refused()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("kind", ["best", "weights", "optimizer"])
def test_nan_or_infinity_in_an_array_is_refused(folder, refused, state, weights, kind, value):
    name, array = next(iter(weights.items()))
    broken = {f"{kind}/{name}": np.full_like(array, value)}
    put(folder, save({**state.arrays, **broken}, metadata=metadata_of(folder)))
    assert f"is damaged ('{kind}/{name}' contains NaN or infinity)" in refused()


@pytest.mark.parametrize("kind", ["best", "weights", "average"])
def test_weights_of_another_shape_or_name_are_refused(folder, refused, state, weights, kind):
    name = next(iter(weights))
    put(folder, save({**state.arrays, f"{kind}/{name}": np.zeros((3, 3), np.float32)}, metadata=metadata_of(folder)))
    assert f"is damaged ('{kind}/{name}' is F32 (3, 3) and should be F32 ({weights[name].shape[0]}, " in refused()
    put(folder, save({**state.arrays, f"{kind}/more": np.zeros(3, np.float32)}, metadata=metadata_of(folder)))
    assert f"is damaged ('{kind}/more' is F32 (3,) and should be left out)" in refused()


@pytest.mark.parametrize("kind", ["best", "weights", "average"])
def test_weights_of_another_data_type_are_refused(folder, refused, state, weights, kind):
    name, array = next(iter(weights.items()))
    put(folder, save({**state.arrays, f"{kind}/{name}": array.astype(np.int32)}, metadata=metadata_of(folder)))
    assert f"is damaged ('{kind}/{name}' is I32 {array.shape} and should be F32 {array.shape})" in refused()


def test_incomplete_best_weights_are_refused(folder, refused, state, weights):
    *most, last = sorted(weights)
    put(folder, save({**state.arrays, **{f"best/{name}": weights[name] for name in most}}, metadata=metadata_of(folder)))
    assert f"is damaged (its best weights lack {last})" in refused()


@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
@pytest.mark.parametrize(
    ("kind", "put"),
    [
        ("a named pipe", os.mkfifo),
        ("a link", lambda path: path.symlink_to("/dev/zero")),
        ("a link", lambda path: path.symlink_to("/proc/kmsg")),
        ("a link", lambda path: path.symlink_to(path.parent.parent / "model.safetensors")),
        ("a folder", Path.mkdir),
    ],
)
def test_only_ordinary_files_are_opened(folder, refused, suffix, kind, put):
    path = (folder / FIRST).with_suffix(suffix)
    path.unlink()
    put(path)
    found = f"is damaged (000001{suffix} is {kind}, not an ordinary file)"
    assert found in refused()
    if suffix == ".safetensors":
        with pytest.raises(CheckpointError, match=re.escape(found)):
            read_progress(folder)


@pytest.mark.parametrize("read", [read_progress, newest_state], ids=lambda read: read.__name__)
def test_linked_resume_folder_is_not_read(folder, tmp_path, read):
    (folder / "resume").rename(tmp_path / "elsewhere")
    (folder / "resume").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CheckpointError, match=r"resume is a link out of the checkpoint; replace it with a folder"):
        read(folder)


def test_state_larger_than_memory_is_not_read(folder, refused, monkeypatch):
    monkeypatch.setattr(machine, "total_memory", lambda: 100.0)
    assert "needs 0 GB of memory, and this machine has 0; use a smaller model" in refused()


def test_folder_in_place_of_a_state_is_refused(folder, refused):
    (folder / FIRST).unlink()
    (folder / FIRST).mkdir()
    assert "is damaged" in refused()
