"""Shell commands about a checkpoint, for messages on the command line."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from charlstm.cli.terminal import CHECKPOINTS

if TYPE_CHECKING:
    from charlstm.planning.training_plan import TrainingPlan


def checkpoint_command(plan: "TrainingPlan", *parts: str) -> str:
    """Return a shell command that ends with the name of the plan's checkpoint.

    Args:
        plan: The plan.
        parts: The command and its options, such as ``"generate", "--checkpoint"``.
    """
    return folder_command(plan.folder, *parts)


def folder_command(folder: Path, *parts: str) -> str:
    """Return a shell command that ends with the name of a checkpoint.

    Args:
        folder: Folder of the checkpoint.
        parts: The command and its options, such as ``"generate", "--checkpoint"``.
    """
    where = () if folder.parent == CHECKPOINTS else ("--checkpoints", str(folder.parent))
    return shlex.join(("charlstm", *parts, folder.name, *where))


def resume_command(plan: "TrainingPlan") -> str:
    """Return the shell command that resumes training."""
    if "-" in plan.paths:
        return checkpoint_command(plan, "train", "-", "--resume") + " < TEXT"
    from charlstm.text.prepared_corpus import is_prepared

    pipes = not all(Path(path).is_file() or is_prepared(path) for path in plan.paths)
    return checkpoint_command(plan, "train", *["TEXT"] * pipes, "--resume")
