"""``charlstm train``: real trainings of a tiny model, one of them in a process of its own."""

import json
import math
import re
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from safetensors.numpy import load_file

from charlstm.checkpoint.config_file import read_config
from charlstm.checkpoint.weights import read_weights
from charlstm.inference.logits import log_softmax
from charlstm.inference.modes import StatefulDecoder
from charlstm.inference.network import build_network
from charlstm.results.commands import TrainingResult
from charlstm.text.vocabulary import Vocabulary
from tests.cli.story_training import ALPHABET, FILES, SMALL, STEPS_PER_EPOCH, STORY, files_in


@pytest.mark.slow
def test_early_stopping_is_reported(charlstm, tmp_path):
    (tmp_path / "tired.txt").write_text(STORY)
    harmful = ("--learning-rate", "3", "--schedule", "constant", "--ema", "0")
    lasting = ("--epochs", "200", "--num-evaluations", "400", "--patience", "1")
    network = ("--units", "8", "--seq-len", "8", "--batch-size", "4")
    result = charlstm("train", "tired.txt", *network, *harmful, *lasting)
    assert result.exit_code == 0
    assert "Stopped early: no better score in 1 evaluation." in result.stderr


def test_stdout_is_exactly_the_json(first_training):
    assert first_training.returncode == 0
    told = json.loads(first_training.stdout)
    assert set(told) == {
        "checkpoint", "nats_per_char", "bits_per_char", "parameters", "seconds", "steps", "characters_per_second",
    }  # fmt: skip
    assert msgspec.json.decode(first_training.stdout, type=TrainingResult).to_dict() == told
    assert told["checkpoint"] == "story"
    assert told["bits_per_char"] == pytest.approx(told["nats_per_char"] / math.log(2))
    size = len(ALPHABET)
    assert told["parameters"] == 4 * (size * 8 + 8 * 8 + 8) + (8 + 1) * size
    assert told["steps"] == math.ceil(0.2 * STEPS_PER_EPOCH)
    assert told["seconds"] > 0
    assert told["characters_per_second"] > 0


def test_stderr_has_progress_and_no_tensorflow_noise(first_training):
    patterns = [
        rf"story\.txt: 2,000 characters, {len(ALPHABET)} distinct; 1,800 to learn from, the last 200 held out\.",
        r'Text begins: "[^\n]{20,70}…"',
        r"standard: windows of 8, one-hot encoding, LSTM 8, targets every; streams of 4, (float32|bfloat16), 0\.2 epochs\.",
        r"Only the last 200 characters are scored: the standard error is about 0\.16 nats/char\.",
        r"20 % of the text, less than a minute on two fast cores: dropout 0, DropConnect 0\.",
        r"Starting TensorFlow …",
        r"Training .*checkpoints/story, [0-9,]+ parameters\. Ctrl-C saves the training and stops it\.",
        r" *[0-9:]+ (s|min)  step +12  epoch +0\.2  training [0-9.]+  held out [0-9.]+ nats, [0-9.]+ bits/char  best so far",
        r"Done in .*\. Generate with: charlstm generate --checkpoint story --checkpoints /.*/checkpoints",
    ]
    lines = first_training.stderr.splitlines()
    assert len(lines) == len(patterns), first_training.stderr
    for line, pattern in zip(lines, patterns, strict=True):
        assert re.fullmatch(pattern, line)


def test_checkpoint_files_are_complete_and_agree(first_training, trained):
    told = json.loads(first_training.stdout)
    assert files_in(trained) == FILES
    weights = load_file(trained / "model.safetensors")
    assert sum(array.size for array in weights.values()) == told["parameters"]
    config = json.loads((trained / "config.json").read_text())
    assert config["vocabulary"] == "".join(ALPHABET)
    assert config["model"]["units"] == [8]
    assert config["training"]["epochs"] == 0.2
    assert all(window in STORY for window in config["corpus"]["windows"])
    (line,) = [json.loads(line) for line in (trained / "history.jsonl").read_text().splitlines()]
    assert (line["nats_per_char"], line["step"], line["best"]) == (told["nats_per_char"], told["steps"], True)
    assert f"{told['bits_per_char']:.4f} bits per character" in (trained / "README.md").read_text()


def test_score_is_that_of_the_saved_weights(first_training, trained):
    config = read_config(trained)
    decoder = StatefulDecoder(build_network(config.model, read_weights(trained, config.model)))
    ids, state, nats = config.vocabulary.encode(STORY[1800:]), decoder.initial_state(1), []
    for character, following in pairwise(ids):
        state = decoder.step(np.array([character]), state)
        nats.append(-log_softmax(decoder.logits(state).astype(np.float64))[0, following])
    assert json.loads(first_training.stdout)["nats_per_char"] == pytest.approx(np.mean(nats), rel=1e-4)


def test_trained_model_generates_and_is_listed(trained, charlstm):
    written = charlstm("generate", "--length", "20").stdout
    assert set(written) <= {*ALPHABET, "\n"}
    assert json.loads(charlstm("list", "--json").stdout)["checkpoints"][0]["checkpoint"] == "story"


def test_both_engines_generate_the_same_text(trained, charlstm):
    for mode in ("stateless", "stateful"):
        options = ("--seed", "ferry", "--length", "30", "--random-seed", "4", "--mode", mode)
        keras = charlstm("generate", *options, "--engine", "keras")
        assert keras.exit_code == 0
        assert keras.stdout == charlstm("generate", *options).stdout


def test_repeated_training_gives_the_same_weights(trained, train_json):
    again = train_json("story.txt", *SMALL)
    assert again["checkpoint"] == "story-2"
    ours, theirs = (load_file(trained.parent / name / "model.safetensors") for name in ("story", "story-2"))
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    assert files_in(trained.parent / "story-2") == FILES


@pytest.mark.parametrize("name", [(), ("--name", "story")])
def test_name_taken_while_tensorflow_starts(charlstm, tmp_path, monkeypatch, name):
    def rehearse(*_: object) -> float:
        (tmp_path / "checkpoints" / "story").mkdir(parents=True)
        return 0.0

    monkeypatch.setattr("charlstm.training.validation.Validator.rehearse", rehearse)
    (tmp_path / "story.txt").write_text(STORY)
    result = charlstm("train", "story.txt", *SMALL, "--json", *name)
    if name:
        assert result.exit_code == 1
        assert "already exists" in result.stderr
        return
    assert result.exit_code == 0
    assert json.loads(result.stdout)["checkpoint"] == "story-2"
    assert "Training checkpoints/story-2, " in result.stderr
    assert "charlstm generate --checkpoint story-2" in result.stderr
    assert list((tmp_path / "checkpoints" / "story").iterdir()) == []
    assert files_in(tmp_path / "checkpoints" / "story-2") == FILES


def test_without_json_stdout_is_empty(trained, charlstm):
    result = charlstm("train", "story.txt", *SMALL, "--name", "saga", "--validation-split", "0", "--show-samples")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "nothing held out" in result.stderr
    assert "\n    " in result.stderr  # the sample
    assert files_in(trained.parent / "saga") == FILES
    assert json.loads((trained.parent / "saga" / "history.jsonl").read_text())["nats_per_char"] is None


def test_stdin_is_a_corpus(train_json, tmp_path):
    result = train_json("-", *SMALL, "--validation-split", "0", "--input-encoding", "scalar", "--targets", "last", stdin=STORY)
    assert (result["checkpoint"], result["nats_per_char"], result["bits_per_char"]) == ("stdin", None, None)
    assert read_config(tmp_path / "checkpoints" / "stdin").corpus.characters == 2000


def test_several_files_are_one_text(train_json, tmp_path):
    (tmp_path / "one.txt").write_text(STORY[:900])
    (tmp_path / "two.txt").write_text(STORY[900:])
    assert train_json("one.txt", "two.txt", *SMALL, "--checkpoints", "elsewhere")["checkpoint"] == "one"
    corpus = read_config(tmp_path / "elsewhere" / "one").corpus
    assert (corpus.name, corpus.characters) == ("one.txt + two.txt", 2001)  # a line end parts them


def test_existing_name_is_refused(trained, refusal):
    before = {name: (trained / name).read_bytes() for name in FILES}
    sentence = refusal("train", "story.txt", *SMALL, "--name", "story")
    assert "checkpoints/story already exists" in sentence
    assert "--resume story" in sentence
    assert {name: (trained / name).read_bytes() for name in FILES} == before


@pytest.mark.slow
def test_fine_tuning_with_new_characters_keeps_the_base(trained, train_json, tmp_path):
    before = {name: (trained / name).read_bytes() for name in FILES}
    (tmp_path / "more.txt").write_text(STORY.replace("river", "Styx!"))
    result = train_json("more.txt", "--from", "story", "--epochs", "0.1", "--num-evaluations", "1")
    assert result["checkpoint"] == "more"
    config = read_config(tmp_path / "checkpoints" / "more")
    assert config.vocabulary == Vocabulary.of(STORY + "Styx!")
    assert config.model.units == (8,)
    assert config.model.seq_len == 8
    assert result["parameters"] == 4 * (len(config.vocabulary) * 8 + 8 * 8 + 8) + 9 * len(config.vocabulary)
    assert {name: (trained / name).read_bytes() for name in FILES} == before


@pytest.mark.usefixtures("idle_training")
def test_page_shows_the_training_and_then_its_report(charlstm, tmp_path):
    (tmp_path / "story.txt").write_text(STORY)
    result = charlstm("train", "story.txt", *SMALL, "--page", "live.html")
    assert result.exit_code == 0
    assert "Open live.html in a browser to watch it." in result.stderr
    assert "The page of this training is in live.html." in result.stderr
    page = (tmp_path / "live.html").read_text()
    assert 'data-state="finished"' in page
    assert "Only the last 200 characters are scored" in page
    assert page.count('class="text sample"') >= 1


@pytest.mark.usefixtures("idle_training")
def test_page_that_cannot_be_written_is_refused_before_the_training(charlstm, tmp_path):
    (tmp_path / "story.txt").write_text(STORY)
    result = charlstm("train", "story.txt", *SMALL, "--page", "nowhere/live.html")
    assert result.exit_code == 2
    assert "--page: the folder nowhere does not exist" in result.stderr
    assert not (tmp_path / "checkpoints").exists()
