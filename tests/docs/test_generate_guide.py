"""The output of the commands in docs/guides/generate.md."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from charlstm.cli.app import app

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "guides" / "generate.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [
    (command, output.removesuffix("\n\n"))
    for block in BLOCKS
    for command, output in re.findall(r"^\$ charlstm (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    if output
]
SESSION = re.search(r"\$ charlstm (generate --interactive .*)\n```\n\n```text\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(autouse=True)
def demo_model(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("CHARLSTM_CHECKPOINTS", "checkpoints")


@pytest.mark.parametrize(("command", "output"), COMMANDS)
def test_commands_print_what_the_page_shows(command, output):
    result = CliRunner().invoke(app, shlex.split(command))
    assert result.exit_code == 0, result.stderr
    assert result.stdout.rstrip("\n") == output.rstrip("\n")


def test_session_shows_what_the_page_shows():
    assert SESSION is not None
    command, shown = SESSION.groups()
    lines = re.findall(r"^> (.*)\n", shown, re.MULTILINE)
    result = CliRunner().invoke(app, shlex.split(command), input="".join(line + "\n" for line in lines))
    parts = result.stderr.split("\n> ")
    assert len(parts) == len(lines) + 1
    assert parts[0] + "".join(f"\n> {line}\n{part}" for line, part in zip(lines, parts[1:], strict=True)) == shown


def test_the_page_shows_each_way_to_end_and_vary_a_text():
    shown = " ".join(command for command, _ in COMMANDS)
    for option in (
        *("--end", "--stop-regex", "--keep-stop", "--separator", "--window"),
        *("--word-temperature", "--probabilities", "--dry-multiplier"),
    ):
        assert option in shown
