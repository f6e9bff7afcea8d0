"""``charlstm train``: real trainings of a tiny model, one of them in a process of its own."""

import json
import math
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
from safetensors.numpy import load_file

from charlstm.checkpoint.config_file import read_config
from charlstm.checkpoint.state_files import read_state, write_state
from charlstm.checkpoint.weights import read_weights
from charlstm.inference.logits import log_softmax
from charlstm.inference.modes import StatefulDecoder
from charlstm.inference.network import build_network
from charlstm.results.commands import TrainingResult
from charlstm.text.vocabulary import Vocabulary

WORDS = np.random.default_rng(0).choice(["river", "ferry", "lamp", "oar", "eel"], 500)
STORY = " ".join(WORDS)[:2000]
ALPHABET = sorted(set(STORY))
SMALL = ("--units", "8", "--seq-len", "8", "--batch-size", "4", "--epochs", "0.2", "--num-evaluations", "1")
STEPS_PER_EPOCH = 1799 // (4 * 8)
"""Steps of an epoch: 1,799 inputs in 4 streams of windows of 8."""

FILES = [
    "README.md", "config.json", "history.jsonl", "model.safetensors",
    "resume/000001.json", "resume/000001.safetensors", "resume/000002.json", "resume/000002.safetensors", "resume/lock",
]  # fmt: skip
"""Files of the two states: before the first step, and after the only evaluation."""


@pytest.fixture(scope="module")
def first(tmp_path_factory) -> subprocess.CompletedProcess[str]:
    """Train once in a process of its own; the folder is ``first.args[-1]``."""
    folder = tmp_path_factory.mktemp("first")
    (folder / "story.txt").write_text(STORY)
    root = str(folder / "checkpoints")
    return subprocess.run(
        [sys.executable, "-m", "charlstm", "train", "story.txt", *SMALL, "--json", "--checkpoints", root],
        cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def trained(first, tmp_path) -> Path:
    """Make a folder with the text and a copy of the trained checkpoint."""
    assert first.returncode == 0, first.stderr
    shutil.copytree(first.args[-1], tmp_path / "checkpoints")
    (tmp_path / "story.txt").write_text(STORY)
    return tmp_path / "checkpoints" / "story"


@pytest.fixture
def told(charlstm):
    """Train, and return the JSON object."""

    def run(*arguments, stdin=""):
        result = charlstm("train", "--json", *arguments, stdin=stdin)
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    return run


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_early_stopping_is_reported(charlstm, tmp_path):
    (tmp_path / "tired.txt").write_text(STORY)
    harmful = ("--learning-rate", "3", "--schedule", "constant", "--ema", "0")
    lasting = ("--epochs", "200", "--num-evaluations", "400", "--patience", "1")
    network = ("--units", "8", "--seq-len", "8", "--batch-size", "4")
    result = charlstm("train", "tired.txt", *network, *harmful, *lasting)
    assert result.exit_code == 0
    assert "Stopped early: no better score in 1 evaluations." in result.stderr


def test_stdout_is_exactly_the_json(first):
    assert first.returncode == 0
    told = json.loads(first.stdout)
    assert set(told) == {
        "checkpoint", "nats_per_char", "bits_per_char", "parameters", "seconds", "steps", "characters_per_second",
    }  # fmt: skip
    assert msgspec.json.decode(first.stdout, type=TrainingResult).to_dict() == told
    assert told["checkpoint"] == "story"
    assert told["bits_per_char"] == pytest.approx(told["nats_per_char"] / math.log(2))
    size = len(ALPHABET)
    assert told["parameters"] == 4 * (size * 8 + 8 * 8 + 8) + (8 + 1) * size
    assert told["steps"] == math.ceil(0.2 * STEPS_PER_EPOCH)
    assert told["seconds"] > 0
    assert told["characters_per_second"] > 0


def test_stderr_has_progress_and_no_tensorflow_noise(first):
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
    lines = first.stderr.splitlines()
    assert len(lines) == len(patterns), first.stderr
    for line, pattern in zip(lines, patterns, strict=True):
        assert re.fullmatch(pattern, line)


def test_checkpoint_files_are_complete_and_agree(first, trained):
    told = json.loads(first.stdout)
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


def test_score_is_that_of_the_saved_weights(first, trained):
    config = read_config(trained)
    decoder = StatefulDecoder(build_network(config.model, read_weights(trained, config.model)))
    ids, state, nats = config.vocabulary.encode(STORY[1800:]), decoder.initial_state(1), []
    for character, following in pairwise(ids):
        state = decoder.step(np.array([character]), state)
        nats.append(-log_softmax(decoder.logits(state).astype(np.float64))[0, following])
    assert json.loads(first.stdout)["nats_per_char"] == pytest.approx(np.mean(nats), rel=1e-4)


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


def test_repeated_training_gives_the_same_weights(trained, told):
    again = told("story.txt", *SMALL)
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


def test_stdin_is_a_corpus(told, tmp_path):
    result = told("-", *SMALL, "--validation-split", "0", "--input-encoding", "scalar", "--targets", "last", stdin=STORY)
    assert (result["checkpoint"], result["nats_per_char"], result["bits_per_char"]) == ("stdin", None, None)
    assert read_config(tmp_path / "checkpoints" / "stdin").corpus.characters == 2000


def test_several_files_are_one_text(told, tmp_path):
    (tmp_path / "one.txt").write_text(STORY[:900])
    (tmp_path / "two.txt").write_text(STORY[900:])
    assert told("one.txt", "two.txt", *SMALL, "--checkpoints", "elsewhere")["checkpoint"] == "one"
    corpus = read_config(tmp_path / "elsewhere" / "one").corpus
    assert (corpus.name, corpus.characters) == ("one.txt + two.txt", 2001)  # a line end parts them


def test_existing_name_is_refused(trained, refusal):
    before = {name: (trained / name).read_bytes() for name in FILES}
    sentence = refusal("train", "story.txt", *SMALL, "--name", "story")
    assert "checkpoints/story already exists" in sentence
    assert "--resume story" in sentence
    assert {name: (trained / name).read_bytes() for name in FILES} == before


def test_resume_continues_to_the_new_budget(first, trained, told):
    before = (trained / "history.jsonl").read_text()
    result = told("--resume", "story", "--epochs", "0.5")
    assert result["checkpoint"] == "story"
    assert result["steps"] == math.ceil(0.5 * STEPS_PER_EPOCH)
    assert result["seconds"] > json.loads(first.stdout)["seconds"]
    history = (trained / "history.jsonl").read_text()
    assert history.startswith(before)
    assert json.loads(history.splitlines()[-1])["step"] == result["steps"]
    assert [name for name in files_in(trained) if not name.startswith("resume/0")] == [*FILES[:4], "resume/lock"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--resume", "story"), "story has finished its 0.2 epochs; --epochs 0.4 trains 0.2 more."),
        (("story.txt", "--resume", "story"), "story has finished its 0.2 epochs; --epochs 0.4 trains 0.2 more."),
        (("--resume", "story", "--epochs", "0.1"), "trains 0.214 more."),
        (("--resume", "story", "--minutes", "0.01"), "--minutes"),
        (("story.txt", "--name", "story", "--resume-if-exists", *SMALL), "story has finished its 0.2 epochs; --epochs 0.4"),
    ],
)
def test_finished_training_is_reported_and_unchanged(first, trained, charlstm, options, said):
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in trained.rglob("*") if path.is_file()}
    result = charlstm("train", "--json", *options)
    assert result.exit_code == 0
    assert said in result.stderr
    assert "TensorFlow" not in result.stderr
    expected = json.loads(first.stdout)
    told = json.loads(result.stdout)
    assert told.keys() == expected.keys()
    for key in expected.keys() - {"seconds", "characters_per_second"}:
        assert told[key] == expected[key]
    assert 0 < told["seconds"] < 2 * expected["seconds"]
    assert told["characters_per_second"] == 0
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in trained.rglob("*") if path.is_file()} == before
    assert charlstm("train", *options).stdout == ""


def test_worker_of_a_finished_training_exits(trained, charlstm):
    result = charlstm("train", "--resume", "story", "--cluster", "localhost:1,localhost:2", "--rank", "1")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_resume_makes_the_missing_last_evaluation(trained, told):
    config = read_config(trained)
    state = read_state(trained, config)
    write_state(trained, replace(state, history=(), best={}, progress=replace(state.progress, loss_count=12, loss_sum=24.0)))
    result = told("--resume", "story")
    assert result["steps"] == state.progress.steps
    assert result["nats_per_char"] == pytest.approx(state.history[-1].nats_per_char)
    assert len((trained / "history.jsonl").read_text().splitlines()) == 1


def test_resuming_needs_the_same_text(trained, tmp_path, refusal):
    (tmp_path / "other.txt").write_text(STORY[::-1])
    sentence = refusal("train", "other.txt", "--resume", "story")
    assert "other.txt is not the text that story is trained on (story.txt" in sentence
    assert "--from story" in sentence
    sentence = refusal("train", "--resume", "story", "--learning-rate", "0.1")
    assert "--learning-rate cannot be changed" in sentence


def test_fine_tuning_with_new_characters_keeps_the_base(trained, told, tmp_path):
    before = {name: (trained / name).read_bytes() for name in FILES}
    (tmp_path / "more.txt").write_text(STORY.replace("river", "Styx!"))
    result = told("more.txt", "--from", "story", "--epochs", "0.1", "--num-evaluations", "1")
    assert result["checkpoint"] == "more"
    config = read_config(tmp_path / "checkpoints" / "more")
    assert config.vocabulary == Vocabulary.of(STORY + "Styx!")
    assert config.model.units == (8,)
    assert config.model.seq_len == 8
    assert result["parameters"] == 4 * (len(config.vocabulary) * 8 + 8 * 8 + 8) + 9 * len(config.vocabulary)
    assert {name: (trained / name).read_bytes() for name in FILES} == before


def test_ctrl_c_saves_and_training_resumes(terminal, told, refusal, charlstm, tmp_path):
    (tmp_path / "story.txt").write_text(STORY)
    endless = ("train", "story.txt", *SMALL, "--epochs", "1000000", "--json")
    with terminal(*endless, columns=20, env={"COLUMNS": "20"}, stdout=subprocess.PIPE) as screen:
        screen.wait_for("%|")  # a step was made
        screen.process.send_signal(signal.SIGINT)
        assert screen.finish() == 130
        stopped = json.loads(screen.process.stdout.read())
    assert "Stopped and saved. Resume with: charlstm train --resume story" in " ".join(screen.seen.split())
    assert "Traceback" not in screen.seen
    assert files_in(tmp_path / "checkpoints" / "story") == FILES
    assert stopped["nats_per_char"] > 0
    resumed = told("--resume", "story", "--epochs", str((stopped["steps"] + 5) / STEPS_PER_EPOCH))
    assert resumed["steps"] == stopped["steps"] + 5
    assert charlstm("generate", "--length", "5").exit_code == 0


def test_resume_names_only_the_options_that_were_given(charlstm):
    assert "; remove --from;" in charlstm("train", "a.txt", "--resume", "a", "--from", "b").stderr
    assert "; remove --name and --preset;" in charlstm("train", "--resume", "a", "--name", "b", "--preset", "quick").stderr
