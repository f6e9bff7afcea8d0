"""Damaged, foreign and missing weights: the message names the file and the problem, and says what to do."""

import struct

import numpy as np
import pytest
from safetensors.numpy import save_file

from charlstm import machine
from charlstm.checkpoint.config_file import CONFIG, read_config
from charlstm.checkpoint.history import HISTORY, read_history, write_history
from charlstm.checkpoint.weights import WEIGHTS, read_weights, write_weights
from charlstm.errors import CheckpointError


def test_truncated_weights_are_refused(refusal, folder, config):
    content = (folder / WEIGHTS).read_bytes()
    for length in [*range(0, len(content), 7), len(content) - 1]:
        (folder / WEIGHTS).write_bytes(content[:length])
        sentence = refusal(lambda: read_weights(folder, config.model), folder / WEIGHTS)
        assert "is damaged or truncated (" in sentence
        assert "; restore it from a copy, or resume the training, which writes it again" in sentence


@pytest.mark.parametrize(
    "content", [b"", b"not safetensors at all", b"\xff" * 100, b"\x80\x02}q\x00.", struct.pack("<Q", 2) + b"{}"]
)
def test_file_of_another_format_is_refused(refusal, folder, config, content):
    (folder / WEIGHTS).write_bytes(content)
    assert "; restore " in refusal(lambda: read_weights(folder, config.model), folder / WEIGHTS)


def test_flipped_bits_never_change_a_weight(folder, config, weights, flipped):
    content, refused, same = (folder / WEIGHTS).read_bytes(), 0, 0
    for damaged in flipped(content, len(content)):
        (folder / WEIGHTS).write_bytes(damaged)
        try:
            found = read_weights(folder, config.model)
        except CheckpointError:
            refused += 1
        else:  # the bit is in white space or in the name of the digest
            assert all(np.array_equal(found[name], weights[name]) for name in weights)
            same += 1
    assert refused > len(content)
    assert same < 100


def test_weights_without_a_digest_are_read(folder, config, weights):
    save_file({name: 2 * value for name, value in weights.items()}, folder / WEIGHTS)
    assert np.array_equal(read_weights(folder, config.model)["dense/kernel"], 2 * weights["dense/kernel"])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_with_nan_or_infinity_are_refused(refusal, folder, config, weights, value):
    weights["lstm_1/kernel"][1, 2] = value
    write_weights(folder, weights)
    sentence = refusal(lambda: read_weights(folder, config.model), folder / WEIGHTS)
    assert "lstm_1/kernel contains NaN or infinity; restore" in sentence


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("dense/bias", None, "the weight 'dense/bias' is missing"),
        ("lstm_3/kernel", np.zeros((2, 8), np.float32), "the weight 'lstm_3/kernel' is unexpected"),
        ("lstm_1/kernel", np.zeros((12, 2), np.float32), "lstm_1/kernel should be F32 (2, 12) and is F32 (12, 2)"),
        ("lstm_1/kernel", np.zeros(24, np.float32), "lstm_1/kernel should be F32 (2, 12) and is F32 (24,)"),
        ("dense/bias", np.zeros(4, np.float16), "dense/bias should be F32 (4,) and is F16 (4,)"),
        ("dense/bias", np.zeros(4, np.float64), "dense/bias should be F32 (4,) and is F64 (4,)"),
        ("dense/bias", np.zeros(4, np.int32), "dense/bias should be F32 (4,) and is I32 (4,)"),
    ],
)
def test_weights_of_another_model_are_refused(refusal, folder, config, weights, name, value, found):
    changed = {**weights, name: value} if value is not None else {key: weights[key] for key in weights if key != name}
    write_weights(folder, changed)
    sentence = refusal(lambda: read_weights(folder, config.model), folder / WEIGHTS)
    assert f"does not fit config.json: {found}; restore both files from the same training" in sentence


def test_message_for_missing_files_says_what_to_do(refusal, tmp_path, config):
    folder = tmp_path / "story"
    sentence = refusal(lambda: read_config(folder), folder / CONFIG)
    assert f"does not exist, so {folder} is not a checkpoint; choose another checkpoint" in sentence
    sentence = refusal(lambda: read_weights(folder, config.model), folder / WEIGHTS)
    assert "does not exist: its training ended before the first evaluation" in sentence
    assert "resume the training of story" in sentence


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS, HISTORY], ids=str)
def test_folder_in_place_of_a_file_is_refused(refusal, folder, config, name):
    (folder / name).unlink()
    (folder / name).mkdir()
    readers = {
        CONFIG: lambda: read_config(folder),
        WEIGHTS: lambda: read_weights(folder, config.model),
        HISTORY: lambda: read_history(folder),
    }
    assert f"cannot be read ({name} is a folder, not an ordinary file)" in refusal(readers[name], folder / name)


def test_missing_folder_cannot_be_written_to(tmp_path, evaluation):
    with pytest.raises(CheckpointError, match="cannot be written"):
        write_history(tmp_path / "gone", [evaluation()])


def test_weights_larger_than_memory_are_refused_unread(refusal, folder, config, monkeypatch):
    monkeypatch.setattr(machine, "total_memory", lambda: 100.0)
    sentence = refusal(lambda: read_weights(folder, config.model), folder / WEIGHTS)
    assert sentence.endswith("needs 0 GB of memory, and this machine has 0; use a smaller model")
