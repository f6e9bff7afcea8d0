"""Every command with a model whose rare characters share a placeholder."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from charlstm.checkpoint.config_file import read_config, write_config
from charlstm.checkpoint.weights import read_weights, write_weights
from charlstm.config import ModelConfig
from charlstm.evaluation.baselines import baselines
from charlstm.evaluation.surprisal import stateful_surprisal
from charlstm.inference.network import build_network
from charlstm.text.vocabulary import RareCharacters, Vocabulary
from charlstm.training.dynamic_evaluation import dynamic_surprisal
from tests.cli.conftest import TEXT

ODD = TEXT[:200] + "ÖÖ渡" + TEXT[200:950] + "Öß" + TEXT[950:]
VOCABULARY = Vocabulary("".join(sorted(set(TEXT))), RareCharacters("Ö渡", (2, 1)))
SMALL = ("--units", "8", "--seq-len", "8", "--batch-size", "4", "--epochs", "0.2", "--num-evaluations", "1", "--json")


@pytest.fixture
def tale(tmp_path, make_checkpoint) -> Path:
    """Make a checkpoint of :data:`ODD` with a held-out end and two characters that were not learned."""
    (tmp_path / "tale.txt").write_text(ODD)
    model = ModelConfig(vocabulary_size=VOCABULARY.model_size, seq_len=12, units=(16,))
    folder = make_checkpoint(tmp_path / "checkpoints" / "tale", model, vocabulary=VOCABULARY, corpus="tale.txt")
    config = read_config(folder)
    record = replace(config.corpus, fingerprint=hashlib.sha256(ODD.encode()).hexdigest(), characters=len(ODD))
    write_config(folder, replace(config, corpus=record))
    return folder


@pytest.fixture
def network(tale):
    config = read_config(tale)
    return build_network(config.model, read_weights(tale, config.model))


def nats(network, text: str) -> np.ndarray:
    ids = VOCABULARY.encode_any(text)
    return stateful_surprisal(network, ids, naming=VOCABULARY.naming_nats(ids))


HELD_OUT = ODD[-round(0.1 * len(ODD)) :]


@pytest.mark.slow
def test_rare_characters_are_scored_with_naming_cost(charlstm, tale, network):
    result = charlstm("evaluate", "--json", "--surprise", "--dynamic")
    told = json.loads(result.stdout)
    assert "2 of 100 characters are rare or new to the model" in result.stderr
    assert told["surprise"]["text"] == HELD_OUT
    np.testing.assert_allclose(told["surprise"]["nats"], nats(network, HELD_OUT), atol=1e-4)
    assert told["modes"]["stateful"]["nats_per_char"] == pytest.approx(nats(network, HELD_OUT).mean())
    learnt, held_out = (VOCABULARY.encode_any(text) for text in (ODD[: -len(HELD_OUT)], HELD_OUT))
    expected = baselines(learnt, held_out, VOCABULARY)
    assert {name: score["nats_per_char"] for name, score in told["references"].items()} == pytest.approx(expected)
    config, naming = read_config(tale).model, VOCABULARY.naming_nats(held_out)
    adapted = dynamic_surprisal(config, read_weights(tale, config), learnt, held_out, naming=naming)
    assert told["dynamic"]["nats_per_char"] == pytest.approx(adapted.mean(), rel=1e-4)


@pytest.mark.parametrize("command", ["evaluate", "compare"])
def test_unknown_characters_in_scored_text_are_accepted(charlstm, tmp_path, network, command):
    text = "fÖx 渡 \U0001f600 rune\u0301"
    (tmp_path / "other.txt").write_text(text)
    arguments = ("evaluate", "other.txt") if command == "evaluate" else ("compare", "--text", "other.txt", "--length", "9")
    result = charlstm(*arguments, "--json")
    modes = json.loads(result.stdout)["modes"]
    assert modes["stateful"]["nats_per_char"] == pytest.approx(nats(network, text).mean())
    assert "4 of 13 characters are rare or new" in result.stderr


@pytest.mark.parametrize(("policy", "scored"), [("skip", "fx ink"), ("replace", "fox ink")])
def test_explicit_on_unknown_policy_applies(charlstm, tmp_path, network, policy, scored):
    (tmp_path / "other.txt").write_text("fÖx ink" if policy == "skip" else "föx ink")
    told = json.loads(charlstm("evaluate", "other.txt", "--json", "--on-unknown", policy).stdout)
    assert told["modes"]["stateful"]["nats_per_char"] == pytest.approx(nats(network, scored).mean())


@pytest.mark.usefixtures("tale")
def test_compare_reports_rare_characters(charlstm, tmp_path):
    result = charlstm("compare", "--length", "20", "--report", "page.html", "--json")
    assert result.exit_code == 0, result.stderr
    assert "ß" in (tmp_path / "page.html").read_text("utf-8")
    assert set(json.loads(result.stdout)["modes"]["stateful"]["text"]) <= set(VOCABULARY.characters)


@pytest.mark.usefixtures("tale")
def test_seeds_with_rare_characters_follow_the_policy(charlstm, refusal):
    assert "'Ö'" in refusal("generate", "--seed", "fÖx")
    assert "can never generate 'Ö'" in refusal("generate", "--seed", "fox", "--stop", "Ö")
    arguments = ("generate", "--length", "30", "--random-seed", "1", "--no-echo")
    assert charlstm(*arguments, "--seed", "fÖx", "--on-unknown", "skip").stdout == charlstm(*arguments, "--seed", "fx").stdout


@pytest.mark.parametrize("options", [(), ("--mode", "stateful"), ("--engine", "keras"), ("--samples", "3")])
def test_placeholder_is_never_printed(charlstm, tale, options):
    biased(tale)
    told = json.loads(charlstm("generate", "--seed", "fox", "--length", "40", "--json", *options).stdout)
    for sample in told["samples"]:
        assert len(sample["text"]) == 40
        assert set(sample["text"]) <= set(VOCABULARY.characters)


def test_placeholder_is_never_in_output_files(charlstm, tale, tmp_path):
    biased(tale)
    result = charlstm("generate", "--seed", "fox", "--length", "40", "--samples", "70", "--output", "many.jsonl")
    assert result.exit_code == 0, result.stderr
    lines = [json.loads(line) for line in (tmp_path / "many.jsonl").read_text("utf-8").splitlines()]
    assert len(lines) == 70
    assert set("".join(line["text"] for line in lines)) <= set(VOCABULARY.characters)


def biased(folder: Path) -> None:
    """Make the placeholder the likeliest character by far."""
    config = read_config(folder)
    weights = {name: value.copy() for name, value in read_weights(folder, config.model).items()}
    weights["dense/bias"][-1] = 1_000
    write_weights(folder, weights)


@pytest.mark.slow
@pytest.mark.usefixtures("tale")
def test_inspect_accepts_any_character_and_text(charlstm):
    found = {}
    for character in "渡ß":
        step = json.loads(charlstm("inspect", "step", "--character", character, "--json", "--keras").stdout)["sections"]["step"]
        assert (step["character"], step["id"]) == (character, len(VOCABULARY))
        assert {each["character"] for each in step["likeliest"]} <= set(VOCABULARY.characters)
        found[character] = [layer["h"] for layer in step["layers"]]
    assert found["渡"] == found["ß"]
    told = json.loads(charlstm("inspect", "inside", "--text", "fÖx 渡 " * 12, "--json").stdout)
    assert told["inside"]["text"] == "fÖx 渡 " * 12
    assert charlstm("inspect", "--keras", "--page", "page.html").exit_code == 0


def test_placeholder_is_not_among_the_likeliest(charlstm, tale):
    biased(tale)
    step = json.loads(charlstm("inspect", "step", "--json").stdout)["sections"]["step"]
    assert {each["character"] for each in step["likeliest"]} <= set(VOCABULARY.characters)
    assert all(each["probability"] < 1e-6 for each in step["likeliest"])


@pytest.mark.slow
def test_training_score_equals_evaluate(charlstm, tmp_path):
    (tmp_path / "tale.txt").write_text(ODD)
    result = charlstm("train", "tale.txt", "--min-count", "3", *SMALL)
    assert result.exit_code == 0, result.stderr
    distinct, learned = len(set(ODD)), len(VOCABULARY)
    assert f"{distinct} distinct characters; {learned} of them make 99.66 % of the text and are learned" in result.stderr
    assert f"{learned} distinct ones learned" in result.stderr
    assert read_config(tmp_path / "checkpoints" / "tale").vocabulary == VOCABULARY
    told = json.loads(charlstm("evaluate", "--json").stdout)
    assert told["modes"]["stateful"]["nats_per_char"] == pytest.approx(json.loads(result.stdout)["nats_per_char"], rel=1e-5)
    assert json.loads(charlstm("list", "--json").stdout)["checkpoints"][0]["vocabulary"] == learned
    assert charlstm("train", "--resume", "tale", "--epochs", "0.4").exit_code == 0
    tuned = charlstm("train", "tale.txt", "--from", "tale", "--name", "tuned", "--epochs", "0.1", "--json")
    assert tuned.exit_code == 0, tuned.stderr
    assert read_config(tmp_path / "checkpoints" / "tuned").vocabulary.rare == RareCharacters("Ö渡", (4, 2))


@pytest.mark.parametrize("value", ["0", "-1", "some", "1.5"])
def test_invalid_min_count_is_refused(charlstm, value):
    result = charlstm("train", "tale.txt", "--min-count", value)
    assert result.exit_code == 2
    assert "--min-count: expected auto or an integer of at least 1; found" in result.stderr


@pytest.mark.usefixtures("idle_training")
def test_a_script_with_min_count_resumes_its_training(charlstm, tmp_path):
    (tmp_path / "odd.txt").write_text(ODD)
    command = ("train", "odd.txt", "--name", "odd", "--min-count", "4", *SMALL, "--resume-if-exists")
    assert charlstm(*command).exit_code == 0
    again = charlstm(*command)
    assert again.exit_code == 0
    assert "odd has finished its 0.2 epochs" in again.stderr
