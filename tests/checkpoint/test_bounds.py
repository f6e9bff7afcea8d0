"""Bounds on every field of a checkpoint: all is read in little time, and nothing is written that would be refused."""

import json
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace

import pytest
from safetensors.numpy import save

from charlstm.checkpoint.config_file import CONFIG, read_config, write_config
from charlstm.checkpoint.config_records import MAX_NAME, MAX_WINDOW, MAX_WINDOWS
from charlstm.checkpoint.history import HISTORY, read_history
from charlstm.checkpoint.json_files import MAX_BYTES
from charlstm.checkpoint.state_files import read_progress, read_state
from charlstm.checkpoint.weights import WEIGHTS, read_weights
from charlstm.errors import CheckpointError

TIME_LIMIT = 5.0 if sys.gettrace() is None else 15.0
"""Seconds of processor time; an idle machine needs a tenth of it. Measuring coverage traces every line."""

SPECS = [
    f"{what}_{kind}"
    for what in ("kernel", "recurrent", "bias")
    for kind in ("initializer", "regularizer", "constraint")
] + ["input_initializer"]  # fmt: skip

OVERSIZED = {
    "one window of megabytes": ("corpus", "windows", ["ab" * 5_000_000]),
    "a window too long": ("corpus", "windows", ["a" * (MAX_WINDOW + 1)]),
    "a window too many": ("corpus", "windows", ["ab"] * (MAX_WINDOWS + 1)),
    "windows of megabytes": ("corpus", "windows", ["ab" * 50] * 100_000),
    "a name of megabytes": ("corpus", "name", "a" * 10_000_000),
    "a name too long": ("corpus", "name", "a" * (MAX_NAME + 1)),
    "a fingerprint of megabytes": ("corpus", "fingerprint", "0" * 10_000_000),
    "a length beyond all disks": ("corpus", "characters", 10**30),
    "a release of megabytes": (None, "charlstm_version", "1" * 10_000_000),
    "a release that is a number": (None, "charlstm_version", 5),
    "a date of megabytes": (None, "created", "2" * 10_000_000),
    **{f"{name} of megabytes": ("model", name, "l1:" + "1" * 10_000_000) for name in SPECS},
}


@pytest.fixture
def quick():
    """Check that the test takes at most :data:`TIME_LIMIT`."""
    before = time.process_time()
    yield
    assert time.process_time() - before < TIME_LIMIT


def changed(folder, part, name, value):
    record = json.loads((folder / CONFIG).read_text())
    record.pop("sha256")
    (record if part is None else record[part])[name] = value
    (folder / CONFIG).write_text(json.dumps(record))


@pytest.mark.parametrize(("part", "name", "value"), OVERSIZED.values(), ids=OVERSIZED)
def test_oversized_config_field_is_refused_by_name(refusal, folder, quick, part, name, value):
    changed(folder, part, name, value)
    sentence = refusal(lambda: read_config(folder), folder / CONFIG)
    assert f"is damaged: {name}: expected " in sentence
    assert len(sentence) < 1_000


@pytest.mark.parametrize("part", ["model", "training", "corpus"])
def test_100_000_unknown_settings_are_refused(refusal, folder, quick, part):
    record = json.loads((folder / CONFIG).read_text())[part]
    changed(folder, None, part, record | {f"x{number}": number for number in range(100_000)})
    assert "there is no setting 'x0'" in refusal(lambda: read_config(folder), folder / CONFIG)


def test_largest_config_is_read_quickly(folder, config, quick):
    most = replace(config.corpus, name="a" * MAX_NAME, windows=("ab" * (MAX_WINDOW // 2),) * MAX_WINDOWS)
    write_config(folder, replace(config, corpus=most))
    assert read_config(folder).corpus == most


@pytest.mark.parametrize(
    "change",
    [{"name": "a" * (MAX_NAME + 1)}, {"name": "\U0001f600" * MAX_NAME}, {"windows": ("ab",) * (MAX_WINDOWS + 1)}],
    ids=["name", "bytes", "windows"],
)
def test_config_that_would_be_refused_is_not_written(folder, config, change):
    before = (folder / CONFIG).read_bytes()
    with pytest.raises(CheckpointError, match=r"config\.json cannot be written: .*; train on fewer files"):
        write_config(folder, replace(config, corpus=replace(config.corpus, **change)))
    assert (folder / CONFIG).read_bytes() == before


@pytest.mark.slow
def test_longest_history_is_read_quickly(folder, evaluation, quick):
    line = json.dumps(asdict(evaluation())).encode() + b"\n"
    (folder / HISTORY).write_bytes(line * (MAX_BYTES // len(line)))
    assert len(read_history(folder)) > 100_000


PROGRESS: dict[str, Callable[[dict], object]] = {
    "paths": lambda record: record.update(paths=["/a" * 5_000_000]),
    "text_encoding": lambda record: record.update(text_encoding="utf" * 1_000_000),
    "surroundings": lambda record: record.update(surroundings={"cores": "2" * 1_000_000}),
}


@pytest.mark.parametrize("name", [*PROGRESS, "names in surroundings"])
def test_oversized_progress_is_refused(folder, progress, quick, name):
    record = asdict(progress)
    if name in PROGRESS:
        PROGRESS[name](record)
    else:
        record["surroundings"] = {str(number): "" for number in range(100_000)}
    content = save({}, metadata={"progress": json.dumps(record), "history": "[]"})
    (folder / "resume" / "000001.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match="is damaged") as error:
        read_progress(folder)
    assert len(str(error.value)) < 1_000


@pytest.mark.parametrize("length", [MAX_BYTES + 1, 90_000_000, 2**40, 2**64 - 1])
def test_oversized_tensor_header_is_not_read(folder, config, quick, length):
    content = struct.pack("<Q", length) + b'{"__metadata__":{"a":"' + b"a" * 1_000
    for path in (folder / WEIGHTS, folder / "resume" / "000001.safetensors"):
        path.write_bytes(content)
    with pytest.raises(CheckpointError, match=f"its header has {length:,} bytes; expected at most 16,777,216"):
        read_weights(folder, config.model)
    with pytest.raises(CheckpointError, match=f"its header has {length:,} bytes; expected at most 16,777,216"):
        read_progress(folder)
    with pytest.raises(CheckpointError, match="is damaged"):
        read_state(folder, config)
