"""Trainings that are refused only after TensorFlow has started."""

import re

import pytest

from charlstm.config import ModelConfig
from charlstm.planning.presets import PRESETS

STORY = " ".join(["river", "ferry", "lamp", "oar", "eel"] * 80)
SMALL = ("--units", "8", "--seq-len", "8", "--batch-size", "4", "--epochs", "0.2", "--num-evaluations", "1")


def test_scalar_models_cannot_learn_new_characters(tmp_path, make_checkpoint, charlstm):
    config = ModelConfig(vocabulary_size=len(set(STORY)), seq_len=8, units=(8,), encoding="scalar")
    make_checkpoint(tmp_path / "checkpoints" / "old", config, vocabulary="".join(sorted(set(STORY))))
    (tmp_path / "more.txt").write_text(STORY + "§")
    result = charlstm("train", "more.txt", "--from", "old", "--epochs", "0.1")
    assert (result.exit_code, result.stdout) == (1, "")
    sentence = result.stderr.splitlines()[-1]
    assert sentence.startswith("charlstm: the text has 1 character that the model does not know ('§')")
    assert "--input-encoding" in sentence
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["old"]


REFUSED = {
    "--kernel-regularizer nonsense": "--kernel-regularizer: expected one of l1",
    "--kernel-regularizer l2:much": "'l2:much'",
    "--bias-regularizer l2:1,2,3": "'l2:1,2,3'",
    "--recurrent-constraint tight": "--recurrent-constraint: expected one of max_norm",
    "--kernel-initializer nonsense": "--kernel-initializer: Keras has no initialiser 'nonsense'",
    "--recurrent-initializer nonsense": "--recurrent-initializer: Keras has no initialiser 'nonsense'",
    "--kernel-constraint max_norm:0": "--kernel-constraint: expected a largest norm above 0 after max_norm:",
    "--bias-initializer nonsense": "--bias-initializer: Keras has no initialiser 'nonsense'",
}


@pytest.mark.parametrize(("option", "words"), REFUSED.items(), ids=REFUSED)
def test_unknown_keras_names_leave_no_folder(charlstm, tmp_path, option, words):
    (tmp_path / "story.txt").write_text(STORY)
    result = charlstm("train", "story.txt", *SMALL, *option.split())
    assert (result.exit_code, result.stdout) == (1, "")
    sentence = result.stderr.splitlines()[-1]
    assert sentence.startswith("charlstm: ")
    assert words in sentence
    assert "TensorFlow" not in result.stderr
    assert [path.name for path in (tmp_path).iterdir()] == ["story.txt"]


def test_preset_is_adapted_to_a_short_text_with_a_note(charlstm, tmp_path):
    (tmp_path / "story.txt").write_text(STORY)
    # The option ends the command before the first step.
    said = charlstm("train", "story.txt", "--preset", "best", "--kernel-initializer", "random_uniform:3e38").stderr
    for option, name in (("--batch-size", "batch_size"), ("--seq-len", "seq_len")):
        assert re.search(rf"The text is short for this recipe: {option} is [0-9]+ instead of {PRESETS['best'][name]}\.", said)


def test_nan_loss_is_reported(charlstm, tmp_path):
    (tmp_path / "story.txt").write_text(STORY)
    result = charlstm("train", "story.txt", *SMALL, "--epochs", "5", "--learning-rate", "1e38", "--clip-norm", "0")
    assert (result.exit_code, result.stdout) == (1, "")
    *before, last = result.stderr.splitlines()
    assert sum(line.startswith("The loss was NaN or infinite at step ") for line in before) == 3
    assert re.match(r"charlstm: the loss is NaN or infinite at step \d+ even with .*--learning-rate", last)


@pytest.mark.usefixtures("idle_training")
def test_unwritable_checkpoints_folder_is_reported(charlstm, tmp_path):
    (tmp_path / "story.txt").write_text(STORY)
    result = charlstm("train", "story.txt", *SMALL, "--checkpoints", "story.txt")
    assert result.exit_code == 1
    assert "charlstm: story.txt/story cannot be created" in result.stderr


@pytest.mark.parametrize("root", ["story.txt", "story.txt/deeper", "loop", "loop/deeper", "dangling"])
@pytest.mark.parametrize("name", [(), ("--name", "novel")], ids=["unnamed", "named"])
def test_checkpoints_folder_is_checked_before_tensorflow_starts(charlstm, tmp_path, root, name):
    (tmp_path / "story.txt").write_text(STORY)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nowhere")
    result = charlstm("train", "story.txt", *SMALL, "--checkpoints", root, *name)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "TensorFlow" not in result.stderr
    sentence = result.stderr.splitlines()[-1]
    assert sentence.startswith(f"charlstm: {root}/{'novel' if name else 'story'} cannot be created (")
    assert sentence.endswith("choose another folder with --checkpoints")


@pytest.mark.parametrize("others", [(), ("--cluster", "localhost:1,localhost:2", "--rank", "1")])
def test_training_larger_than_memory_is_refused_early(charlstm, tmp_path, monkeypatch, others):
    monkeypatch.setattr("charlstm.planning.memory_estimate.total_memory", lambda: 12e9)
    (tmp_path / "story.txt").write_text(STORY)
    result = charlstm("train", "story.txt", *SMALL, "--units", "30000", *others)
    assert (result.exit_code, result.stdout) == (1, "")
    sentence = result.stderr.splitlines()[-1]
    assert re.fullmatch(
        r"charlstm: this training needs about \d+ GB of memory, and this machine has 12; lower --units", sentence
    )
    assert "TensorFlow" not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["story.txt"]


@pytest.mark.parametrize("options", [(), ("--sweep", "units=8,9")])
def test_a_folder_for_tensorboard_that_is_a_file_is_refused_before_the_text_is_read(charlstm, tmp_path, options):
    (tmp_path / "taken").write_text("")
    result = charlstm("train", "nothing.txt", "--tensorboard", "taken", *options)
    assert result.exit_code == 2
    assert "--tensorboard: no files can be written to it (taken is not a folder); choose another folder" in result.stderr
