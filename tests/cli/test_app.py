"""The program as a whole: help, version and usage errors."""

import re
import subprocess
import sys
from importlib.metadata import entry_points

import pytest
from typer.main import get_command

import charlstm as package
from charlstm.cli.app import app
from charlstm.cli.flags import FORMER_OPTIONS
from charlstm.results.commands import RESULTS
from tests.cases import every_pair

PROGRAM = get_command(app)
COMMANDS = {"": PROGRAM, **PROGRAM.commands}


@pytest.mark.parametrize("command", ["train a.txt", "generate", "evaluate", "compare"])
@pytest.mark.parametrize("number", [str(2**63), "9" * 5_000, "-1"])
def test_random_seed_out_of_range_states_the_exact_bound(charlstm, command, number):
    result = charlstm(*command.split(), "--random-seed", number)
    assert result.exit_code == 2
    assert "--random-seed: expected an integer from 0 to 9,223,372,036,854,775,807; found " in result.stderr


def test_number_with_too_many_digits_is_not_said_to_be_no_integer(charlstm):
    assert "integer of at least 0 and of at most 4,300 digits" in charlstm("generate", "--length", "9" * 5_000).stderr


def test_help_lists_every_command_on_stdout(charlstm):
    result = charlstm("--help")
    assert result.exit_code == 0
    assert result.stderr == ""
    for command in PROGRAM.commands:
        assert f" {command} " in result.stdout


@pytest.mark.parametrize("command", PROGRAM.commands)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_has_help(charlstm, command, flag):
    result = charlstm(command, flag)
    assert (result.exit_code, result.stderr) == (0, "")
    assert f" {command} [OPTIONS]" in result.stdout
    assert ("--json" in result.stdout) == (command in RESULTS)
    # The workers of launch have the options of train, and prepare makes no checkpoint.
    assert ("--checkpoints" in result.stdout) == (command not in ("launch", "prepare"))


@pytest.mark.parametrize("columns", [80, 100])
@pytest.mark.parametrize(("name", "command"), COMMANDS.items(), ids=COMMANDS)
def test_help_shows_every_option_unbroken(charlstm, monkeypatch, name, command, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = charlstm(*name.split(), "--help").stdout
    assert max(map(len, shown.splitlines())) <= columns
    assert not re.search(r"\w-$", shown, re.MULTILINE), "a word is broken after a hyphen"
    words = set(re.split(r"[ ,\n]+", shown))
    for parameter in command.params:
        assert parameter.help, parameter.name
        if getattr(parameter, "hidden", False):
            assert parameter.opts[0] not in words
            continue
        options = {option for option in parameter.opts + parameter.secondary_opts if option.startswith("-")}
        assert options - {*FORMER_OPTIONS} <= words
        if not getattr(parameter, "is_flag", False):
            assert re.search(rf"(^|[ \[{{]){re.escape(parameter.metavar)}([]}} .]|$)", shown, re.MULTILINE), parameter.name


def test_train_help_groups_options_under_headings(charlstm):
    shown = charlstm("train", "--help").stdout
    sections = {part.partition(":\n")[0]: part for part in shown.split("\n\n")}
    for heading, option in {
        "Options": "--resume",
        "Model": "--units",
        "Options of the Keras LSTM layer": "--activation",
        "Training": "--batch-size",
        "Several workers": "--cluster",
    }.items():
        assert f"  {option} " in sections[heading]


@pytest.mark.parametrize("name", PROGRAM.commands)
def test_command_summary_is_not_cut(charlstm, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "80")
    assert re.search(rf"^  {name} +[A-Z].*\.$", charlstm("--help").stdout, re.MULTILINE)
    assert "..." not in charlstm("--help").stdout.replace("[ARGS]...", "")


def test_version_is_the_package_version(charlstm):
    result = charlstm("--version")
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"charlstm {package.__version__}\n", "")


def test_python_m_charlstm_runs_the_program(tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "charlstm", "--version"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert run.stdout == f"charlstm {package.__version__}\n"
    (script,) = entry_points(group="console_scripts", name="charlstm")
    assert script.value == "charlstm.cli:main"


def test_no_command_prints_help_and_exits_with_2(charlstm):
    result = charlstm()
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Usage" in result.stderr
    assert "generate" in result.stderr


USAGE_ERRORS = {
    "unknown command": "paint",
    "unknown option": "generate --colour red",
    "unknown option of the program": "--colour",
    "option without its value": "generate --length",
    "number that is none": "generate --length many",
    "fraction for a whole number": "generate --length 2.5",
    "length below zero": "generate --length -1",
    "no samples": "generate --samples 0",
    "random seed below zero": "generate --random-seed -1",
    "temperature below zero": "generate --temperature -0.1",
    "NaN as temperature": "generate --temperature nan",
    "top-k below zero": "generate --top-k -1",
    "top-p above one": "generate --top-p 1.5",
    "min-p below zero": "generate --min-p -0.5",
    "penalty of zero": "generate --repetition-penalty 0",
    "unknown mode": "generate --mode statefull",
    "unknown policy": "generate --on-unknown ignore",
    "unknown engine": "generate --engine torch",
    "argument too many": "generate tale",
    "two seeds": "generate --seed a --seed-file b",
    "conversation in JSON": "generate --interactive --json",
    "several conversations": "generate --interactive --samples 2",
    "argument to list": "list tale",
    "training on nothing": "train",
    "unknown preset": "train story.txt --preset fast",
    "unknown encoding": "train story.txt --input-encoding two-hot",
    "units in letters": "train story.txt --units abc",
    "units with a hole": "train story.txt --units 8,,8",
    "epochs in letters": "train story.txt --epochs few",
    "unknown activation": "train story.txt --activation gelu",
    "training random seed below zero": "train story.txt --random-seed -1",
    "resuming under another name": "train --resume tale --name saga",
    "resuming and fine-tuning": "train --resume tale --from tale",
}


@pytest.mark.parametrize("command", USAGE_ERRORS.values(), ids=USAGE_ERRORS)
def test_usage_errors_exit_with_2_and_empty_stdout(charlstm, command, tmp_path, make_checkpoint):
    make_checkpoint(tmp_path / "checkpoints" / "tale")
    (tmp_path / "story.txt").write_text("Once upon a time. " * 100)
    result = charlstm(*command.split())
    assert result.exit_code == 2
    assert result.stdout == ""
    assert re.fullmatch(r"charlstm: .+; see charlstm( [a-z]+)? --help\n", result.stderr)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["tale"]


SENTENCES = {
    "paint": "no such command 'paint'",
    "generat": "no such command 'generat' (did you mean 'generate'?)",
    "generate --colour red": "no such option --colour; see charlstm generate",
    "generate --lenght 3": "no such option --lenght (did you mean --length?)",
    "--verion": "no such option --verion (did you mean --version?); see charlstm --help",
    "generate --length": "--length: expected a value; found none; see charlstm generate --help",
    "train story.txt --units": "--units: expected a value; found none",
    "list --checkpoints": "--checkpoints: expected a value; found none",
    "generate --seed --length 10": "--seed: expected a value; found --length, an option (if it is the value: --seed=--length)",
    "generate --length 10 --seed --json": "--seed: expected a value; found --json, an option",
    "train story.txt --name --epochs 3": "--name: expected a value; found --epochs, an option",
    "inspect shapes --checkpoint --json": "--checkpoint: expected a value; found --json, an option",
    "evaluate --corpus --dynamic": "--corpus: expected a value; found --dynamic, an option",
    "launch": "expected a training, such as charlstm launch --workers 2 -- train",
    "launch --workers 2": "expected a training, such as charlstm launch --workers 2 -- train",
    "generate --echo=yes": "--echo: expected no value",
    "list --json=1": "--json: expected no value",
    "--version=3": "--version: expected no value",
    "-x": "no such option -x",
    "generate -ix": "no such option -x",
    "generate tale": "expected no further argument; found 'tale'",
    "list tale": "expected no further argument; found 'tale'",
    "list tale saga": "expected no further argument; found 'tale saga'",
    "evaluate tale.txt saga.txt": "expected no further argument; found 'saga.txt'",
    "inspect shapes weights": "expected no further argument; found 'weights'",
    "generate --length=": "--length: expected an integer of at least 0; found ''",
    "generate --length x": "--length: expected an integer of at least 0; found 'x'",
    "generate --length 2.5": "--length: expected an integer of at least 0; found '2.5'",
    "generate --samples 0": "--samples: expected an integer of at least 1; found 0",
    "generate --top-p 1.5": "--top-p: expected a number from 0 to 1; found 1.5",
    "generate --temperature nan": "--temperature: expected a finite number of at least 0; found nan",
    "generate --repetition-penalty inf": "--repetition-penalty: expected a number from 0.01 to 1,000,000; found inf",
    "generate --mode statefull": "--mode: expected stateless or stateful; found 'statefull' (did you mean stateful?)",
    "train story.txt --preset quik": "--preset: expected quick, standard, best or classic; found 'quik' (did you mean quick?)",
    "train story.txt --units abc": "--units: expected integers separated by commas, such as 512,512; found 'abc'",
    "train story.txt --batch-size few": "--batch-size: expected an integer; found 'few'",
    "inspect shape": "SECTION: expected shapes, weights, ",
    "launch --workers two": "--workers: expected an integer of at least 1; found 'two'",
}


@pytest.mark.parametrize(("command", "sentence"), SENTENCES.items(), ids=SENTENCES)
def test_usage_error_names_option_and_value(charlstm, command, sentence):
    assert sentence in charlstm(*command.split()).stderr


@pytest.mark.parametrize("command", ["generate --seed=--length --length x", "generate --seed --lengthy --length x"])
def test_a_value_may_look_like_an_option(charlstm, command):
    assert "--length: expected an integer of at least 0; found 'x'" in charlstm(*command.split()).stderr


WITH_TEXT = """
{}
--{}
generate {}
generate --{}
generate --{}=1
generate --length {}
generate --mode {}
generate --checkpoint {}
generate --checkpoints {}
generate --seed-file {}
inspect {}
evaluate {}
launch -- {}
train {}
train --resume {}
train story.txt --name {}
train story.txt --units {}
"""


CONTROL = ["\x1b[31mred", "two\nlines", "bell\a", "\x9b31m", "\udcff", "back\r", "tab\t"]
FORMAT = ["\u202efoo", "\u2066foo\u2069", "\u200ffoo", "fo\ufeffo", "foo\u2028bar"]


@pytest.mark.parametrize(("arguments", "text"), every_pair(WITH_TEXT.strip().split("\n"), [*CONTROL, *FORMAT]), ids=ascii)
def test_control_characters_in_arguments_are_replaced(charlstm, tmp_path, make_checkpoint, arguments, text):
    make_checkpoint(tmp_path / "checkpoints" / "tale")
    (tmp_path / "story.txt").write_text("Once upon a time. " * 100)
    result = charlstm(*(part.replace("{}", text) for part in arguments.split(" ")))
    assert result.exit_code in (1, 2)
    assert result.stdout == ""
    assert re.fullmatch(r"charlstm: .+\n", result.stderr)
    assert result.stderr[:-1].isprintable()


@pytest.mark.parametrize("columns", ["20", "1"])
@pytest.mark.parametrize("command", ["--help", "train --help", "generate --help", "list", "generate --length x"])
def test_commands_work_on_a_narrow_terminal(charlstm, monkeypatch, columns, command, tmp_path, make_checkpoint):
    make_checkpoint(tmp_path / "checkpoints" / "tale")
    monkeypatch.setenv("COLUMNS", columns)
    assert charlstm(*command.split()).exit_code == (2 if command.endswith("x") else 0)
