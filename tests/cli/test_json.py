"""``--json``: what each command prints has exactly the keys and the types of its result."""

import json

import msgspec
import pytest

from charlstm.results.commands import RESULTS
from tests.cli.conftest import TEXT

COMMANDS = [
    "generate --length 20 --samples 2 --seed The",
    "generate --length 20 --stop e --mode stateful",
    "compare --length 40 --sample 20 --windows 3,20",
    "compare --length 40 --text short.txt",
    "compare --length 5 --text nothing.txt --corpus tale.txt",
    "evaluate --sample 20",
    "evaluate short.txt --surprise",
    "inspect",
    "inspect kernel",
    "inspect inside",
    "history",
    "history tale tale",
    "list",
    "prepare tale.txt --to prepared",
]


@pytest.fixture(autouse=True)
def texts(tmp_path, tale):
    (tmp_path / "tale.txt").write_text(TEXT)
    (tmp_path / "short.txt").write_text("fox and dog")
    (tmp_path / "nothing.txt").write_text("qq")


@pytest.mark.parametrize("command", COMMANDS)
def test_json_matches_the_type_of_the_result(charlstm, command):
    check(charlstm, *command.split())


@pytest.mark.parametrize("command", ["compare --length 20", "evaluate short.txt"])
def test_json_without_the_training_text(charlstm, tmp_path, command):
    (tmp_path / "tale.txt").unlink()
    check(charlstm, *command.split())


def test_json_with_results_of_keras(charlstm):
    check(charlstm, "inspect", "--keras")


def test_every_command_with_json_is_tested():
    assert {command.partition(" ")[0] for command in COMMANDS} == RESULTS.keys() - {
        "train",
        "train sweep",
    }  # see test_train.py


def check(charlstm, command, *arguments):
    result = charlstm(command, *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    found = msgspec.json.decode(result.stdout, type=RESULTS[command])
    assert json.dumps(found.to_dict(), ensure_ascii=False, indent=2) + "\n" == result.stdout
