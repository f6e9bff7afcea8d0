"""Shell commands about the checkpoint of a training plan."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from charlstm.cli.resume_command import checkpoint_command, resume_command
from charlstm.cli.terminal import CHECKPOINTS


@pytest.mark.parametrize(
    ("name", "root", "source", "expected"),
    [
        ("novel", CHECKPOINTS, "file", "charlstm train --resume novel"),
        ("my story", CHECKPOINTS, "file", "charlstm train --resume 'my story'"),
        ("a;b$c", Path("other shelf"), "file", "charlstm train --resume 'a;b$c' --checkpoints 'other shelf'"),
        ("novel", CHECKPOINTS, "-", "charlstm train - --resume novel < TEXT"),
        ("novel", CHECKPOINTS, "pipe", "charlstm train TEXT --resume novel"),
    ],
)
def test_resume_command_is_quoted_for_a_shell(tmp_path, name, root, source, expected):
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    plan = SimpleNamespace(folder=root / name, paths=("-" if source == "-" else str(tmp_path / source),))
    assert resume_command(plan) == expected


def test_checkpoint_command_ends_with_the_name():
    plan = SimpleNamespace(folder=CHECKPOINTS / "novel", paths=())
    assert checkpoint_command(plan, "generate", "--checkpoint") == "charlstm generate --checkpoint novel"
