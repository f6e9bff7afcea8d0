"""Streams that cannot be written: closed pipes, full disks, closed descriptors."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cases import slow
from tests.cli.conftest import REPEATABLE

pytestmark = pytest.mark.usefixtures("checkpoint")


@pytest.mark.parametrize(
    "arguments",
    [
        "generate --length 100000 --mode stateful",
        "generate --samples 300 --length 20",
        slow("generate --length 20"),
        slow("generate --json"),
    ],
)
def test_closed_pipe_exits_with_0(program, arguments):
    process = program(*arguments.split(), *(REPEATABLE if "generate" in arguments else ()))
    assert process.stdout.read(10)
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), said) == (0, b"")


@pytest.mark.parametrize(
    "arguments",
    ["generate --length 20", "list", "--help", *map(slow, ["generate --json", "list --json", "train --help", "--version"])],
)
def test_pipe_closed_before_output_exits_with_0(program, arguments):
    process = program(*arguments.split(), *(REPEATABLE if "generate" in arguments else ()))
    process.stdout.close()  # long before anything is written
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), said) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk is not to be had")
@pytest.mark.parametrize(
    "arguments",
    [
        *["generate --length 20", "list"],
        *map(slow, ["generate --length 20000", "--help", "generate --json", "--version", "train --help"]),
    ],
)
def test_full_disk_is_reported(ran, arguments):
    with Path("/dev/full").open("wb") as full:
        code, _, said = ran(*arguments.split(), *(REPEATABLE if "generate" in arguments else ()), stdout=full)
    assert "Traceback" not in said
    assert code == 1
    assert re.fullmatch(r"charlstm: .*No space left on device.*\n", said)


STREAMS = [">&-", "2>&-", "<&- >&- 2>&-", ">&- 2>/dev/full", "2>/dev/full"]
OF_STDERR = STREAMS[1:]
COMMANDS = [
    ("generate --length 20", 0, STREAMS),
    ("--help", 0, STREAMS[:1]),
    ("--version", 0, []),
    ("list --json", 0, []),
    ("generate --length x", 2, OF_STDERR),
    ("generate --checkpoint nope", 1, ["2>&-", "2>/dev/full"]),
    ("", 2, []),  # writes as the wrong option does
]
"""Commands, their exit codes, and redirections of a stream that they write to, in fast tests."""


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    ("arguments", "expected", "streams"),
    [
        (command, code, streams) if streams in written else slow(command, code, streams)
        for command, code, written in COMMANDS
        for streams in STREAMS
    ],
)
def test_closed_streams_keep_the_exit_code_unless_output_is_lost(tmp_path, arguments, expected, streams):
    command = ["sh", "-c", f'exec "$0" -m charlstm "$@" {streams}', sys.executable, *arguments.split()]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    lost = not expected and ">&-" in streams.replace("2>&-", "")
    assert run.returncode == (1 if lost else expected)
    assert "Traceback" not in run.stderr
    if lost and "2>" not in streams:
        last = run.stderr.splitlines()[-1]
        assert last.startswith("charlstm: the output cannot be written (Bad file descriptor); it is closed: ")
