"""Inputs of ``charlstm train`` beside the corpus and the settings: recipes, validation texts, folders for TensorBoard."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import typer

from charlstm import choices
from charlstm.cli.options import choice, integer
from charlstm.cli.outputs import folder_path
from charlstm.cli.train_options import TRAINING, option

if TYPE_CHECKING:
    from charlstm.planning import recipe_file
    from charlstm.planning.cluster import Cluster
    from charlstm.planning.training_plan import TrainingPlan

_SWEEP = "Several trainings"

Recipe = Annotated[
    Path | None,
    option(
        None,
        "TOML file of settings, such as charlstm inspect recipe prints; options override them. - reads stdin.",
        metavar="FILE.toml",
    ),
]
ValidationFile = Annotated[
    list[str] | None,
    option(
        TRAINING,
        "File of a validation text of your own; the whole corpus is trained on then. Repeat for several files.",
        metavar="FILE",
    ),
]
OnUnknown = Annotated[
    choices.OnUnknown | None,
    option(
        TRAINING,
        "Action for characters of --validation-file that the corpus lacks. Default: error.",
        **choice(choices.OnUnknown),
    ),
]
TensorBoard = Annotated[
    Path | None,
    option(
        TRAINING,
        "Folder for TensorBoard's event files: loss, scores, learning rate, speed, samples.",
        metavar="FOLDER",
        parser=folder_path,
    ),
]
Sweep = Annotated[
    list[str] | None,
    option(
        _SWEEP,
        "Train with each of these values of a setting, as a checkpoint of its own. Repeat for the combinations with another "
        "setting. 256+128 are the units of two layers.",
        metavar="SETTING=VALUE,VALUE,...",
    ),
]
Jobs = Annotated[
    int | None,
    option(_SWEEP, "Number of trainings at the same time, each with its share of the cores. Default: 1.", **integer(1)),
]


_NOT_SETTINGS = frozenset(
    {"corpus", "name", "preset", "resume", "resume_if_exists", "from_", "text_encoding", "show_samples", "checkpoints", "json"}
    | {"recipe", "validation_file", "on_unknown", "tensorboard", "page", "sweep", "jobs", "cluster", "rank"}
)
"""Options that are not settings of a network or a training."""


class HeldOutFiles(TypedDict):
    """A validation text of the user's own: its files, none if there is none, and the action for unknown characters."""

    validation_files: list[str]
    on_unknown: choices.OnUnknown


def settings_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those options of ``charlstm train`` that were given and are settings, by their fields."""
    return {key: value for key, value in options.items() if key not in _NOT_SETTINGS and value is not None}


def held_out_files(validation_file: list[str] | None, on_unknown: choices.OnUnknown | None) -> HeldOutFiles:
    """Return the validation text of ``--validation-file`` and ``--on-unknown``."""
    if on_unknown and not validation_file:
        raise typer.BadParameter("--on-unknown is for --validation-file; give both, or remove it")
    return {"validation_files": validation_file or [], "on_unknown": on_unknown or "error"}


def asks_for_sweep(sweep: list[str] | None, jobs: int | None) -> bool:
    """Return whether ``--sweep`` was given; refuse ``--jobs`` without it."""
    if jobs and not sweep:
        raise typer.BadParameter("--jobs is for --sweep; give both, or remove it")
    return bool(sweep)


def read_recipe(path: Path | None) -> "recipe_file.Recipe | None":
    """Return the recipe of ``--recipe``."""
    if path is None:
        return None
    from charlstm.planning.recipe_file import read_recipe as read

    return read(path)


def check_combination(
    corpus: list[str],
    name: str | None,
    resume: str | None,
    resume_if_exists: bool,
    others: Mapping[str, str | None],
    together: "Cluster | None",
    recipe: Path | None,
) -> None:
    """Refuse options that cannot be combined; ``others`` are those that ``--resume`` excludes, by their names."""
    if resume_if_exists and (name is None or resume is not None):
        raise typer.BadParameter("--resume-if-exists resumes the training of --name; give --name, and remove --resume")
    given = [option for option, value in others.items() if value is not None]
    if resume is not None and given:
        raise typer.BadParameter(f"--resume resumes a training with its own settings; remove {' and '.join(given)}")
    if not corpus and resume is None:
        raise typer.BadParameter("give a text to train on: charlstm train corpus.txt (- is stdin)")
    piped = recipe is not None and str(recipe) == "-"
    if piped and "-" in corpus:
        raise typer.BadParameter("the text and --recipe cannot both be read from stdin")
    if together and ("-" in corpus or piped):
        raise typer.BadParameter("several processes cannot read one standard input; give a file that each of them can read")


def memory_note(plan: "TrainingPlan") -> str | None:
    """Return a note on the memory that a training needs, if that is much; refuse a training that does not fit."""
    from charlstm.planning.memory_estimate import check_training_memory
    from charlstm.planning.training_plan import ResumedState

    return check_training_memory(**memory_inputs(plan), resumed=isinstance(plan.start, ResumedState))


def memory_inputs(plan: "TrainingPlan", jobs: int = 1) -> dict[str, Any]:
    """Return what the memory of a training is estimated from; each of several ``jobs`` has a share of the cores."""
    from charlstm.machine import cores
    from charlstm.planning.base_model import Base
    from charlstm.text.prepared_ids import as_prepared

    return {
        "model": plan.config.model,
        "training": plan.config.training,
        "characters": len(plan.ids),
        "cores": -(-cores() // jobs),
        "workers": len(plan.cluster.workers) if plan.cluster else 1,
        "fine_tuning": isinstance(plan.start, Base),
        "id_bytes": plan.ids.itemsize if as_prepared(plan.ids) is None else 0,
        "held_out": plan.config.held_out,
    }
