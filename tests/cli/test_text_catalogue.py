"""Unusual texts and arguments, each with its expected result."""

import json
import os
import subprocess
import sys
import threading
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from charlstm.checkpoint.config_file import read_config, write_config
from charlstm.config import ModelConfig
from charlstm.planning.training_plan import plan_training
from tests.cli.conftest import SMALL
from tests.cli.terminals import undimmed

TALES = {
    "combining characters": unicodedata.normalize("NFD", "Ångström naïve café Việt Nam — "),
    "emoji sequences": "a 👩‍👩‍👧‍👦 b 🏳️‍🌈 c 👍🏽 d 🇩🇪 ",
    "right to left": "שלום עולם مرحبا بالعالم \u200f123\u200f ",
    "directions mixed": "one \u202etwo\u202c three \u2067שלום\u2069 ",
    "beyond the first plane": "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𓀀𓀁 𠀀𠀁 ",
    "control characters": "a\x01b\x1b[31mc\x7fd\x85e\tf ",
    "line ends of other systems": "one\rtwo\x0bthree\x0cfour\u2028five\u2029 ",
    "no spaces": "渡口一年水上灯火",
    "private and unassigned": "a\ue000b\U0010fffdc\u0378 ",
}


@pytest.mark.parametrize(
    "tale",
    [
        pytest.param("".join(TALES.values()), id="all"),
        *(pytest.param(tale, id=name, marks=pytest.mark.slow) for name, tale in TALES.items()),
    ],
)
def test_text_of_any_characters_is_trained_and_generated(charlstm, tmp_path, tale):
    text = tale * (3_000 // len(tale))
    (tmp_path / "tale.txt").write_text(text, "utf-8", newline="")
    assert charlstm("train", "tale.txt", *SMALL, "--validation-split", "0.05").exit_code == 0
    result = charlstm("generate", "--seed", tale[:3], "--length", "50", "--json", "--random-seed", "1")
    assert result.exit_code == 0
    (sample,) = json.loads(result.stdout)["samples"]
    assert len(sample["text"]) == 50
    assert set(sample["text"]) <= set(text.replace("\r", "\n"))
    for command in (["generate", "--length", "20"], ["compare", "--length", "20"], ["inspect"], ["evaluate", "--sample", "20"]):
        assert charlstm(*command).exit_code == 0, command


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere arguments are Unicode")
def test_lone_surrogate_in_an_argument_is_reported(program, tale):
    for option, value in (("--seed", b"caf\xe9"), ("--stop", b"\xff"), ("--checkpoint", b"\xe9"), ("--seed-file", b"\xe9")):
        process = program("generate", "--length", "1", option, os.fsdecode(value))
        written, said = process.communicate(timeout=60)
        assert b"Traceback" not in said
        assert process.returncode == 1
        assert (written, said[-1:]) == (b"", b"\n")
        assert said.splitlines()[-1].startswith(b"charlstm: ")


def test_a_lone_surrogate_in_a_name_is_refused(refusal, tmp_path):
    (tmp_path / "story.txt").write_text("once upon a time " * 100)
    sentence = refusal("train", "story.txt", *SMALL, "--validation-split", "0.05", "--name", "caf\udce9")
    assert sentence.startswith("'caf\\udce9' cannot name a checkpoint")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["story.txt"]


@pytest.mark.usefixtures("idle_training")
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere file names are Unicode")
def test_lone_surrogate_in_a_file_name_is_not_stored(charlstm, tmp_path):
    (tmp_path / "caf\udce9.txt").write_text("once upon a time " * 100)
    assert charlstm("train", "caf\udce9.txt", *SMALL, "--validation-split", "0.05").exit_code == 0
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["caf"]


@pytest.mark.parametrize(
    "name", ["..", "../up", "a/b", "/tmp/x", "a\nb", "a\\b", "", ".hidden", "-rf", "a\x1b[2J", "x" * 300, " "]
)
def test_a_name_that_is_a_path_is_refused(refusal, tmp_path, name):
    (tmp_path / "story.txt").write_text("once upon a time " * 100)
    assert "cannot name a checkpoint" in refusal("train", "story.txt", f"--name={name}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["story.txt"]


@pytest.mark.usefixtures("idle_training")
def test_a_name_with_spaces_is_a_name(charlstm, tmp_path):
    (tmp_path / "my story.txt").write_text("once upon a time " * 100)
    assert charlstm("train", "my story.txt", *SMALL, "--validation-split", "0.05", "--name", "my story").exit_code == 0
    assert charlstm("generate", "--checkpoint", "my story", "--length", "1").exit_code == 0


@pytest.mark.usefixtures("idle_training")
@pytest.mark.skipif(sys.platform == "win32", reason="there are no such files on Windows")
def test_named_pipe_is_read(charlstm, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_text("once upon a time " * 100))
    writer.start()
    assert charlstm("train", "pipe", *SMALL, "--validation-split", "0.05").exit_code == 0
    writer.join()
    assert "is not a text file; give the text" in charlstm("train", "--resume", "pipe").stderr


@pytest.mark.slow
def test_vocabulary_of_a_million_characters(charlstm, tmp_path, make_checkpoint):
    alphabet = "".join(map(chr, [*range(1, 0xD800), *range(0xE000, 0x110000)])).translate({0x0D: None, 0xFEFF: None})
    assert len(alphabet) > 1_100_000
    make_checkpoint(
        tmp_path / "checkpoints" / "all", ModelConfig(vocabulary_size=len(alphabet), seq_len=4, units=(1,), encoding="scalar"),
        vocabulary=alphabet, windows=("abc",),
    )  # fmt: skip
    result = charlstm("generate", "--seed", "渡😀", "--length", "5", "--json")
    assert len(json.loads(result.stdout)["samples"][0]["text"]) == 5
    sentence = charlstm("generate", "--seed", "\0").stderr
    assert "the model does not know '\\x00'" in sentence
    assert len(sentence) < 1_000
    (tmp_path / "all.txt").write_text(alphabet, "utf-8", newline="")
    made = plan_training(tmp_path, [str(tmp_path / "all.txt")], {}, preset="standard", created="2026-01-01")
    assert made.config.vocabulary.characters == alphabet
    assert made.config.model.encoding == "embedding"
    write_config(tmp_path, made.config)
    assert read_config(tmp_path) == made.config


def test_a_seed_of_ten_megabytes_is_read(charlstm, tmp_path, tale):
    (tmp_path / "seed.txt").write_text("The quick brown fox\n" * 500_000)
    result = charlstm("generate", "--seed-file", "seed.txt", "--length", "10", "--no-echo")
    assert (result.exit_code, len(result.stdout)) == (0, 11)
    assert result.stderr == ""


def test_long_seed_is_announced_in_stateful_mode(charlstm, tmp_path, tale):
    (tmp_path / "seed.txt").write_text("The quick brown fox\n" * 5_001)
    result = charlstm("generate", "--seed-file", "seed.txt", "--length", "1", "--no-echo", "--mode", "stateful")
    assert (result.exit_code, len(result.stdout)) == (0, 2)
    assert result.stderr.startswith("All 100,019 characters of the seed are read first;")


def test_length_zero_prints_only_the_seed(charlstm, tale):
    assert charlstm("generate", "--seed", "The", "--length", "0").stdout == "The\n"


def test_closed_pipe_ends_a_long_text_at_once(tmp_path, tale):
    command = f"{sys.executable} -m charlstm generate --seed fox --length 10000000 | head -c 20"
    done = subprocess.run(
        ["bash", "-c", f"{command}; echo; echo ${{PIPESTATUS[0]}}"], cwd=tmp_path, capture_output=True, timeout=60, check=False
    )
    assert done.stdout.splitlines()[-1] == b"0"
    assert done.stderr == b""


def test_control_characters_reach_files_not_terminals(terminal, program, tmp_path, make_checkpoint):
    vocabulary = "\x07\x08\n\x1b []Jab\x9b"
    make_checkpoint(
        tmp_path / "checkpoints" / "shell", ModelConfig(vocabulary_size=len(vocabulary), seq_len=4, units=(3,)),
        vocabulary="".join(sorted(vocabulary)), windows=("\x1b[J",), corpus="\x1b]0;owned\x07",
    )  # fmt: skip
    arguments = ("generate", "--length", "300", "--random-seed", "1", "--temperature", "9")
    written, _ = program(*arguments).communicate(timeout=60)
    assert {"\x1b", "\x07", "\x9b"} <= set(written.decode())
    with terminal(*arguments) as shown:
        assert shown.finish() == 0
    assert not {"\x1b", "\x07", "\x08", "\x9b"} & set(undimmed(shown.seen))
    for other in (["list"], ["compare", "--length", "30"], ["inspect"], ["generate", "--samples", "2", "--length", "30"]):
        with terminal(*other) as shown:
            assert shown.finish() == 0
        assert not {"\x07", "\x08", "\x9b"} & set(shown.seen), other
        assert "\x1b]0;" not in shown.seen, other


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
def test_a_gigabyte_in_one_line_is_read_in_little_memory(tmp_path):
    with (tmp_path / "line.txt").open("wb") as file:
        block = np.random.default_rng(0).choice(np.frombuffer(b"abcdefgh ", "u1"), 1 << 20).tobytes()
        for _ in range(1 << 10):
            file.write(block)
    # Not ru_maxrss, which begins with the memory of the process that starts this one.
    code = (
        "from pathlib import Path; from charlstm.text.corpus import read_corpus; corpus = read_corpus(['line.txt']);"
        "peak = Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0]; print(len(corpus.ids), peak)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    characters, kilobytes = map(int, done.stdout.split())
    assert characters == 1 << 30
    assert kilobytes < 1.3 * (1 << 20)
