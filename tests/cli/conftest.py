"""Fixtures that run commands: in this process with separate streams, or in a process with a real terminal."""

import hashlib
import os
import pty
import re
import select
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from charlstm.checkpoint.config_file import read_config, write_config
from charlstm.cli.app import app

CommandLine = Callable[..., Result]

TEXT = "".join(np.random.default_rng(0).choice(list("The quick brown fox\n"), 1_000))

SMALL = ["--preset", "quick", "--units", "4", "--seq-len", "6", "--batch-size", "2", "--epochs", "0.02"]
"""Options of a training that takes a second."""


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


DIM, PLAIN = "\x1b[2m", "\x1b[0m"
"""Styles before and after text that the model did not generate."""


def undimmed(text: str) -> str:
    return text.replace(DIM, "").replace(PLAIN, "")


@dataclass
class Terminal:
    """A process on a pseudo-terminal, seen from the other end.

    Attributes:
        process: The process.
        descriptor: File descriptor of the other end: writing types, reading returns output.
        seen: Output so far.
    """

    process: subprocess.Popen[bytes]
    descriptor: int
    seen: str = ""

    def read(self) -> str:
        """Return new output of at least one byte; an empty string at the end."""
        ready, _, _ = select.select([self.descriptor], [], [], 60)
        assert ready, f"nothing more came: {self.seen!r}"
        try:
            piece = os.read(self.descriptor, 1 << 16).decode("utf-8", "replace").replace("\r\n", "\n")
        except OSError:  # Linux reports a closed terminal so
            return ""
        self.seen += piece
        assert len(self.seen) < 1 << 20, "it does not end"
        return piece

    def wait_for(self, text: str) -> None:
        """Read until the output contains a text."""
        while text not in self.seen:
            assert self.read(), f"ended without {text!r}: {self.seen!r}"

    def type(self, text: str) -> None:
        """Type something."""
        os.write(self.descriptor, text.encode())

    def finish(self) -> int:
        """Read to the end, and return the exit code."""
        while self.read():
            pass
        return self.process.wait()


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

    @contextmanager
    def start(*arguments: str, columns: int = 80, **elsewhere: Any) -> Iterator[Terminal]:
        mine, its = pty.openpty()
        termios.tcsetwinsize(its, (24, columns))
        settings = termios.tcgetattr(its)
        settings[3] &= ~termios.ECHO  # otherwise input would appear in the output
        termios.tcsetattr(its, termios.TCSANOW, settings)
        process = program(*arguments, **{"stdin": its, "stdout": its, "stderr": its, **elsewhere})
        os.close(its)
        try:
            yield Terminal(process, mine)
        finally:
            process.kill()
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
            os.close(mine)

    return start
