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


LOST = """
import os, signal, sys, time, weakref
from charlstm.cli import main
from charlstm.cli.app import app
from charlstm.interruption import StopSignal, raise_stop, signals

class Owner:
    pass

class Finalised:
    def __del__(self):
        interrupt()

def interrupt(*_):
    os.kill(os.getpid(), getattr(signal, {name!r}))

@app.command()
def wait():
    try:
        with signals({handler}, (signal.SIGINT, signal.SIGTERM)):
            owner = {owner}()
            reference = weakref.ref(owner, interrupt) if {owner} is Owner else None
            del owner
            time.sleep(120)
    except StopSignal as stop:
        sys.exit(128 + stop.number)

sys.argv = ["charlstm", "wait"]
main()
"""


@pytest.mark.parametrize("owner", ["Owner", "Finalised"])
@pytest.mark.parametrize(
    ("name", "handler", "code"),
    [("SIGINT", "signal.default_int_handler", 130), ("SIGINT", "raise_stop", 130), ("SIGTERM", "raise_stop", 143)],
)
def test_signal_during_a_callback_or_finaliser_is_not_lost(owner, name, handler, code):
    program = LOST.format(owner=owner, name=name, handler=handler)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


ANOTHER = """
from charlstm.interruption import deliver_lost_signals
deliver_lost_signals()

class Failing:
    def __del__(self):
        raise ValueError("shown")

Failing()
"""


def test_other_errors_of_finalisers_are_still_shown():
    done = subprocess.run([sys.executable, "-c", ANOTHER], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "ValueError: shown" in done.stderr
