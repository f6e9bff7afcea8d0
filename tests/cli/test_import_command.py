"""``charlstm import``."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from charlstm.checkpoint.config_file import read_config
from charlstm.planning.training_plan import plan_training
from charlstm.results.history import HistoryResult
from tests.conftest import ALPHABET, PANGRAM

V = len(ALPHABET)
SMALL = {"epochs": 1.0, "seq_len": 8, "batch_size": 2}


def story(seed):
    """Return a text of 8,000 characters with every character of the vocabulary, another one for each seed."""
    return ALPHABET + "".join(random.Random(seed).choices(ALPHABET, k=8_000 - V))


@pytest.fixture
def weights(tmp_path):
    """Write the weights of a network that is sure of the character ``e``."""
    draw = np.random.default_rng(0)
    bias = np.zeros(V, np.float32)
    bias[ALPHABET.index("e")] = 50
    arrays = {
        "lstm/kernel": draw.normal(size=(V, 28)).astype(np.float32),
        "lstm/recurrent_kernel": draw.normal(size=(7, 28)).astype(np.float32),
        "dense/kernel": draw.normal(size=(7, V)).astype(np.float32),
        "dense/bias": bias,
    }
    save_file(arrays, tmp_path / "net.safetensors")


@pytest.mark.usefixtures("weights")
def test_the_command_says_what_it_found_and_where_the_model_is(charlstm, tmp_path):
    (tmp_path / "v.json").write_text(json.dumps(list(ALPHABET)))
    done = charlstm("import", "net.safetensors", "--vocabulary", "v.json", "--name", "net")
    assert done.exit_code == 0
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "LSTM 7, one-hot input, 30 characters, windows of 100.",
        "The file does not say everything; assumed: windows of 100 and the activations tanh and sigmoid.",
        "The model is in checkpoints/net. Generate with: charlstm generate --checkpoint net",
    ]
    assert charlstm("generate", "--checkpoint", "net", "--seed", "The ", "--length", "5").stdout == "The eeeee\n"
    assert charlstm("inspect", "--checkpoint", "net").exit_code == 0
    assert "an unknown text (net.safetensors)" in charlstm("list").stdout


@pytest.fixture
def imported(charlstm, weights, tmp_path):
    """Import the network without its text, as the checkpoint ``net``."""
    (tmp_path / "v.json").write_text(json.dumps(list(ALPHABET)))
    assert charlstm("import", "net.safetensors", "--vocabulary", "v.json").exit_code == 0


@pytest.mark.usefixtures("imported")
def test_the_history_of_an_imported_model_shows_no_training(charlstm):
    result = charlstm("history", "net")
    assert result.exit_code == 0
    head, _, sentence = result.stdout.splitlines()
    assert head.split(" · ")[0].startswith("net: imported")
    assert "steps" not in head
    assert "epochs" not in head
    assert sentence == "It was imported from net.safetensors: how it was trained is not known."
    (run,) = HistoryResult.from_json(charlstm("history", "net", "--json").stdout).runs
    assert (run.status, [finding.kind for finding in run.findings]) == ("imported", ["imported"])
    assert run.settings["units"] == [7]
    assert not {"dropout", "learning_rate", "epochs", "batch_size", "kernel_initializer"} & run.settings.keys()


@pytest.mark.usefixtures("imported")
def test_an_imported_model_has_no_recipe(refusal):
    assert refusal("inspect", "recipe", "--checkpoint", "net") == (
        "net was imported from net.safetensors, and the settings of its training are not known; train it further with "
        "--from net, and print the recipe of that training"
    )


@pytest.mark.usefixtures("imported")
def test_without_a_seed_it_says_that_there_is_no_passage(charlstm):
    result = charlstm("generate", "--checkpoint", "net", "--length", "3")
    assert result.exit_code == 0
    assert "Without --seed, starting from '\\n': the checkpoint has no passage of the text it was trained on" in result.stderr


@pytest.mark.usefixtures("imported")
def test_an_unknown_text_is_never_found_in_another(charlstm, tmp_path):
    (tmp_path / "story.txt").write_text(PANGRAM * 3)
    scored = charlstm("evaluate", "story.txt", "--checkpoint", "net", "--json")
    assert scored.exit_code == 0
    assert json.loads(scored.stdout)["seen"] is None
    assert "net was imported, and the text that it was trained on is not known. If the scored text is in it" in scored.stderr
    assert "the text that net was trained on is not known" in charlstm("evaluate", "--checkpoint", "net").stderr
    assert "the training text is not known" in charlstm("generate", "--checkpoint", "net", "--words", "corpus").stderr


UNKNOWN = "the text that net was trained on is not known"
ADVICE = {
    "evaluate": (1, f"charlstm: {UNKNOWN}; import the model again with --corpus, or name another text to evaluate it on\n"),
    "evaluate story.txt": (0, f"there are no baselines: {UNKNOWN}; import the model again with --corpus.\n"),
    "evaluate story.txt --corpus story.txt": (
        1,
        f"charlstm: {UNKNOWN}, so --corpus cannot be compared with it; leave out --corpus, or import the model again with "
        "--corpus\n",
    ),
    "evaluate story.txt --dynamic": (
        1,
        f"charlstm: --dynamic measures gradients on the training text: {UNKNOWN}; import the model again with --corpus\n",
    ),
    "compare --seed t --length 3": (
        0,
        f"Quality is not measured: {UNKNOWN}; import the model again with --corpus, or name another text with --text.\n",
    ),
    "compare --seed t --length 3 --text story.txt": (
        0,
        f"Novelty is not measured: {UNKNOWN}; import the model again with --corpus.\n",
    ),
    "export --to net.html": (0, f"The stored weights are not scored: {UNKNOWN}; import the model again with --corpus"),
}


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize("command", ADVICE)
def test_the_advice_about_an_unknown_text_can_be_followed(charlstm, tmp_path, command):
    (tmp_path / "story.txt").write_text(PANGRAM * 3)
    code, sentence = ADVICE[command]
    result = charlstm(*command.split(), "--checkpoint", "net")
    assert result.exit_code == code
    assert sentence in result.stderr


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize(
    ("given", "own", "is_scored"), [({}, [], True), ({"validation": 0.0}, [], False), ({}, ["own.txt"], True)]
)
def test_a_score_after_an_unknown_text_is_marked(tmp_path, given, own, is_scored):
    (tmp_path / "story.txt").write_text(story(0))
    (tmp_path / "own.txt").write_text(story(1))
    made = plan_training(
        Path("checkpoints"),
        ["story.txt"],
        SMALL | given,
        preset="quick",
        created="2026-01-01",
        base_name="net",
        validation_files=own,
    )
    note = (
        "net was imported, and the text that it was trained on is not known. If the scored text is in it, the score is better "
        "than on new text."
    )
    assert (note in made.notes) == is_scored


@pytest.mark.usefixtures("imported", "idle_training")
def test_an_imported_model_that_is_trained_further_has_a_training(charlstm, tmp_path):
    (tmp_path / "story.txt").write_text(PANGRAM * 30)
    trained = charlstm("train", "story.txt", "--from", "net", "--name", "further", "--epochs", "1", "--seq-len", "8")
    assert trained.exit_code == 0
    assert "# Fine-tuned from net" in charlstm("inspect", "recipe", "--checkpoint", "further").stdout
    assert "further: finished" in charlstm("history", "further").stdout
    assert "trained on an unknown text (net.safetensors) |" in (tmp_path / "checkpoints/further/README.md").read_text()


@pytest.mark.usefixtures("weights")
def test_the_command_that_generates_names_another_folder(charlstm, tmp_path):
    (tmp_path / "v.json").write_text(json.dumps(list(ALPHABET)))
    said = charlstm("import", "net.safetensors", "--vocabulary", "v.json", "--checkpoints", "models").stderr
    assert said.endswith("Generate with: charlstm generate --checkpoint net --checkpoints models\n")
    assert charlstm("generate", "--checkpoint", "net", "--checkpoints", "models", "--length", "3").exit_code == 0


@pytest.mark.usefixtures("weights")
def test_a_name_that_is_taken_is_refused(refusal, charlstm, tmp_path):
    (tmp_path / "v.json").write_text(json.dumps(list(ALPHABET)))
    arguments = ("import", "net.safetensors", "--vocabulary", "v.json", "--name", "net")
    assert charlstm(*arguments).exit_code == 0
    assert refusal(*arguments) == "checkpoints/net already exists and was not changed; choose another --name"


@pytest.mark.usefixtures("weights")
def test_a_corpus_gives_vocabulary_and_seeds_and_shows_that_the_ids_are_others(charlstm, tmp_path):
    (tmp_path / "story.txt").write_text(PANGRAM * 50)
    done = charlstm("import", "net.safetensors", "--corpus", "story.txt")
    assert "nats per character, worse than chance: its ids stand for other characters" in done.stderr
    config = read_config(tmp_path / "checkpoints" / "net")
    assert (config.vocabulary.characters, config.corpus.name) == (ALPHABET, "story.txt")
    assert config.corpus.windows[0] in PANGRAM * 5
    assert config.imported == "net.safetensors"
    assert "starting from this passage: " in charlstm("generate", "--checkpoint", "net", "--length", "3").stderr
    assert "net: imported" in charlstm("history", "net").stdout


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize("part", [slice(0, 2_000), slice(500, 3_500), slice(7_000, None)], ids=str)
def test_a_part_of_the_corpus_is_recognised_as_trained_on(charlstm, tmp_path, part):
    text = story(0)
    (tmp_path / "story.txt").write_text(text)
    (tmp_path / "part.txt").write_text(text[part])
    (tmp_path / "other.txt").write_text(story(1)[part])
    assert charlstm("import", "net.safetensors", "--corpus", "story.txt").exit_code == 0
    for name, is_seen in {"part": True, "other": False}.items():
        scored = charlstm("evaluate", f"{name}.txt", "--checkpoint", "net", "--json")
        assert (json.loads(scored.stdout)["seen"] is not None) == is_seen
        made = plan_training(
            Path("checkpoints"), [f"{name}.txt"], SMALL, preset="quick", created="2026-01-01", name=name, base_name="net"
        )
        assert (made.config.held_out == 0) == is_seen
        assert any("net was trained on about 100 %" in note for note in made.notes) == is_seen


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize("characters", [30, 31, 32, 33])
def test_a_corpus_shorter_than_a_run_can_be_imported_and_trained_further(charlstm, tmp_path, characters):
    (tmp_path / "story.txt").write_text((ALPHABET * 2)[:characters])
    (tmp_path / "other.txt").write_text(story(1))
    assert charlstm("import", "net.safetensors", "--corpus", "story.txt").exit_code == 0
    assert charlstm("evaluate", "other.txt", "--checkpoint", "net").exit_code == 0
    made = plan_training(Path("checkpoints"), ["other.txt"], SMALL, preset="quick", created="2026-01-01", base_name="net")
    assert made.config.held_out == 800


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize(("arguments", "said"), [
    (["net.safetensors"], "net.safetensors does not say which characters its ids stand for; give --vocabulary"),
    (["net.txt"], "net.txt cannot be imported; expected a file that ends in .keras, .h5, .hdf5 or .safetensors"),
    (["none.keras"], "none.keras does not exist; check the name"),
    (["net.safetensors", "--vocabulary", "none.json"], "none.json does not exist"),
    (["net.safetensors", "--corpus", "other.txt"], "the vocabulary has 3 characters, and net.safetensors predicts 30"),
    ([".keras"], ".keras does not exist"),
])  # fmt: skip
def test_what_cannot_be_imported_is_refused(refusal, tmp_path, arguments, said):
    (tmp_path / "other.txt").write_text("abab\n")
    assert said in refusal("import", *arguments)
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.usefixtures("weights")
def test_the_placeholder_is_not_counted_as_a_character(charlstm, tmp_path):
    (tmp_path / "v.json").write_text(json.dumps([*ALPHABET[:-1], "[UNK]"]))
    done = charlstm("import", "net.safetensors", "--vocabulary", "v.json")
    assert done.stderr.startswith("LSTM 7, one-hot input, 29 characters and a placeholder, windows of 100.\n")
