"""Real processes, pipes and terminals: streams, timing and exit codes."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from charlstm.config import ModelConfig
from tests.cli.conftest import DIM, PLAIN, undimmed

PANGRAM = "The quick brown fox jumps over the lazy dog."
OPTIONS = ("--seed", "The ", "--random-seed", "3")


@pytest.fixture(autouse=True)
def tale(tmp_path, make_checkpoint):
    return make_checkpoint(tmp_path / "checkpoints" / "tale")


@pytest.fixture
def ran(program):
    """Run to the end; return the exit code, stdout and stderr, decoded from UTF-8."""

    def run(*arguments, **streams):
        process = program(*arguments, **streams)
        written, said = process.communicate()
        return process.returncode, (written or b"").decode(), said.decode()

    return run


def test_stdout_is_exactly_the_text(ran, charlstm):
    code, written, said = ran("generate", *OPTIONS, "--length", "50")
    assert (code, said) == (0, "")
    assert written == charlstm("generate", *OPTIONS, "--length", "50").stdout


def test_json_is_one_object_on_stdout(ran):
    code, written, said = ran("generate", *OPTIONS, "--length", "50", "--json")
    assert (code, said) == (0, "")
    assert json.loads(written)["samples"][0]["random_seed"] == 3


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("list", 0),
        ("generate --checkpoint nope", 1),
        ("train nope.txt", 1),
        ("generate --length x", 2),
        ("paint", 2),
        ("train", 2),
    ],
)
def test_exit_codes(ran, arguments, expected):
    code, written, said = ran(*arguments.split())
    assert code == expected
    assert (written == "") == (expected != 0)
    assert (said == "") == (expected == 0)
    assert said.startswith("charlstm: ") == (expected != 0)
    assert said.count("\n") == (expected != 0)
    assert "Traceback" not in said


def test_ctrl_c_while_generating_exits_with_130(terminal):
    with terminal("generate", *OPTIONS, "--length", "1000000000") as screen:
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

    monkeypatch.setattr("charlstm.model.generate_pieces", interrupted)
    result = charlstm("generate", *OPTIONS, *more.split())
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "\ncharlstm: interrupted\n")


@pytest.mark.parametrize(
    "arguments",
    [
        "generate --length 100000 --mode stateful",
        "generate --length 20",
        "generate --samples 300 --length 20",
        "generate --json",
    ],
)
def test_closed_pipe_exits_with_0(program, arguments):
    process = program(*arguments.split(), *(OPTIONS if "generate" in arguments else ()))
    assert process.stdout.read(10)
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), said) == (0, b"")


@pytest.mark.parametrize(
    "arguments",
    ["generate --length 20", "generate --json", "list", "list --json", "--help", "train --help", "--version"],
)
def test_pipe_closed_before_output_exits_with_0(program, arguments):
    process = program(*arguments.split(), *(OPTIONS if "generate" in arguments else ()))
    process.stdout.close()  # long before anything is written
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), said) == (0, b"")


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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk is not to be had")
@pytest.mark.parametrize(
    "arguments",
    ["generate --length 20", "generate --length 20000", "generate --json", "list", "--help", "--version", "train --help"],
)
def test_full_disk_is_reported(ran, arguments):
    with Path("/dev/full").open("wb") as full:
        code, _, said = ran(*arguments.split(), *(OPTIONS if "generate" in arguments else ()), stdout=full)
    assert "Traceback" not in said
    assert code == 1
    assert re.fullmatch(r"charlstm: .*No space left on device.*\n", said)


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize("streams", [">&-", "2>&-", "<&- >&- 2>&-", ">&- 2>/dev/full", "2>/dev/full"])
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("generate --length 20", 0),
        ("--help", 0),
        ("", 2),
        ("generate --length x", 2),
        ("generate --checkpoint nope", 1),
    ],
)
def test_closed_streams_keep_the_exit_code(tmp_path, arguments, expected, streams):
    command = ["sh", "-c", f'exec "$0" -m charlstm "$@" {streams}', sys.executable, *arguments.split()]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == expected
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    "locale", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]
)
def test_output_is_utf_8_in_any_locale(ran, tmp_path, make_checkpoint, locale):
    alphabet = "".join(sorted(set("渡し船は川を—é€🦊")))
    make_checkpoint(tmp_path / "checkpoints" / "船", vocabulary=alphabet, windows=("渡し船",))
    code, written, said = ran(
        "generate", "--checkpoint", "船", "--with-seed", "--length", "200", "--random-seed", "1", env=locale
    )
    assert (code, said) == (0, "Without --seed, starting from this passage: '渡し船' (of story.txt)\n")
    assert written.startswith("渡し船")
    assert len(written) == len("渡し船") + 200 + 1
    assert 5 < len(set(written)) <= len(alphabet) + 1


def test_terminal_shows_text_as_it_is_generated(terminal, tmp_path, make_checkpoint):
    # Milliseconds a character, far fewer characters than any buffer holds, and no line ends, which would empty it.
    slow = ModelConfig(vocabulary_size=29, seq_len=100, units=(300, 300))
    make_checkpoint(tmp_path / "slow" / "tale", slow, vocabulary="".join(sorted(set(PANGRAM))))
    with terminal("generate", *OPTIONS, "--checkpoints", "slow", "--length", "80", stderr=subprocess.PIPE) as screen:
        pieces = [screen.read()]
        assert screen.process.poll() is None
        while pieces[-1]:
            pieces.append(screen.read())
        assert screen.process.wait() == 0
        assert screen.process.stderr.read() == b""
    assert pieces[0].startswith(f"{DIM}The {PLAIN}")
    assert len(pieces[0]) < 40
    assert len(pieces) > 10
    assert len(undimmed(screen.seen)) == len("The ") + 80 + 1


def test_terminal_and_pipe_get_the_same_text(terminal, ran):
    with terminal("generate", *OPTIONS, "--length", "300") as screen:
        assert screen.finish() == 0
    assert undimmed(screen.seen) == ran("generate", *OPTIONS, "--length", "300")[1]


@pytest.mark.parametrize("samples", [(), ("--samples", "2")], ids=" ".join)
def test_seed_is_dim_on_a_terminal_only(terminal, ran, samples):
    arguments = ("generate", *OPTIONS, "--length", "30", *samples)
    with terminal(*arguments, stderr=subprocess.PIPE) as screen:
        assert screen.finish() == 0
    written = ran(*arguments)[1]
    assert undimmed(screen.seen) == written
    assert screen.seen.count(f"{DIM}The {PLAIN}") == written.count("The ") >= 1
    assert "\x1b" not in written
    for header in re.findall(r"^--- sample \d, random seed \d ---\n", written, re.MULTILINE):
        assert DIM + header + PLAIN in screen.seen


def test_default_seed_is_dim_or_omitted_from_a_pipe(terminal, ran):
    arguments = ("generate", "--length", "30", "--random-seed", "3")
    with terminal(*arguments) as screen:
        assert screen.finish() == 0
    code, written, said = ran(*arguments)
    assert code == 0
    assert screen.seen == f"{said}{DIM}The quick{PLAIN}{written}"
    assert said == "Without --seed, starting from this passage: 'The quick' (of story.txt)\n"


def test_dumb_terminal_gets_no_styles(terminal):
    with terminal("generate", *OPTIONS, "--length", "30", env={"TERM": "dumb"}) as screen:
        assert screen.finish() == 0
    assert "\x1b" not in screen.seen
    assert screen.seen.startswith("The ")
