"""Output files named by the user: checked before any work, then written atomically."""

import errno
import os
import secrets
from pathlib import Path

import typer

from charlstm.cli.terminal import printable_name, say
from charlstm.errors import short_repr

PAGES = (".html", ".htm")
"""Suffixes of pages."""

_ADVICE = "name a file in a folder that exists and can be written to"


def output_path(name: str) -> Path:
    """Parse the value of an option that names an output file.

    Raises:
        typer.BadParameter: If it ends with a slash, which a path would lose, or is ``-``, which does not name a file.
    """
    if name == "-":
        raise typer.BadParameter("expected a file; found -, which stands for a standard stream (./- is a file of that name)")
    if name.endswith(("/", os.sep)):
        raise typer.BadParameter(f"{printable_name(name)} is a folder; {_ADVICE}")
    return Path(name)


def page_path(name: str) -> Path:
    """Parse the value of an option that names a page, which replaces an existing file.

    Raises:
        typer.BadParameter: If it does not end in ``.html`` or ``.htm``: it may be a text or a checkpoint's file. A folder or a
            device is left to :func:`check_outputs`, which says what it is.
    """
    path = output_path(name)
    if path.suffix.lower() not in PAGES and (path.is_file() or not path.exists()):
        raise typer.BadParameter(f"expected a file that ends in .html; found {short_repr(name)}")
    return path


def folder_path(name: str) -> Path:
    """Parse the value of an option that names a folder to write files into.

    Raises:
        typer.BadParameter: If it cannot be created or written to.
    """
    from charlstm.checkpoint.folder import creation_obstacle

    if reason := creation_obstacle(Path(name) / "file"):
        raise typer.BadParameter(f"no files can be written to it ({reason}); choose another folder")
    return Path(name)


def check_outputs(**options: Path | None) -> None:
    """Refuse files that cannot be written; create nothing.

    Args:
        options: File of each option, by the option's name; None if the option was not given.

    Raises:
        typer.BadParameter: If a file cannot be written, or two options name the same file.
    """
    from charlstm.checkpoint.regular_files import real_path

    files = {option: file for option, file in options.items() if file is not None}
    for option, file in files.items():
        if why := _refusal(file):
            raise typer.BadParameter(f"--{option}: {why}")
    if len({real_path(file) for file in files.values()}) < len(files):
        raise typer.BadParameter(f"{' and '.join(f'--{option}' for option in files)} name the same file; name one for each")


def write_output(what: str, file: Path, content: bytes) -> None:
    """Write a checked file, or the target of a link, and print where it is.

    Args:
        what: Beginning of the message, such as "The report is".
        file: The file as the user named it.
        content: The whole content.

    Raises:
        CheckpointError: If it cannot be written; an old file is unchanged.
    """
    from charlstm.checkpoint.atomic import write_atomically
    from charlstm.checkpoint.regular_files import real_path

    write_atomically(real_path(file), content)
    say(f"{what} in {file}.")


def _refusal(file: Path) -> str:
    """Return why a file cannot be written, and what to do; an empty string if it can be."""
    try:
        why = _obstacle(file)
    except OSError as error:
        advice = "choose a shorter name" if error.errno == errno.ENAMETOOLONG else _ADVICE
        return f"{printable_name(str(file))} cannot be written ({error.strerror or error}); {advice}"
    return f"{why}; {_ADVICE}" if why else ""


def _obstacle(file: Path) -> str:
    """Return why a file cannot be written; an empty string if it can be.

    Raises:
        OSError: If the system refuses it.
    """
    from charlstm.checkpoint.regular_files import real_path

    name = printable_name(str(file))
    if file.exists() and not file.is_file():
        return f"{name} is {'a folder' if file.is_dir() else 'not an ordinary file'}"
    if file.is_symlink() and not file.exists():
        return f"{name} is a link to {printable_name(str(file.readlink()))}, which does not exist"
    if not file.parent.is_dir():
        return f"the folder {printable_name(str(file.parent))} does not exist"
    if file.exists() and not os.access(file, os.W_OK):
        return f"{name} is write-protected"
    # Only an attempt shows whether permissions, disk and length of the name allow the file.
    target = real_path(file)
    attempt = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    attempt.touch(exist_ok=False)
    attempt.unlink()
    return ""
