"""``charlstm evaluate``: which text is measured, and what is said of it."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from charlstm.analysis.surprise import stateful_surprise, stateless_surprise
from charlstm.checkpoint.files import read_config, read_weights, write_config
from charlstm.inference.network import build_network

TEXT = "".join(np.random.default_rng(0).choice(list("The quick brown fox\n"), 1_000))


@pytest.fixture(autouse=True)
def tale(tmp_path, make_checkpoint):
    """A checkpoint of a text of 1,000 characters, of which the last 100 are held out."""
    folder = make_checkpoint(tmp_path / "checkpoints" / "tale", corpus="tale.txt")
    config = read_config(folder)
    record = replace(config.corpus, fingerprint=hashlib.sha256(TEXT.encode()).hexdigest(), characters=len(TEXT))
    write_config(folder, replace(config, corpus=record))
    return folder


@pytest.fixture
def network(tale):
    config = read_config(tale)
    return build_network(config.model, read_weights(tale, config.model))


@pytest.mark.parametrize("where", ["tale.txt", "data/tale.txt"])
def test_without_a_text_the_held_out_end_of_the_corpus_is_measured(charlstm, tmp_path, tale, network, where):
    (tmp_path / "data").mkdir()
    (tmp_path / where).write_text(TEXT)
    told = json.loads(charlstm("evaluate", "--json").stdout)
    ids = read_config(tale).vocabulary.encode(TEXT[900:])
    assert (told["checkpoint"], told["characters"], told["window"]) == ("tale", 100, 12)
    stateful, stateless = told["modes"]["stateful"], told["modes"]["stateless"]
    assert stateful["nats_per_char"] == pytest.approx(stateful_surprise(network, ids).mean())
    assert stateful["bits_per_char"] == pytest.approx(stateful["nats_per_char"] / np.log(2))
    # The sample is larger than the text: all of it is counted.
    windows = stateless_surprise(network, ids, np.arange(1, 100), 12)
    assert stateless["nats_per_char"] == pytest.approx(windows.mean())
    assert (stateless["standard_error_nats"], stateless["characters"]) == (0, 99)
    assert told["contexts"]["12"] == stateless


def test_a_corpus_elsewhere_is_found_by_the_flag_and_checked(charlstm, tmp_path):
    (tmp_path / "tale.txt").write_text(TEXT[:-1])  # another text of the same name
    nowhere = charlstm("evaluate")
    assert (nowhere.exit_code, nowhere.stdout) == (1, "")
    assert "tale.txt, is neither here nor in data/" in nowhere.stderr
    wrong = charlstm("evaluate", "--corpus", "tale.txt")
    assert wrong.exit_code == 1
    assert "tale.txt is not the text that tale was trained on" in wrong.stderr
    (tmp_path / "moved.txt").write_text(TEXT)
    assert "held-out end of moved.txt: 100 characters" in charlstm("evaluate", "--corpus", "moved.txt").stdout


def test_any_text_can_be_measured_whole(charlstm, tmp_path, network, tale):
    (tmp_path / "other.txt").write_text("fox and dog")
    told = json.loads(charlstm("evaluate", "other.txt", "--json").stdout)
    ids = read_config(tale).vocabulary.encode("fox and dog")
    assert told["modes"]["stateful"]["nats_per_char"] == pytest.approx(stateful_surprise(network, ids).mean())
    assert json.loads(charlstm("evaluate", "-", "--json", stdin="fox and dog").stdout)["modes"] == told["modes"]


def test_unknown_characters_are_refused_or_seen_to(charlstm, tmp_path):
    (tmp_path / "other.txt").write_text("fÖx and dog")
    refused = charlstm("evaluate", "other.txt")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "'Ö'" in refused.stderr
    assert "other.txt: 10 characters" in charlstm("evaluate", "other.txt", "--on-unknown", "skip").stdout
    replaced = charlstm("evaluate", "other.txt", "--on-unknown", "replace")
    assert "other.txt: 11 characters" in replaced.stdout
    assert "replaced by the nearest" in replaced.stderr


@pytest.mark.parametrize("text", ["", "a"])
def test_a_text_too_short_to_measure_is_refused(charlstm, tmp_path, text):
    (tmp_path / "short.txt").write_text(text)
    result = charlstm("evaluate", "short.txt")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "at least two" in result.stderr


def test_a_model_that_held_nothing_out_needs_another_text(charlstm, tmp_path, tale):
    (tmp_path / "tale.txt").write_text(TEXT)
    config = read_config(tale)
    write_config(tale, replace(config, training=replace(config.training, validation=0.0)))
    result = charlstm("evaluate")
    assert result.exit_code == 1
    assert "nothing is held out" in result.stderr


def test_a_text_and_a_corpus_are_one_too_many(charlstm, tmp_path):
    (tmp_path / "tale.txt").write_text(TEXT)
    assert charlstm("evaluate", "tale.txt", "--corpus", "tale.txt").exit_code == 2


def test_the_table_has_both_modes_and_every_context(charlstm, tmp_path):
    (tmp_path / "tale.txt").write_text(TEXT)
    lines = charlstm("evaluate", "--sample", "20").stdout.splitlines()
    assert lines[0] == "tale on the held-out end of tale.txt: 100 characters"
    labels = [line[:28].strip() for line in lines[1:] if "." in line[28:]]
    powers = [str(2**power) for power in range(4)] + ["12"] + [str(2**power) for power in range(4, 9)]
    assert labels == ["stateful, one pass", "stateless, window of 12", *powers, "all, the state carried"]
    assert sum("±" in line for line in lines) == 12
