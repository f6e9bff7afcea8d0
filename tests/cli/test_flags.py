"""Settings in the library's messages, as the options of the command line."""

import ast
import inspect
import re
from pathlib import Path

import pytest
from typer.main import get_command

import charlstm as package
from charlstm.cli.app import app
from charlstm.cli.flags import FORMER_OPTIONS, flag, with_flags
from charlstm.config import ModelConfig, TrainingConfig

PROGRAM = get_command(app)
OPTIONS = {
    option
    for command in PROGRAM.commands.values()
    for parameter in command.params
    for option in parameter.opts + parameter.secondary_opts
}


NOT_ON_THE_COMMAND_LINE = {"extra_characters", "callback"}
"""Arguments of the library that no command passes on."""


def error_settings() -> set[str]:
    """Return the settings that are written out in the errors of the library."""
    root = Path(package.__file__).parent
    trees = [ast.parse(path.read_text()) for path in root.rglob("*.py") if "cli" not in path.relative_to(root).parts]
    return {
        keyword.value.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "setting" and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str)
    }


def test_every_setting_of_an_error_is_an_option():
    settings = error_settings()
    assert {"models", "min_count", "to", "window"} <= settings
    assert {setting for setting in settings - NOT_ON_THE_COMMAND_LINE if flag(setting) not in OPTIONS} == set()


WITHOUT_QUOTES = re.compile(r"""`[a-z_]+=(?:[^\s`'"{}TF\d][^`]*|\{[^`!:]*\})`""")
"""A setting in a message with a string that is no Python literal."""
NUMBERS = {"patience", "epochs"}


def test_strings_in_messages_are_python_literals():
    root = Path(package.__file__).parent
    sources = [path for path in root.rglob("*.py") if "cli" not in path.relative_to(root).parts]
    found = [match for path in sources for match in WITHOUT_QUOTES.findall(path.read_text())]
    assert [match for match in found if match[1:].partition("=")[0] not in NUMBERS] == []
    assert WITHOUT_QUOTES.fullmatch("`mode=stateful`")
    assert WITHOUT_QUOTES.fullmatch("`resume={name}`")
    assert not WITHOUT_QUOTES.fullmatch("`resume={name!r}`")


@pytest.mark.parametrize("setting", [*inspect.signature(ModelConfig).parameters, *inspect.signature(TrainingConfig).parameters])
def test_every_setting_is_an_option(setting):
    assert setting == "vocabulary_size" or flag(setting) in OPTIONS


@pytest.mark.parametrize(
    "setting",
    ["base", "resume", "name", "checkpoint", "checkpoints", "seed", "text", "text_encoding", "on_unknown", "min_count"],
)
def test_every_other_argument_in_messages_is_an_option(setting):
    assert flag(setting) in OPTIONS


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("lower `batch_size` or `seq_len`", "lower --batch-size or --seq-len"),
        ("`batch_size=64`", "--batch-size 64"),
        ("`use_bias=False` or `use_bias=True`", "--no-use-bias or --use-bias"),
        ("train on with `base='ferry'`", "train on with --from ferry"),
        ("the folder is `checkpoints='my models'`", "the folder is --checkpoints 'my models'"),
        ("name one with `text=FILE`", "name one with --text FILE"),
        ("give a file in `text_encoding='cp1252'`", "give a file in --text-encoding cp1252"),
        (
            "with: `charlstm.train('TEXT', resume='one', text_encoding='a b')`",
            "with: charlstm train TEXT --resume one --text-encoding 'a b'",
        ),
        (r"`charlstm.train(resume='a\x60b')`", "charlstm train --resume 'a`b'"),
        (r"`charlstm.train(resume='\x')` `charlstm.train((((`", r"`charlstm.train(resume='\x')` `charlstm.train((((`"),
        ("`Not A Setting` stays, and so does `charlstm list`", "`Not A Setting` stays, and so does `charlstm list`"),
    ],
)
def test_settings_become_options(message, shown):
    assert with_flags(message) == shown


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("train story.txt --weight-average x", "--ema: expected a number"),
        ("train story.txt --evaluations x", "--num-evaluations: expected an integer"),
        ("train story.txt --validation x", "--validation-split: expected a number"),
        ("train story.txt --encoding two-hot", "--input-encoding: expected scalar, one-hot or embedding"),
        ("train story.txt --or-resume", "--resume-if-exists resumes the training of --name"),
        ("train story.txt --encoding-name punycode", "'punycode' is not a text encoding"),
        ("generate --encoding-name utf-16", "--text-encoding is the text encoding of --seed-file"),
        ("inspect --encoding-name utf-16", "--text-encoding is the text encoding of --text-file"),
        ("evaluate story.txt --encoding-name punycode", "'punycode' is not a text encoding"),
        ("compare --text story.txt --encoding-name punycode", "'punycode' is not a text encoding"),
    ],
)
def test_a_former_option_is_accepted_and_called_by_its_new_name(charlstm, make_checkpoint, tmp_path, command, said):
    (tmp_path / "story.txt").write_text("Once upon a time. " * 100)
    make_checkpoint(tmp_path / "checkpoints" / "tale")
    assert said in charlstm(*command.split()).stderr


@pytest.mark.parametrize("command", PROGRAM.commands)
def test_former_options_are_not_in_the_help(charlstm, command):
    help_text = charlstm(command, "--help").stdout
    assert "--checkpoint" in help_text or command in ("launch", "prepare")
    assert not [name for name in FORMER_OPTIONS if re.search(rf"{name}(?![\w-])", help_text)]
