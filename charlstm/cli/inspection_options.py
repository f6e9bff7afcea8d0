"""The options of ``charlstm inspect`` that only some sections use."""

from collections.abc import Collection

import typer

from charlstm.cli.options import is_given
from charlstm.errors import join_alternatives

_INSIDE = ("inside",)
_STEP_AND_INSIDE = ("step", "inside")
_BY_KERAS = ("shapes", "weights", "step", "state", "units", "time-distributed", "activations", "kernel")
_USED_BY = {
    "text": _STEP_AND_INSIDE,
    "text_file": _STEP_AND_INSIDE,
    "text_encoding": _STEP_AND_INSIDE,
    "on_unknown": _STEP_AND_INSIDE,
    "character": ("step",),
    "unit": _STEP_AND_INSIDE,
    "layer": _INSIDE,
    "keras": _BY_KERAS,
}
"""The sections that use an option, by the name of its parameter; other options are for every section."""

_OF_A_RECIPE = ("section", "checkpoint", "checkpoints")


def refuse_unused(context: typer.Context, section: str | None, shown: Collection[str]) -> None:
    """Refuse an option that has no effect on any of the sections shown.

    Args:
        context: The options of the command.
        section: The section that was asked for; None for the default.
        shown: Names of the sections to show.

    Raises:
        typer.BadParameter: If there is such an option.
    """
    for name, sections in _USED_BY.items():
        if is_given(context, name) and not set(sections) & set(shown):
            option = f"--{name.replace('_', '-')}"
            others = f"{section} does" if section else "the sections shown do"
            raise typer.BadParameter(f"{option} is for {join_alternatives(sections)}; {others} not use it: remove {option}")


def refuse_for_recipe(context: typer.Context) -> None:
    """Refuse every option that does not name the model, since a recipe is printed as it is."""
    if any(is_given(context, name) for name in context.params if name not in _OF_A_RECIPE):
        raise typer.BadParameter("the recipe is the TOML of a training; give no options but --checkpoint and --checkpoints")
