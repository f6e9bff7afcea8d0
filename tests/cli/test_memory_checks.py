"""Work that needs too much memory is refused early, with sizes and advice."""

import pytest

from charlstm.cli.memory_checks import writers
from charlstm.config import ModelConfig
from charlstm.inference.sampling import Sampling
from tests.cli.conftest import TEXT

PROCESS = 90_000_000
"""Approximate memory in bytes of a process with a small model and one thread."""
PANGRAM = "The quick brown fox jumps over the lazy dog.\n"


@pytest.fixture(autouse=True)
def checkpoint(tale):
    return tale


@pytest.fixture
def memory(monkeypatch):
    def holds(size: float) -> None:
        monkeypatch.setattr("charlstm.machine.total_memory", lambda: size)
        monkeypatch.setattr("charlstm.checkpoint.weights.check_size", lambda *_: None)
        monkeypatch.setattr("charlstm.machine.cores", lambda: 1)

    return holds


@pytest.mark.parametrize(
    ("arguments", "size", "largest", "advised"),
    [
        ("generate --samples 100000 --length 5", 5e8, "states", {"--samples", "--length", "--mode", "--output"}),
        ("generate --samples 100000 --mode stateful", 2e8, "texts", {"--samples", "--length", "--output"}),
        ("generate --samples 100000 --length 1000000 --mode stateful", 1e10, "texts", {"--samples", "--length", "--output"}),
        ("generate --samples 50 --json", PROCESS, "the model", {"--samples", "--length", "--mode"}),
        ("generate", 1e7, "the model", {"--mode"}),
        ("generate --mode stateful --interactive", 1e7, "the model", set()),
        ("generate --samples 100000 --output many.jsonl", PROCESS, "the model in two processes", {"--length", "--mode"}),
        ("generate --samples 3 --mode stateful --output many.jsonl", PROCESS, "the model in two processes", {"--length"}),
        ("generate --samples 9 --length 100000000 --mode stateful --output many.jsonl", 1e10, "texts", {"--length"}),
        ("evaluate text.txt", PROCESS, "the model", {"--sample"}),
        ("evaluate text.txt --sample 1000000", PROCESS, "the model", {"--sample"}),
        ("compare", PROCESS, "the model", {"--sample"}),
        ("compare --windows 10000 --length 10000", 1.03 * PROCESS, "the model", {"--sample", "--windows"}),
        ("compare --text text.txt", 1e3, "the text", set()),
        ("evaluate text.txt", 1e3, "the text", set()),
        ("inspect", PROCESS, "the model", set()),
        ("inspect --text-file text.txt", 1e5, "the model", set()),
    ],
)
def test_work_larger_than_memory_is_refused(refusal, advice, memory, tmp_path, arguments, size, largest, advised):
    (tmp_path / "text.txt").write_text(PANGRAM * 20)
    memory(size)
    command, *rest = arguments.split()
    sentence = refusal(command, *rest)
    assert sentence.startswith("out of memory: this would take ")
    assert f"GB ({largest} " in sentence
    assert advice(command, sentence) == advised
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoints", "text.txt"]


def test_large_vocabulary_is_counted(refusal, advice, memory, make_checkpoint, tmp_path):
    characters = "".join(map(chr, range(0x4E00, 0x4E00 + 7_000)))
    make_checkpoint(
        tmp_path / "checkpoints" / "large", ModelConfig(vocabulary_size=7_000, seq_len=2, units=(4,)), vocabulary=characters
    )
    memory(1e9)
    arguments = ["generate", "--checkpoint", "large", "--length", "2", "--mode", "stateful"]
    sentence = refusal(*arguments, "--samples", "100000")
    assert sentence.startswith("out of memory: this would take 15 GB (choosing characters 14 GB, ")
    assert "and 1 GB are available" in sentence
    assert advice("generate", sentence) == {"--samples", "--length", "--output"}
    assert "choosing characters 43 GB" in refusal(*arguments, "--samples", "100000", "--top-p", "0.9")


def test_long_text_and_baselines_are_counted(refusal, memory, make_checkpoint, tmp_path, monkeypatch):
    text = PANGRAM * 1_000
    (tmp_path / "text.txt").write_text(text)
    monkeypatch.setattr("charlstm.inference.memory_footprint._READ", 1_000_000)
    memory(1e10)
    for command in (["evaluate", "text.txt"], ["compare", "--text", "text.txt"], ["inspect", "--text-file", "text.txt"]):
        assert refusal(*command).startswith(
            "out of memory: this would take 45 GB (the text 45 GB), and 10 GB are available; use"
        )


@pytest.mark.parametrize("corpus", [True, False])
def test_baselines_count_only_with_a_corpus(charlstm, memory, tale, tmp_path, corpus):
    (tmp_path / "tale.txt").write_text(TEXT)
    memory(3 * PROCESS)
    arguments = ["evaluate", "tale.txt", "--sample", "10"] if corpus else ["compare", "--length", "5", "--sample", "10"]
    result = charlstm(*arguments, "--checkpoint", "tale")
    assert result.exit_code == (1 if corpus else 0)
    assert ("n-grams and compressors 0.3 GB" in result.stderr) == corpus


def test_work_that_fits_memory_is_done(charlstm, memory):
    memory(PROCESS + 1e7)
    assert charlstm("generate", "--samples", "20", "--length", "5").exit_code == 0


@pytest.mark.parametrize(
    ("size", "batches", "expected"),
    [(2.5 * PROCESS, 100, 1), (4.5 * PROCESS, 100, 3), (1e12, 100, 8), (1e12, 2, 2), (1e12, 1, 1)],
)
def test_number_of_processes_fits_memory(monkeypatch, checkpoint, memory, size, batches, expected):
    from charlstm.checkpoint.config_file import read_config

    memory(size)
    monkeypatch.setattr("charlstm.machine.cores", lambda: 8)
    monkeypatch.setattr("charlstm.machine._MACHINE", checkpoint / "nothing")
    assert writers(read_config(checkpoint), batches, 64, 30, "stateful", Sampling()) == expected
