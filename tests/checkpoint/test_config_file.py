"""The files of a checkpoint come back as they were written, and others can read them."""

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from charlstm.checkpoint.config_file import (
    CONFIG,
    FORMAT_VERSION,
    BaseRecord,
    CheckpointConfig,
    CorpusRecord,
    read_config,
    write_config,
)
from charlstm.checkpoint.history import HISTORY, read_history, write_history
from charlstm.checkpoint.weights import WEIGHTS, read_weights, write_weights
from charlstm.config import ModelConfig, TrainingConfig
from charlstm.text.vocabulary import RareCharacters, Vocabulary

on_tmp_path = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def configs(draw: st.DrawFn) -> CheckpointConfig:
    found = "".join(sorted(set(draw(st.text(min_size=2).filter(lambda text: len(set(text)) > 1)))))
    rare = draw(st.sets(st.sampled_from(found[1:]))) if draw(st.booleans()) else None
    vocabulary = Vocabulary(found)
    if rare is not None:
        counts = draw(st.lists(st.integers(1, 2**40), min_size=len(rare), max_size=len(rare)))
        kept = "".join(character for character in found if character not in rare)
        vocabulary = Vocabulary(kept, RareCharacters("".join(sorted(rare)), tuple(counts)))
    size = st.integers(1, 1_000_000)
    model = ModelConfig(
        vocabulary_size=vocabulary.model_size,
        seq_len=draw(size),
        encoding=draw(st.sampled_from(["scalar", "one-hot", "embedding"])),
        units=tuple(draw(st.lists(size, min_size=1, max_size=5))),
        targets=draw(st.sampled_from(["last", "every"])),
        kernel_regularizer=draw(st.none() | st.text()),
        dropout=draw(st.floats(0, 0.99)),
    )
    training = TrainingConfig(
        epochs=draw(st.floats(1e-3, 1e9)),
        minutes=draw(st.none() | st.floats(1e-3, 1e7)),
        learning_rate=draw(st.floats(1e-12, 10)),
        patience=draw(st.none() | size),
        random_seed=draw(st.integers(0, 2**63 - 1)),
    )
    windows = draw(st.lists(st.text(st.sampled_from(vocabulary.characters), min_size=1), min_size=1, max_size=8))
    corpus = CorpusRecord(
        name=draw(st.text()), fingerprint="0" * 64, characters=draw(st.integers(1, 2**40)), windows=tuple(windows)
    )
    return CheckpointConfig(
        model=model, vocabulary=vocabulary, training=training, corpus=corpus, created=draw(st.datetimes()).isoformat()
    )


@given(configs())
@on_tmp_path
def test_a_configuration_comes_back(tmp_path, config):
    write_config(tmp_path, config)
    assert read_config(tmp_path) == config
    # An older release reads whatever it can make sense of.
    assert json.loads((tmp_path / CONFIG).read_text())["format_version"] == (1 if config.vocabulary.rare is None else 2)


def test_a_model_without_rare_characters_is_written_byte_for_byte_as_version_1(tmp_path):
    golden = Path(__file__).parents[1] / "golden" / "version-1" / "scalar-relu-last"
    write_config(tmp_path, read_config(golden))
    fields_of_releases = {"charlstm_version", "sha256"}
    before, after = (json.loads((folder / CONFIG).read_text(), object_pairs_hook=list) for folder in (golden, tmp_path))
    assert [pair for pair in after if pair[0] not in fields_of_releases] == [
        pair for pair in before if pair[0] not in fields_of_releases
    ]


def test_rare_characters_are_written_in_plain_json(tmp_path, config):
    rare = RareCharacters("éü", (3, 1))
    model = replace(config.model, vocabulary_size=5)
    write_config(tmp_path, replace(config, model=model, vocabulary=Vocabulary("\nab渡", rare)))
    record = json.loads((tmp_path / CONFIG).read_text("ascii"))
    assert record["format_version"] == FORMAT_VERSION
    assert record["vocabulary"] == "\nab渡"
    assert record["rare"] == {"characters": "éü", "counts": [3, 1]}


def test_the_configuration_says_everything_in_plain_json(tmp_path, config):
    write_config(tmp_path, config)
    record = json.loads((tmp_path / CONFIG).read_text("ascii"))
    assert record["format_version"] == 1  # an older release reads it
    assert record["vocabulary"] == "\nab渡"
    assert record["created"] == "2026-01-02T03:04:05+00:00"
    assert record["corpus"]["windows"] == ["ab", "b渡\n"]
    # Also what was left to its default: another version may have another.
    assert set(record["model"]) == {field.name for field in fields(ModelConfig)}
    assert set(record["training"]) == {field.name for field in fields(TrainingConfig)}


def test_bases_come_back_in_their_order_and_a_model_without_them_has_no_such_key(tmp_path, config):
    write_config(tmp_path, config)
    assert "bases" not in json.loads((tmp_path / CONFIG).read_text())
    numbers = {"fingerprint": "0a" * 32, "characters": 7}
    bases = tuple(
        BaseRecord(name=name, corpus=f"{name}.txt", validation=validation, **numbers)
        for name, validation in [("first", 0.0), ("zweite–渡", 0.9)]
    )
    write_config(tmp_path, replace(config, bases=bases))
    assert read_config(tmp_path).bases == bases
    assert json.loads((tmp_path / CONFIG).read_text())["bases"][0] == {
        "name": "first", "corpus": "first.txt", "validation": 0.0, **numbers,
    }  # fmt: skip


def test_weights_come_back_and_every_safetensors_reader_has_them(tmp_path, config, weights):
    write_weights(tmp_path, weights)
    for found in (read_weights(tmp_path, config.model), load_file(tmp_path / WEIGHTS)):
        assert set(found) == set(config.model.weight_shapes)
        for name, value in weights.items():
            assert found[name].dtype == np.float32
            np.testing.assert_array_equal(found[name], value)


def test_weights_are_read_in_the_order_of_the_layers(tmp_path, config, weights):
    write_weights(tmp_path, dict(reversed(weights.items())))
    assert list(read_weights(tmp_path, config.model)) == list(config.model.weight_shapes)


@pytest.mark.parametrize("name", ["lstm_1/kernel", "dense/kernel"])
@pytest.mark.parametrize(
    "arranged",
    [np.asfortranarray, lambda value: np.repeat(value, 2, axis=1)[:, ::2], lambda value: value.astype(">f4")],
    ids=["by columns", "with gaps", "big-endian"],
)
def test_weights_come_back_however_they_lie_in_memory(tmp_path, config, weights, name, arranged):
    write_weights(tmp_path, {**weights, name: arranged(weights[name])})
    np.testing.assert_array_equal(read_weights(tmp_path, config.model)[name], weights[name])


def test_history_is_a_line_for_each_evaluation(tmp_path, evaluation):
    lines = [evaluation(step=step, best=step % 2 == 0, nats_per_char=None if step == 3 else 2.0) for step in range(5)]
    write_history(tmp_path, [evaluation(step=99)] * 7)
    write_history(tmp_path, lines)
    assert read_history(tmp_path) == lines
    assert [json.loads(line)["step"] for line in (tmp_path / HISTORY).read_text().splitlines()] == [0, 1, 2, 3, 4]


def test_no_history_is_an_empty_one(tmp_path):
    assert read_history(tmp_path) == []
    write_history(tmp_path, [])
    assert read_history(tmp_path) == []


def test_a_last_line_that_was_cut_off_is_passed_over(tmp_path, evaluation):
    write_history(tmp_path, [evaluation(step=1), evaluation(step=2)])
    path = tmp_path / HISTORY
    content = path.read_bytes()
    second = content.index(b"\n") + 1
    for length in range(second, len(content)):
        path.write_bytes(content[:length])
        assert [line.step for line in read_history(tmp_path)] == [1]
