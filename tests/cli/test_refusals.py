"""Bad input: exit code 1, one sentence on stderr that says what was found and what to do, and nothing left behind."""

import gzip
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

BRIEFLY = ("--units", "4", "--minutes", "0.01")  # should it, against all hope, be trained
STORY = "Once upon a time there was a ferry.\n" * 60


@pytest.fixture
def tale(tmp_path, make_checkpoint):
    return make_checkpoint(tmp_path / "checkpoints" / "tale")


def inside(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def flags(text: str) -> set[str]:
    return set(re.findall(r"--[a-z][a-z-]*", text))


@pytest.fixture
def options(charlstm):
    """The options that a command has."""
    return lambda command: flags(charlstm(command, "--help").stdout)


UNREADABLE = {
    "empty": (b"", ["is empty"]),
    "byte order mark alone": (b"\xef\xbb\xbf", ["is empty"]),
    "binary": (b"\x7fELF\x02\x01\x01" + bytes(40), ["binary", "NUL", "character 7", "--encoding-name"]),
    "not UTF-8": ("Ein Fährmann".encode("cp1252"), ["0xe4", "offset 5", "--encoding-name"]),
    "UTF-16": ("A ferry".encode("utf-16"), ["UTF-16", "--encoding-name utf-16"]),
    "gzip": (gzip.compress(STORY.encode()), ["gzip", "gunzip"]),
    "zip": (b"PK\x03\x04rest", ["zip", "unzip"]),
    "PDF": (b"%PDF-1.7\n", ["PDF", "plain text"]),
    "one distinct character": (b"aaaaaaaa" * 500, ["one distinct character", "'a'", "at least two"]),
}


@pytest.mark.parametrize("how", ["file", "stdin"])
@pytest.mark.parametrize(("content", "words"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_corpus_that_is_no_text_is_refused(refusal, tmp_path, how, content, words):
    (tmp_path / "corpus.txt").write_bytes(content)
    sentence = refusal("train", "corpus.txt" if how == "file" else "-", *BRIEFLY, stdin=content)
    for word in [*words, "corpus.txt" if how == "file" else "standard input"]:
        assert word in sentence
    assert inside(tmp_path) == ["corpus.txt"]


def test_a_corpus_that_does_not_exist_is_refused(refusal, tmp_path):
    sentence = refusal("train", "corpse.txt")
    assert "corpse.txt does not exist" in sentence
    assert inside(tmp_path) == []


def test_one_bad_file_among_good_ones_is_named(refusal, tmp_path):
    (tmp_path / "good.txt").write_text(STORY)
    (tmp_path / "bad.txt").write_bytes(b"abc\xff")
    assert refusal("train", "good.txt", "bad.txt").startswith("bad.txt is not utf-8: byte 0xff at offset 3")


def test_a_directory_is_refused_with_what_to_give_in_its_place(refusal, tmp_path):
    (tmp_path / "books").mkdir()
    sentence = refusal("train", "books")
    assert "books is a directory" in sentence
    assert "books/*.txt" in sentence


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is unreadable to root")
def test_a_file_one_may_not_read_is_refused(refusal, tmp_path):
    (tmp_path / "corpus.txt").write_text(STORY)
    (tmp_path / "corpus.txt").chmod(0)
    assert "corpus.txt cannot be read (Permission denied)" in refusal("train", "corpus.txt")


def test_a_name_that_no_file_can_have_is_refused(refusal):
    assert "cannot be read (File name too long)" in refusal("train", "a" * 300)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="a file that opens and cannot be read is not to be had")
@pytest.mark.parametrize(
    "arguments", [["train", "/proc/self/mem"], ["generate", "--seed-file", "/proc/self/mem"]], ids=" ".join
)
def test_a_file_whose_reading_fails_half_way_is_refused(refusal, tale, arguments):
    assert "/proc/self/mem cannot be read" in refusal(*arguments)


@pytest.mark.parametrize("encoding", ["utf-99", "hex", "undefined", "punycode"])
def test_an_encoding_that_is_none_is_refused(refusal, tmp_path, encoding):
    (tmp_path / "corpus.txt").write_text(STORY)
    assert encoding in refusal("train", "corpus.txt", *BRIEFLY, "--encoding-name", encoding)


@pytest.mark.parametrize(
    ("settings", "least", "lower"),
    [
        # 100 characters, of which the first 90 are trained on.
        ("--seq-len 90", 91, "--seq-len"),
        ("--seq-len 40 --batch-size 3", 121, "--batch-size"),
        ("--seq-len 90 --batches windows", 91, "--seq-len"),
        ("--seq-len 90 --batches windows --targets last", 91, "--seq-len"),
        ("--preset classic", 101, "--seq-len"),
    ],
)
def test_a_text_shorter_than_a_window_is_refused_with_the_minimum(refusal, options, tmp_path, settings, least, lower):
    (tmp_path / "corpus.txt").write_text("0123456789" * 10)
    sentence = refusal("train", "corpus.txt", *settings.split())
    assert "90 characters" in sentence
    assert re.search(rf"need {least}\b", sentence)
    assert lower in flags(sentence) <= options("train")
    assert inside(tmp_path) == ["corpus.txt"]


SETTINGS = {
    "--units 0": ["units", "0"],
    "--units 8,-1": ["units", "-1"],
    "--seq-len 0": ["seq_len", "0"],
    "--dropout 1": ["dropout", "1.0"],
    "--batch-size 0": ["batch_size", "0"],
    "--learning-rate 0": ["learning_rate", "0.0"],
    "--learning-rate nan": ["learning_rate", "nan"],
    "--epochs -1": ["epochs", "-1"],
    "--minutes 0": ["minutes", "0"],
    "--validation 0.95": ["validation", "0.95"],
    "--evaluations 0": ["evaluations", "0"],
    "--name ../tale": ["'../tale'", "letters"],
    "--name ": ["''", "letters"],
}


@pytest.mark.parametrize(("arguments", "words"), SETTINGS.items(), ids=SETTINGS)
def test_settings_out_of_bounds_are_refused_before_anything_starts(refusal, tmp_path, arguments, words):
    (tmp_path / "corpus.txt").write_text(STORY)
    sentence = refusal("train", "corpus.txt", *BRIEFLY, *arguments.split(" "))
    for word in words:
        assert word in sentence
    assert inside(tmp_path) == ["corpus.txt"]


@pytest.mark.parametrize("arguments", ["generate --checkpoint tail", "train --resume tail", "train corpus.txt --from tail"])
def test_a_checkpoint_that_does_not_exist_is_refused_with_those_that_do(refusal, tale, tmp_path, make_checkpoint, arguments):
    make_checkpoint(tmp_path / "checkpoints" / "saga")
    (tmp_path / "corpus.txt").write_text(STORY)
    sentence = refusal(*arguments.split())
    assert "'tail'" in sentence
    assert "saga, tale" in sentence


def test_a_checkpoint_with_a_name_that_no_folder_can_have_does_not_exist(refusal, tale):
    assert "tale" in refusal("generate", "--checkpoint", "a" * 300)


@pytest.mark.parametrize("folder", ["checkpoints", "nowhere", "file"])
def test_a_folder_without_checkpoints_is_refused_with_what_to_do(refusal, options, tmp_path, folder):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "file").touch()
    sentence = refusal("generate", "--checkpoints", folder)
    assert f"no trained checkpoint in {folder}" in sentence
    assert "charlstm train" in sentence
    assert flags(sentence) <= options("generate")


def rewrite(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


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
    "no weights": ("model.safetensors", Path.unlink, ["does not exist", "--resume tale"]),
    "wrong shape": ("model.safetensors", reshape, ["dense/kernel", "(16, 30)", "(16, 3)"]),
    "half a configuration": ("config.json", lambda path: truncate(path, 0.5), ["not JSON"]),
    "empty configuration": ("config.json", lambda path: truncate(path, 0), ["not JSON"]),
    "newer format": ("config.json", lambda path: rewrite(path, format_version=99), ["99", "upgrade"]),
    "no format": ("config.json", lambda path: path.write_text("{}"), ["format_version"]),
    "other vocabulary": ("config.json", lambda path: rewrite(path, vocabulary="abc"), ["vocabulary", "30"]),
    "no seed windows": ("config.json", without_windows, ["windows"]),
}


@pytest.mark.parametrize(("file", "damage", "words"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_checkpoint_is_refused_with_what_is_wrong(refusal, tale, file, damage, words):
    damage(tale / file)
    sentence = refusal("generate", "--checkpoint", "tale")
    for word in [*words, file]:
        assert word in sentence


@pytest.mark.parametrize("arguments", [["--seed", ""], ["--seed-file", "seed.txt"], ["--seed-file", "-"]], ids=" ".join)
def test_an_empty_seed_is_refused(refusal, options, tale, tmp_path, arguments):
    (tmp_path / "seed.txt").write_text("\n")
    sentence = refusal("generate", *arguments)
    assert "seed is empty" in sentence
    assert "--seed" in flags(sentence) <= options("generate")


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
@pytest.mark.parametrize("more", [[], ["--json"], ["--interactive"], ["--samples", "2"], ["--length", "0"]], ids=" ".join)
def test_unknown_characters_in_the_seed_are_refused_by_name(refusal, tale, mode, more):
    sentence = refusal("generate", "--seed", "The é§ fox é", "--mode", mode, *more)
    assert sentence.startswith("the model does not know 'é' '§'; ")
    assert "'T' 'a' 'b'" in sentence
    assert "--on-unknown skip" in sentence
    assert "--on-unknown replace" in sentence


def test_a_seed_of_unknown_characters_alone_is_empty_without_them(charlstm, tale):
    result = charlstm("generate", "--seed", "é§", "--on-unknown", "skip")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "charlstm: the seed is empty without its unknown characters" in result.stderr


BAD_SEED_FILES = {name: UNREADABLE[name][0] for name in ("binary", "not UTF-8", "UTF-16", "gzip")}


@pytest.mark.parametrize("content", BAD_SEED_FILES.values(), ids=BAD_SEED_FILES)
def test_a_seed_file_that_is_no_text_is_refused_with_what_can_be_done(refusal, options, tale, tmp_path, content):
    (tmp_path / "seed.txt").write_bytes(content)
    sentence = refusal("generate", "--seed-file", "seed.txt")
    assert sentence.startswith("seed.txt is ")
    assert flags(sentence) <= options("generate")  # advice that the command does not take is none


def test_a_seed_file_that_is_not_there_is_refused(refusal, tale):
    assert "seed.txt does not exist" in refusal("generate", "--seed-file", "seed.txt")
    assert "checkpoints is a directory" in refusal("generate", "--seed-file", "checkpoints")


def test_a_name_that_is_taken_is_refused_before_the_text_is_read(refusal, tale):
    before = {path: path.read_bytes() for path in tale.iterdir()}
    sentence = refusal("train", "no-such-file.txt", "--name", "tale")
    assert "tale exists already" in sentence
    assert "--name" in sentence
    assert {path: path.read_bytes() for path in tale.iterdir()} == before


def test_training_that_was_never_saved_cannot_be_resumed(refusal, tale):
    sentence = refusal("train", "--resume", "tale")
    assert "no saved training state" in sentence
    assert "--from tale" in sentence


def test_the_network_cannot_be_changed_in_fine_tuning(refusal, tale, tmp_path):
    (tmp_path / "corpus.txt").write_text(STORY)
    sentence = refusal("train", "corpus.txt", "--from", "tale", "--units", "9")
    assert "--units cannot be changed with --from" in sentence
    assert inside(tmp_path / "checkpoints") == ["tale"]
