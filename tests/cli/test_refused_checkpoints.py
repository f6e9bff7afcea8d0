"""Invalid checkpoints and seeds: exit code 1, and one sentence with the problem and advice."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

STORY = "Once upon a time there was a ferry.\n" * 60


@pytest.fixture(autouse=True)
def tale(tmp_path, make_checkpoint):
    return make_checkpoint(tmp_path / "checkpoints" / "tale")


@pytest.mark.parametrize("arguments", ["generate --checkpoint tail", "train --resume tail", "train corpus.txt --from tail"])
def test_missing_checkpoint_lists_the_existing_ones(refusal, tale, tmp_path, make_checkpoint, arguments):
    make_checkpoint(tmp_path / "checkpoints" / "saga")
    (tmp_path / "corpus.txt").write_text(STORY)
    sentence = refusal(*arguments.split())
    assert "'tail'" in sentence
    assert "saga, tale" in sentence


def test_impossible_checkpoint_name_is_refused(refusal, tale):
    assert "tale" in refusal("generate", "--checkpoint", "a" * 300)


@pytest.mark.parametrize("folder", ["empty", "nowhere"])
def test_folder_without_checkpoints_advises_training(refusal, advice, tmp_path, folder):
    (tmp_path / "empty").mkdir()
    sentence = refusal("generate", "--checkpoints", folder)
    assert f"no trained checkpoint in {folder}" in sentence
    assert "train a model first" in sentence
    advice("generate", sentence)


def rewrite(path: Path, **changes: object) -> None:
    record = {**json.loads(path.read_text()), **changes}
    del record["sha256"]
    path.write_text(json.dumps(record))


def truncate(path: Path, part: float) -> None:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])


def reshape(path: Path) -> None:
    save_file(load_file(path) | {"dense/kernel": np.zeros((16, 3), np.float32)}, path)


def without_windows(path: Path) -> None:
    rewrite(path, corpus={**json.loads(path.read_text())["corpus"], "windows": []})


DAMAGE = {
    "weights cut in the middle": ("model.safetensors", lambda path: truncate(path, 0.5), ["truncated"]),
    "weights cut in the header": ("model.safetensors", lambda path: truncate(path, 0.01), ["damaged"]),
    "empty weights": ("model.safetensors", lambda path: truncate(path, 0), ["damaged"]),
    "no weights": ("model.safetensors", Path.unlink, ["resume the training of tale"]),
    "wrong shape": ("model.safetensors", reshape, ["dense/kernel", "(16, 30)", "(16, 3)"]),
    "half a configuration": ("config.json", lambda path: truncate(path, 0.5), ["not JSON"]),
    "empty configuration": ("config.json", lambda path: truncate(path, 0), ["not JSON"]),
    "newer format": ("config.json", lambda path: rewrite(path, format_version=99), ["99", "upgrade"]),
    "no format": ("config.json", lambda path: path.write_text("{}"), ["format_version"]),
    "other vocabulary": ("config.json", lambda path: rewrite(path, vocabulary="abc"), ["vocabulary", "30"]),
    "no seed windows": ("config.json", without_windows, ["windows"]),
    "another window": ("config.json", lambda path: path.write_text(path.read_text().replace(": 12,", ": 13,")), ["sha256"]),
    "another weight": ("model.safetensors", lambda path: path.write_bytes(path.read_bytes()[:-1] + b"?"), ["sha256"]),
}


@pytest.mark.parametrize(("file", "damage", "words"), DAMAGE.values(), ids=DAMAGE)
def test_damaged_checkpoint_names_the_problem(refusal, tale, file, damage, words):
    damage(tale / file)
    sentence = refusal("generate", "--checkpoint", "tale")
    for word in [*words, file]:
        assert word in sentence


@pytest.mark.parametrize("arguments", [["--seed", ""], ["--seed-file", "seed.txt"], ["--seed-file", "-"]], ids=" ".join)
def test_an_empty_seed_is_refused(refusal, advice, tale, tmp_path, arguments):
    (tmp_path / "seed.txt").write_text("\n")
    sentence = refusal("generate", *arguments)
    assert "seed is empty" in sentence
    assert "--seed" in advice("generate", sentence)


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
@pytest.mark.parametrize("more", [[], ["--json"], ["--interactive"], ["--samples", "2"], ["--length", "0"]], ids=" ".join)
def test_unknown_seed_characters_are_named(refusal, tale, mode, more):
    sentence = refusal("generate", "--seed", "The é§ fox é", "--mode", mode, *more)
    assert sentence.startswith("the model does not know 'é' '§'; ")
    assert "'T' 'a' 'b'" in sentence
    assert "--on-unknown skip" in sentence
    assert "--on-unknown replace" in sentence


def test_seed_of_only_unknown_characters_is_refused(charlstm, tale):
    result = charlstm("generate", "--seed", "é§", "--on-unknown", "skip")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "charlstm: the seed is empty without its unknown characters" in result.stderr


BAD_SEED_FILES = {
    "binary": b"\x7fELF\x02\x01\x01" + bytes(40),
    "not UTF-8": "Ein Fährmann".encode("cp1252"),
    "UTF-16": "A ferry".encode("utf-16"),
    "gzip": gzip.compress(gzip.compress(STORY.encode())),
}


@pytest.mark.parametrize("content", BAD_SEED_FILES.values(), ids=BAD_SEED_FILES)
def test_binary_seed_file_is_refused_with_advice(refusal, advice, tale, tmp_path, content):
    (tmp_path / "seed.txt").write_bytes(content)
    sentence = refusal("generate", "--seed-file", "seed.txt")
    assert sentence.startswith("seed.txt is ")
    advice("generate", sentence)


def test_missing_seed_file_is_refused(refusal, tale):
    assert "seed.txt does not exist" in refusal("generate", "--seed-file", "seed.txt")
    assert "checkpoints is a directory" in refusal("generate", "--seed-file", "checkpoints")


def test_existing_name_is_refused_before_reading(refusal, tale):
    before = {path: path.read_bytes() for path in tale.iterdir()}
    sentence = refusal("train", "no-such-file.txt", "--name", "tale")
    assert "tale already exists" in sentence
    assert "--name" in sentence
    assert {path: path.read_bytes() for path in tale.iterdir()} == before


def test_unsaved_training_cannot_be_resumed(refusal, tale):
    sentence = refusal("train", "--resume", "tale")
    assert "no saved training state" in sentence
    assert "--from tale" in sentence


def test_fine_tuning_cannot_change_the_network(refusal, tale, tmp_path):
    (tmp_path / "corpus.txt").write_text(STORY)
    sentence = refusal("train", "corpus.txt", "--from", "tale", "--units", "9")
    assert "--units cannot be changed with --from" in sentence
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["tale"]
