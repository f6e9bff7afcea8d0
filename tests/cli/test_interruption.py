"""Ctrl-C while a command imports, generates or prints."""

import signal
import subprocess
import sys

import pytest

from tests.cli.conftest import REPEATABLE

pytestmark = pytest.mark.usefixtures("checkpoint")


def test_ctrl_c_while_generating_exits_with_130(terminal):
    with terminal("generate", *REPEATABLE, "--length", "1000000000") as screen:
        while len(screen.seen) < 200:
            assert screen.read()
        screen.process.send_signal(signal.SIGINT)
        assert screen.finish() == 130
    assert screen.seen.endswith("\ncharlstm: interrupted\n")
    assert "Traceback" not in screen.seen


@pytest.mark.parametrize("more", ["--json", "--samples 2", "--no-echo"])
def test_interrupted_command_leaves_stdout_empty(charlstm, monkeypatch, more):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("charlstm.model.continued_pieces", interrupted)
    result = charlstm("generate", *REPEATABLE, *more.split())
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "\ncharlstm: interrupted\n")


IMPORTING = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
sys.argv = ["charlstm", *{arguments!r}]
from charlstm.cli import main
main()
"""


@pytest.mark.parametrize(
    ("arguments", "module"),
    [
        ("--help", "typer"),
        ("generate", "charlstm.cli.train"),
        ("generate", "numpy"),
        ("list", "charlstm.checkpoint.weights"),
        ("generate --engine keras", "tensorflow"),
        ("inspect --keras", "keras"),
    ],
)
def test_ctrl_c_during_imports_exits_with_130(tmp_path, arguments, module):
    code = IMPORTING.format(module=module, arguments=arguments.split())
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert "Traceback" not in done.stderr


INTERRUPTED = """
import sys
from charlstm.cli import main
from charlstm.cli.app import app

@app.command()
def wait():
    sys.stdout.write("s")
    raise KeyboardInterrupt

sys.argv = ["charlstm", "wait"]
main()
"""


def test_output_precedes_the_interruption_message(monkeypatch):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (130, "s\ncharlstm: interrupted\n")
