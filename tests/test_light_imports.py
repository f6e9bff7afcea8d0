"""Libraries that quick commands must not import, checked in processes of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def loaded_by(*arguments: str, folder: Path) -> set[str]:
    """Return the top-level modules that a command imports in a process of its own."""
    program = (
        "import json, sys\n"
        f"sys.argv = ['charlstm', *{arguments!r}]\n"
        "from charlstm.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "print()\nprint(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "80"},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stdout.splitlines()[-1]))


HEAVY = {"tensorflow", "keras", "jax", "torch", "h5py"}


@pytest.mark.parametrize(
    ("command", "needed"),
    [
        ("train --help", "typer"),
        ("list", "safetensors"),
        ("generate --length 20", "numpy"),
        ("generate --length 20 --mode stateful --samples 2 --json", "numpy"),
        ("generate --length 20 --interactive", "numpy"),
        ("evaluate text.txt", "numpy"),
        ("compare --length 20 --text text.txt", "rich"),
        ("inspect --text-file text.txt --page page.html", "jinja2"),
    ],
)
def test_quick_commands_do_not_import_tensorflow(command, needed, tmp_path, make_checkpoint):
    make_checkpoint(tmp_path / "checkpoints" / "tale")
    (tmp_path / "text.txt").write_text("The quick brown fox " * 4)
    loaded = loaded_by(*command.split(), folder=tmp_path)
    assert needed in loaded  # proves that the command ran
    assert not loaded & HEAVY
    assert "charset_normalizer" not in loaded  # the texts are UTF-8


@pytest.mark.parametrize(
    "command", ["--help", "--version", "generate --help", "evaluate --help", "compare --help", "inspect --help"]
)
def test_help_does_not_import_numpy(command, tmp_path):
    loaded = loaded_by(*command.split(), folder=tmp_path)
    assert "typer" in loaded
    assert not loaded & {*HEAVY, "numpy", "charset_normalizer"}
