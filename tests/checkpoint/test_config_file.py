"""Round trips of the configuration, and its layout as plain JSON."""

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charlstm.checkpoint.config_file import CONFIG, FORMAT_VERSION, read_config, write_config
from charlstm.checkpoint.config_records import BaseRecord, CheckpointConfig, CorpusRecord
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
    hashes = st.lists(st.integers(0, 2**64 - 1), max_size=9, unique=True).map(lambda found: np.array(sorted(found), "<u8"))
    return CheckpointConfig(
        model=model,
        vocabulary=vocabulary,
        training=training,
        corpus=corpus,
        created=draw(st.datetimes()).isoformat(),
        sketches=draw(st.just(()) | st.tuples(st.none() | hashes.map(bytes))),
    )


@given(configs())
@on_tmp_path
def test_config_round_trip(tmp_path, config):
    write_config(tmp_path, config)
    assert read_config(tmp_path) == config
    # Version 1 wherever possible, so that older releases can read it.
    assert json.loads((tmp_path / CONFIG).read_text())["format_version"] == (1 if config.vocabulary.rare is None else 2)


def test_config_without_rare_characters_is_written_as_version_1(tmp_path):
    golden = Path(__file__).parents[1] / "golden" / "version-1" / "scalar-relu-last"
    write_config(tmp_path, read_config(golden))
    fields_of_releases = {"charlstm_version", "sha256"}
    before, after = (json.loads((folder / CONFIG).read_text(), object_pairs_hook=list) for folder in (golden, tmp_path))
    assert [pair for pair in after if pair[0] not in fields_of_releases] == [
        pair for pair in before if pair[0] not in fields_of_releases
    ]


def test_rare_characters_are_written_as_plain_json(tmp_path, config):
    rare = RareCharacters("éü", (3, 1))
    model = replace(config.model, vocabulary_size=5)
    write_config(tmp_path, replace(config, model=model, vocabulary=Vocabulary("\nab渡", rare)))
    record = json.loads((tmp_path / CONFIG).read_text("ascii"))
    assert record["format_version"] == FORMAT_VERSION
    assert record["vocabulary"] == "\nab渡"
    assert record["rare"] == {"characters": "éü", "counts": [3, 1]}


def test_config_is_plain_json_with_every_setting(tmp_path, config):
    write_config(tmp_path, config)
    record = json.loads((tmp_path / CONFIG).read_text("ascii"))
    assert record["format_version"] == 1  # so that older releases can read it
    assert record["vocabulary"] == "\nab渡"
    assert record["created"] == "2026-01-02T03:04:05+00:00"
    assert record["corpus"]["windows"] == ["ab", "b渡\n"]
    # Defaults too, because another release may have other defaults.
    assert set(record["model"]) == {field.name for field in fields(ModelConfig)}
    assert set(record["training"]) == {field.name for field in fields(TrainingConfig)} - {
        "gradient_precision",
        "input_rate_multiplier",
    }


@pytest.mark.parametrize(
    ("name", "value", "default"), [("gradient_precision", "bfloat16", "float32"), ("input_rate_multiplier", 8.0, 1.0)]
)
def test_a_setting_that_older_releases_refuse_is_written_only_if_it_was_given(tmp_path, config, name, value, default):
    write_config(tmp_path, replace(config, training=replace(config.training, **{name: value})))
    assert json.loads((tmp_path / CONFIG).read_text())["training"][name] == value
    assert getattr(read_config(tmp_path).training, name) == value
    write_config(tmp_path, config)
    assert name not in json.loads((tmp_path / CONFIG).read_text())["training"]
    assert getattr(read_config(tmp_path).training, name) == default


def test_bases_keep_their_order_and_are_left_out_if_empty(tmp_path, config):
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


def test_sketches_are_written_as_base64_and_left_out_if_empty(tmp_path, config):
    write_config(tmp_path, config)
    assert "sketches" not in json.loads((tmp_path / CONFIG).read_text())
    base = BaseRecord(name="first", corpus="first.txt", fingerprint="0a" * 32, characters=7, validation=0.0)
    sketches = (None, b"", bytes([1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]))
    write_config(tmp_path, replace(config, bases=(base, base), sketches=sketches))
    assert read_config(tmp_path).sketches == sketches
    record = json.loads((tmp_path / CONFIG).read_text())
    assert record["sketches"] == [None, "", "AQAAAAAAAAAAAQAAAAAAAA=="]
    # Earlier releases refuse unknown members of these two, and ignore unknown members of the whole.
    assert set(record["corpus"]) == {"name", "fingerprint", "characters", "windows"}
    assert set(record["bases"][0]) == {"name", "corpus", "fingerprint", "characters", "validation"}
