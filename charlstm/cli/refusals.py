"""Refusals of options that would be ignored."""

import typer

from charlstm.cli.options import is_given


def once(option: str, values: list[str] | None) -> str | None:
    """Return the only value of an option; refuse several, since all but one would be ignored."""
    if values and len(values) > 1:
        raise typer.BadParameter(f"{option}: expected one value; found {len(values)}")
    return values[0] if values else None


def refuse(reason: str, options: dict[str, bool]) -> None:
    """Refuse the options that were given, for a reason."""
    if given := [name for name, is_given in options.items() if is_given]:
        raise typer.BadParameter(f"{reason}; remove {' and '.join(given)}")


def refuse_on_unknown(context: typer.Context, what: str, options: str, *, used: bool) -> None:
    """Refuse ``--on-unknown`` without a text of the user's, since the texts of a checkpoint have known characters only.

    Args:
        context: The options of the command.
        what: The text that it is about.
        options: The options that give such a text.
        used: True if there is one.
    """
    if is_given(context, "on_unknown") and not used:
        raise typer.BadParameter(f"--on-unknown is about the characters of {what}; give {options} too, or remove --on-unknown")
