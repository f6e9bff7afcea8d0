"""Fixtures that run commands: in this process with separate streams, or in a process with a real terminal."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from charlstm.checkpoint.config_file import read_config, write_config
from charlstm.cli.app import app
from charlstm.config import ModelConfig
from charlstm.planning.training_plan import TrainingPlan
from tests.cli import many_texts, planned_training, session, story_training
from tests.cli.terminals import open_terminal
from tests.conftest import TENSORFLOW_THREADS

CommandLine = Callable[..., Result]

TEXT = "".join(np.random.default_rng(0).choice(list("The quick brown fox\n"), 1_000))

SMALL = ["--preset", "quick", "--units", "4", "--seq-len", "6", "--batch-size", "2", "--epochs", "0.02"]
"""Options of a training that takes a second."""

REPEATABLE = ("--seed", "The ", "--random-seed", "3")
"""Options of ``generate`` that give the same text in every run."""


@pytest.fixture(autouse=True, scope="session")
def compile_quickly(without_graph_optimizer: None) -> None:
    """Compile without the graph optimiser in this folder."""


@pytest.fixture
def charlstm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Run a command in an empty folder; an unexpected exception fails the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")  # sentences of usage errors stay in one piece
    monkeypatch.delenv("CHARLSTM_CHECKPOINTS", raising=False)

    def run(*arguments: str, stdin: str | bytes = "") -> Result:
        return CliRunner().invoke(app, arguments, input=stdin, catch_exceptions=False)

    return run


@pytest.fixture
def refusal(charlstm: CommandLine) -> Callable[..., str]:
    """Run a command that must be refused, and return its error message."""

    def run(*arguments: str, stdin: str | bytes = "") -> str:
        result = charlstm(*arguments, stdin=stdin)
        assert result.exit_code == 1
        assert result.stdout == ""
        said, found, sentence = result.stderr.partition("charlstm: ")
        assert found
        assert said == "" or said.endswith("\n")
        assert sentence.endswith("\n")
        assert "charlstm:" not in sentence
        assert "Traceback" not in result.stderr
        return sentence.removesuffix("\n")

    return run


def flags(text: str) -> set[str]:
    return set(re.findall(r"--[a-z][a-z-]*", text))


@pytest.fixture
def advice(charlstm: CommandLine) -> Callable[[str, str], set[str]]:
    """Return the options that a sentence advises, which the command must have."""

    def advised(command: str, sentence: str) -> set[str]:
        found = flags(sentence)
        assert found <= flags(charlstm(command, "--help").stdout)
        return found

    return advised


@pytest.fixture
def tale(tmp_path: Path, make_checkpoint: Callable[..., Path]) -> Path:
    """Make a checkpoint of :data:`TEXT`, whose last 100 characters are held out."""
    folder = make_checkpoint(tmp_path / "checkpoints" / "tale", corpus="tale.txt")
    config = read_config(folder)
    record = replace(config.corpus, fingerprint=hashlib.sha256(TEXT.encode()).hexdigest(), characters=len(TEXT))
    write_config(folder, replace(config, corpus=record))
    return folder


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., subprocess.Popen[bytes]]:
    """Start ``charlstm`` as a process of its own; its streams are pipes unless said otherwise."""

    def start(*arguments: str, env: dict[str, str] | None = None, **streams: Any) -> subprocess.Popen[bytes]:
        # Unbuffered output would hide missing flushes.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        return subprocess.Popen(
            [sys.executable, "-m", "charlstm", *arguments],
            cwd=tmp_path,
            env={**environment, "COLUMNS": "120", "TERM": "xterm", "CHARLSTM_CHECKPOINTS": "checkpoints", **(env or {})},
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
        )

    return start


@pytest.fixture
def terminal(program: Callable[..., subprocess.Popen[bytes]]) -> Callable[..., Any]:
    """Start ``charlstm`` on a terminal; named streams (``stdout=subprocess.PIPE``) go elsewhere."""

    return partial(open_terminal, program)


@pytest.fixture
def checkpoint(tmp_path: Path, make_checkpoint: Callable[..., Path]) -> Path:
    """Make a checkpoint that knows the letters of a pangram; its text is not recorded."""
    return make_checkpoint(tmp_path / "checkpoints" / "tale")


@pytest.fixture
def ran(program: Callable[..., subprocess.Popen[bytes]]) -> Callable[..., tuple[int, str, str]]:
    """Run to the end; return the exit code, stdout and stderr, decoded from UTF-8."""

    def run(*arguments: str, **streams: Any) -> tuple[int, str, str]:
        process = program(*arguments, **streams)
        written, said = process.communicate()
        return process.returncode, (written or b"").decode(), said.decode()

    return run


@pytest.fixture
def talk(charlstm: CommandLine) -> Callable[..., tuple[str, list[str]]]:
    """Type lines in an interactive session; return the finished text, and the output between the prompts."""

    def run(*lines: str, more: Sequence[str] = ()) -> tuple[str, list[str]]:
        result = charlstm(*session.OPTIONS, *more, stdin="".join(line + "\n" for line in lines))
        assert result.exit_code == 0
        assert result.stdout.endswith("\n")
        return result.stdout.removesuffix("\n"), result.stderr.split(session.PROMPT)

    return run


@pytest.fixture
def two_layers(tmp_path: Path, make_checkpoint: Callable[..., Path]) -> Path:
    """Make a checkpoint of two LSTM layers of different sizes."""
    text = 'The quick brown fox "ran". The crown\nquer'
    vocabulary = "".join(sorted(set(text)))
    config = ModelConfig(vocabulary_size=len(vocabulary), seq_len=12, units=(16, 8))
    windows = ("The quick br", "brown fox. T")
    return make_checkpoint(tmp_path / "checkpoints" / "tale", config, vocabulary=vocabulary, windows=windows)


@pytest.fixture
def plan(tmp_path: Path) -> TrainingPlan:
    """Plan a training that is not run."""
    return planned_training.story_plan(tmp_path)


@pytest.fixture
def inspect_json(charlstm: CommandLine) -> Callable[..., Any]:
    """Run ``inspect --json``, and return the JSON object."""
    return lambda *arguments: json.loads(charlstm("inspect", *arguments, "--json").stdout)


@pytest.fixture(scope="session")
def single_runs(tmp_path_factory: pytest.TempPathFactory, make_checkpoint: Callable[..., Path]) -> list[dict[str, Any]]:
    """Return many texts, generated without ``--output``."""
    root = tmp_path_factory.mktemp("single_runs") / "checkpoints"
    make_checkpoint(root / "tale")
    options = [*many_texts.SETTINGS, "--samples", str(many_texts.MANY), "--json", "--checkpoints", str(root)]
    result = CliRunner().invoke(app, ["generate", *options], catch_exceptions=False)
    samples: list[dict[str, Any]] = json.loads(result.stdout)["samples"]
    return samples


@pytest.fixture(scope="session")
def first_training(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """Train once in a process of its own, with all threads; the folder is ``first_training.args[-1]``.

    If several processes run the tests, the first that needs the training makes it for all.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, ended = shared / "first", shared / "first.json"
    root = str(folder / "checkpoints")
    arguments = ["train", "story.txt", *story_training.SMALL, "--json", "--checkpoints", root]
    with filelock.FileLock(shared / "first.lock"):
        if not ended.exists():
            folder.mkdir()
            (folder / "story.txt").write_text(story_training.STORY)
            run = subprocess.run(
                [sys.executable, "-m", "charlstm", *arguments],
                cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                env={name: value for name, value in os.environ.items() if name not in TENSORFLOW_THREADS},
            )  # fmt: skip
            ended.write_text(json.dumps([run.returncode, run.stdout, run.stderr]))
        return subprocess.CompletedProcess(arguments, *json.loads(ended.read_text()))


@pytest.fixture
def trained(first_training: subprocess.CompletedProcess[str], tmp_path: Path) -> Path:
    """Make a folder with the text and a copy of the trained checkpoint."""
    assert first_training.returncode == 0, first_training.stderr
    shutil.copytree(first_training.args[-1], tmp_path / "checkpoints")
    (tmp_path / "story.txt").write_text(story_training.STORY)
    return tmp_path / "checkpoints" / "story"


@pytest.fixture
def train_json(charlstm: CommandLine) -> Callable[..., Any]:
    """Train, and return the JSON object."""

    def run(*arguments: str, stdin: str = "") -> Any:
        result = charlstm("train", "--json", *arguments, stdin=stdin)
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    return run


@pytest.fixture
def spoken(charlstm: CommandLine) -> Callable[..., Any]:
    """Generate, and return the JSON object."""

    def run(*arguments: str, stdin: str | bytes = "") -> Any:
        result = charlstm("generate", "--json", *arguments, stdin=stdin)
        assert (result.exit_code, result.stderr) == (0, "")
        return json.loads(result.stdout)

    return run


@pytest.fixture
def texts(spoken: Callable[..., Any]) -> Callable[..., list[str]]:
    """Generate, and return the texts without their seed."""
    return lambda *arguments: [sample["text"] for sample in spoken(*arguments)["samples"]]
