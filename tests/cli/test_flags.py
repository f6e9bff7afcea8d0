"""Settings in the library's messages, as the options of the command line."""

import inspect

import pytest
from typer.main import get_command

from charlstm.cli.app import app
from charlstm.cli.flags import flag, with_flags
from charlstm.config import ModelConfig, TrainingConfig

OPTIONS = {
    option
    for command in get_command(app).commands.values()
    for parameter in command.params
    for option in parameter.opts + parameter.secondary_opts
}


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
        ("train on with `base=ferry`", "train on with --from ferry"),
        ("give a file in `text_encoding=cp1252`", "give a file in --encoding-name cp1252"),
        ("`Not A Setting` stays, and so does `charlstm list`", "`Not A Setting` stays, and so does `charlstm list`"),
    ],
)
def test_settings_become_options(message, shown):
    assert with_flags(message) == shown
