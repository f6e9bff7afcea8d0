"""Atomic writes: a reader sees the old file or the new one, whatever fails."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from charlstm.errors import CheckpointError
from charlstm.files import replace_file, sync_folder, write_advice


@contextmanager
def translate_write_errors(path: Path) -> Iterator[None]:
    """Turn every OSError of the block into a CheckpointError that names the file.

    Args:
        path: The file that the block writes.

    Raises:
        CheckpointError: In place of any OSError.
    """
    try:
        yield
    except OSError as error:
        unchanged = " and was not changed" if os.path.lexists(path) else ""
        raise CheckpointError(f"{path} cannot be written ({error.strerror}){unchanged}; {write_advice(error)}") from None


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file as :func:`charlstm.files.replace_file` does.

    Raises:
        CheckpointError: If it cannot be written.
    """
    with translate_write_errors(path):
        replace_file(path, content)


def make_folder(path: Path) -> None:
    """Create a folder and its missing parents durably; do nothing if it exists.

    Raises:
        OSError: If it cannot be created.
    """
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    if missing:
        path.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        sync_folder(folder.parent)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of a process that was killed while it wrote.

    Raises:
        CheckpointError: If one cannot be removed.
    """
    for path in folder.glob(".*.tmp"):
        if path.is_symlink() or path.is_file():
            with translate_write_errors(path):
                path.unlink()
