"""``charlstm evaluate``: the choice of the text, and the report on it."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from charlstm.checkpoint.config_file import read_config, write_config
from charlstm.checkpoint.config_records import BaseRecord
from charlstm.checkpoint.weights import read_weights, write_weights
from charlstm.evaluation.baselines import baselines
from charlstm.evaluation.scores import evaluate
from charlstm.evaluation.surprisal import stateful_surprisal
from charlstm.inference.network import build_network
from charlstm.training.dynamic_evaluation import dynamic_surprisal
from tests.cli.conftest import TEXT
from tests.conftest import LONG_MEMORIES, long_memory

pytestmark = pytest.mark.usefixtures("tale")


@pytest.fixture
def network(tale):
    config = read_config(tale)
    return build_network(config.model, read_weights(tale, config.model))


@pytest.mark.parametrize("where", ["tale.txt", "data/tale.txt"])
def test_held_out_text_is_the_default(charlstm, tmp_path, tale, network, where):
    (tmp_path / "data").mkdir()
    (tmp_path / where).write_text(TEXT)
    told = json.loads(charlstm("evaluate", "--json").stdout)
    ids = read_config(tale).vocabulary.encode(TEXT[900:])
    assert (told["checkpoint"], told["characters"], told["window"]) == ("tale", 100, 12)
    stateful, stateless = told["modes"]["stateful"], told["modes"]["stateless"]
    assert stateful["nats_per_char"] == pytest.approx(stateful_surprisal(network, ids).mean())
    assert stateful["bits_per_char"] == pytest.approx(stateful["nats_per_char"] / np.log(2))
    # The sample is larger than the text: all of it is counted.
    windows = evaluate(network, ids, np.arange(99), [12])
    assert stateless["nats_per_char"] == pytest.approx(windows.nats_per_char(12))
    assert (stateless["standard_error_nats"], stateless["characters"]) == (0, 99)
    assert told["contexts"]["12"] == stateless


def test_the_text_encoding_is_used_to_find_the_text(charlstm, tmp_path):
    (tmp_path / "tale.txt").write_text(TEXT, encoding="utf-16")
    assert "tale.txt is UTF-16, not UTF-8; add --text-encoding utf-16" in charlstm("evaluate").stderr
    told = json.loads(charlstm("evaluate", "--json", "--text-encoding", "utf-16").stdout)
    (tmp_path / "tale.txt").write_text(TEXT)
    found = json.loads(charlstm("evaluate", "--json").stdout)
    assert told["modes"]["stateful"] == found["modes"]["stateful"]
    for command in ("evaluate", "compare"):
        unknown = charlstm(command, "--text-encoding", "utf-99")
        assert (unknown.exit_code, unknown.stdout) == (1, "")
        assert "utf-99" in unknown.stderr


def test_corpus_option_finds_and_checks_the_text(charlstm, tmp_path):
    (tmp_path / "tale.txt").write_text(TEXT[:-1])  # another text of the same name
    nowhere = charlstm("evaluate")
    assert (nowhere.exit_code, nowhere.stdout) == (1, "")
    assert "tale.txt, is neither here nor in data/" in nowhere.stderr
    wrong = charlstm("evaluate", "--corpus", "tale.txt")
    assert wrong.exit_code == 1
    assert "tale.txt is not the text that tale was trained on" in wrong.stderr
    (tmp_path / "moved.txt").write_text(TEXT)
    assert "held-out end of moved.txt: 100 characters" in charlstm("evaluate", "--corpus", "moved.txt").stdout


def test_any_text_is_scored_whole(charlstm, tmp_path, network, tale):
    (tmp_path / "other.txt").write_text("fox and dog")
    told = json.loads(charlstm("evaluate", "other.txt", "--json").stdout)
    ids = read_config(tale).vocabulary.encode("fox and dog")
    assert told["modes"]["stateful"]["nats_per_char"] == pytest.approx(stateful_surprisal(network, ids).mean())
    assert json.loads(charlstm("evaluate", "-", "--json", stdin="fox and dog").stdout)["modes"] == told["modes"]


def test_unknown_characters_follow_the_policy(charlstm, tmp_path):
    (tmp_path / "other.txt").write_text("fÖx and dog")
    refused = charlstm("evaluate", "other.txt")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "'Ö'" in refused.stderr
    assert "other.txt: 10 characters" in charlstm("evaluate", "other.txt", "--on-unknown", "skip").stdout
    replaced = charlstm("evaluate", "other.txt", "--on-unknown", "replace")
    assert "other.txt: 11 characters" in replaced.stdout
    assert "replaced by the nearest" in replaced.stderr


@pytest.mark.parametrize("text", ["", "a"])
def test_too_short_text_is_refused(charlstm, tmp_path, text):
    (tmp_path / "short.txt").write_text(text)
    result = charlstm("evaluate", "short.txt")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "at least two" in result.stderr


def test_model_without_held_out_text_needs_a_text(charlstm, tmp_path, tale):
    (tmp_path / "tale.txt").write_text(TEXT)
    config = read_config(tale)
    write_config(tale, replace(config, training=replace(config.training, validation=0.0)))
    result = charlstm("evaluate")
    assert result.exit_code == 1
    assert "nothing is held out" in result.stderr


def test_one_held_out_character_is_refused(charlstm, tmp_path, tale):
    (tmp_path / "tale.txt").write_text(TEXT)
    config = read_config(tale)
    write_config(tale, replace(config, training=replace(config.training, validation=0.001)))
    result = charlstm("evaluate")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "one character is held out, and a score needs two; train with a larger" in result.stderr


def test_baselines_name_their_training_text(charlstm, tmp_path, tale, monkeypatch):
    (tmp_path / "tale.txt").write_text(TEXT)
    few = ("evaluate", "--sample", "20")
    assert "fitted to the same training text:" in charlstm(*few).stdout
    base = BaseRecord(name="old", corpus="older.txt", fingerprint="", characters=9, validation=0.0)
    write_config(tale, replace(read_config(tale), bases=(base, replace(base, name="older"))))
    assert "fitted to the same training text (and not those of old, older):" in charlstm(*few).stdout
    monkeypatch.setattr("charlstm.evaluation.baselines.MAX_LEARNED", 100)
    assert "fitted to the last 100 characters of the same training text (and not" in charlstm(*few).stdout


def test_other_text_is_compared_with_the_training_text(charlstm, tmp_path, tale):
    (tmp_path / "tale.txt").write_text(TEXT)
    (tmp_path / "other.txt").write_text("qqqq" + TEXT[300:340] + "qqqq")
    told = json.loads(charlstm("evaluate", "other.txt", "--corpus", "tale.txt", "--json").stdout)
    vocabulary = read_config(tale).vocabulary
    simple = baselines(vocabulary.encode(TEXT[:900]), vocabulary.encode("qqqq" + TEXT[300:340] + "qqqq"), vocabulary)
    assert {name: score["nats_per_char"] for name, score in told["references"].items()} == simple
    copy = told["counts"]["longest_copy"]
    assert TEXT[300:340] in copy["text"]
    assert copy["place"] - copy["start"] == 296
    assert copy["line"] == TEXT[: copy["place"]].count("\n") + 1
    assert json.loads(charlstm("evaluate", "other.txt", "--json").stdout) == told  # it is found, too


def test_text_is_scored_without_the_training_text(charlstm, tmp_path):
    (tmp_path / "other.txt").write_text("fox and dog")
    found = charlstm("evaluate", "other.txt")
    assert found.exit_code == 0
    assert "tale.txt, is neither here nor in data/" in found.stderr
    assert "unigram" not in found.stdout
    told = json.loads(charlstm("evaluate", "other.txt", "--json").stdout)
    assert (told["references"], told["counts"]["new"], told["dynamic"]) == (None, None, None)


def test_dynamic_evaluation_is_reported_separately(charlstm, tmp_path, tale):
    (tmp_path / "tale.txt").write_text(TEXT)
    told = json.loads(charlstm("evaluate", "--dynamic", "--json").stdout)
    config = read_config(tale)
    ids = config.vocabulary.encode(TEXT)
    nats = dynamic_surprisal(config.model, read_weights(tale, config.model), ids[:900], ids[900:])
    assert told["dynamic"]["nats_per_char"] == pytest.approx(nats.mean(), abs=1e-6)
    assert told["dynamic"]["nats_per_char"] != told["modes"]["stateful"]["nats_per_char"]
    assert "learning as it reads" in charlstm("evaluate", "--dynamic", "--sample", "20").stdout


def test_dynamic_evaluation_needs_the_training_text(charlstm, tmp_path):
    (tmp_path / "other.txt").write_text("fox and dog")
    refused = charlstm("evaluate", "other.txt", "--dynamic")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "say where it is with --corpus" in refused.stderr


def test_surprisal_of_every_character(charlstm, tmp_path, tale, network):
    (tmp_path / "tale.txt").write_text(TEXT)
    told = json.loads(charlstm("evaluate", "--surprise", "--json").stdout)["surprise"]
    assert told["text"] == TEXT[900:]
    nats = stateful_surprisal(network, read_config(tale).vocabulary.encode(TEXT[900:]))
    assert told["nats"] == pytest.approx(nats.tolist(), rel=1e-5)
    alone = charlstm("evaluate", "--surprise")
    assert alone.exit_code == 2
    assert "--json" in alone.stderr


def test_table_has_modes_contexts_and_baselines(charlstm, tmp_path):
    (tmp_path / "tale.txt").write_text(TEXT)
    lines = charlstm("evaluate", "--sample", "20").stdout.splitlines()
    assert lines[0] == "tale on the held-out end of tale.txt: 100 characters"
    labels = [found[1] for line in lines if (found := re.match(r" *(.*\S) +\d\.\d{4} +\d\.\d{4}", line))]
    powers = [str(2**power) for power in range(4)] + ["12"] + [str(2**power) for power in range(4, 7)]
    simple = ["unigram", "bigram", "5-gram"]  # a hundred characters are too few to compress
    assert labels == ["stateful, one pass", "stateless, window of 12", *powers, *simple]
    assert any(line.startswith("Substrings that are not in the training text, by length: 4: ") for line in lines)


def test_table_has_only_contexts_that_the_text_has(charlstm):
    shown = charlstm("evaluate", "-", "--sample", "5", stdin="The quick ").stdout
    rows = re.findall(r"^ +(\d+) +\d+\.\d{4} +\d+\.\d{4}", shown, re.M)
    assert rows == ["1", "2", "4", "8"]
    assert "Stateless: as stateful, since the text is no longer than the window" in " ".join(shown.split())
    told = json.loads(charlstm("evaluate", "-", "--sample", "5", "--json", stdin="The quick ").stdout)
    assert list(told["contexts"]) == [*rows, "12"]
    assert told["contexts"]["12"]["nats_per_char"] == told["modes"]["stateful"]["nats_per_char"]


def test_long_text_is_counted_at_its_beginning(charlstm, tmp_path, monkeypatch):
    monkeypatch.setattr("charlstm.evaluation.text_statistics.MAX_COUNTED", 60)
    (tmp_path / "tale.txt").write_text(TEXT)
    assert "In the text's first 60 characters:" in charlstm("evaluate", "--sample", "20").stdout


def test_random_seed_determines_the_sample(charlstm, tmp_path):
    (tmp_path / "tale.txt").write_text(TEXT)
    told = [json.loads(charlstm("evaluate", "--sample", "20", "--random-seed", seed, "--json").stdout) for seed in "12"]
    assert told[0]["modes"]["stateless"] != told[1]["modes"]["stateless"]
    assert told[0]["modes"]["stateful"] == told[1]["modes"]["stateful"]


def test_short_texts_and_loops_are_reported(charlstm, tmp_path):
    (tmp_path / "tale.txt").write_text(TEXT)
    (tmp_path / "other.txt").write_text("The " * 7)
    shown = charlstm("evaluate", "other.txt").stdout
    assert "loop: 4 characters, from 1" in shown
    assert ", 32: –" in shown


@pytest.mark.parametrize("command", ["evaluate text.txt --sample 20", "compare --text text.txt --sample 20 --length 20"])
def test_unbounded_state_is_reported(charlstm, tmp_path, make_checkpoint, command):
    config, weights = long_memory(**LONG_MEMORIES["relu, recurrent"])
    folder = make_checkpoint(tmp_path / "checkpoints" / "growing", config, vocabulary="abcdefg")
    write_weights(folder, weights)
    (tmp_path / "text.txt").write_text("abcdefgfedcbgace" * 50)
    result = charlstm(*command.split(), "--checkpoint", "growing", "--json")
    assert "of 799 characters a probability too small for a float32: each counts as 87.3 nats" in result.stderr
    stateful = json.loads(result.stdout)["modes"]["stateful"]["nats_per_char"]
    assert 10 < stateful < 87.4
    assert "a probability too small" not in charlstm(*command.split(), "--checkpoint", "tale").stderr


@pytest.mark.parametrize(("sample", "has_errors"), [("20", True), ("1000", False)])
def test_only_what_is_shown_is_explained(charlstm, tmp_path, sample, has_errors):
    (tmp_path / "tale.txt").write_text(TEXT)
    shown = " ".join(charlstm("evaluate", "--sample", sample).stdout.split())
    assert ("± its standard error" in shown) == ("± 0." in shown) == has_errors
    assert "excess" not in shown
