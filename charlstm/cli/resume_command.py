"""Shell commands about the checkpoint of a training plan, for messages on the command line."""

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
    where = () if plan.folder.parent == CHECKPOINTS else ("--checkpoints", str(plan.folder.parent))
    return shlex.join(("charlstm", *parts, plan.folder.name, *where))


def resume_command(plan: "TrainingPlan") -> str:
    """Return the shell command that resumes training."""
    if "-" in plan.paths:
        return checkpoint_command(plan, "train", "-", "--resume") + " < TEXT"
    pipes = not all(Path(path).is_file() for path in plan.paths)
    return checkpoint_command(plan, "train", *["TEXT"] * pipes, "--resume")
