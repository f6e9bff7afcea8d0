"""Locks that let one process at a time train a checkpoint or write a file."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import filelock

from charlstm.checkpoint.atomic import make_folder, translate_write_errors
from charlstm.checkpoint.state_files import states_folder
from charlstm.errors import CheckpointError, TakenError

LOCK = "lock"


@contextmanager
def training_lock(folder: Path) -> Iterator[None]:
    """Lock a checkpoint against training by other processes; the system releases the lock of a killed process.

    Raises:
        TakenError: If another process holds the lock.
        CheckpointError: If the folder cannot be written to.
    """
    place = states_folder(folder)
    with translate_write_errors(place):
        make_folder(place)
        held = try_lock(place / LOCK)
    if held is None:
        raise TakenError(f"{folder} is being trained by another process; wait until it ends, or choose another `name`")
    with held:
        yield


def is_training(folder: Path) -> bool:
    """Return whether a process trains a checkpoint at this moment."""
    try:
        path = states_folder(folder) / LOCK
        held = try_lock(path) if path.exists() else nullcontext()
    except (CheckpointError, OSError):  # a lock that cannot be opened, as in a folder that is write-protected
        return False
    if held is None:
        return True
    with held:
        return False


def try_lock(path: Path) -> AbstractContextManager[Any] | None:
    """Lock a file for this process.

    Returns:
        A context manager that releases the lock at its end; None if another process holds the lock.

    Raises:
        CheckpointError: If the path is not an ordinary file.
        OSError: If the file cannot be created.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise CheckpointError(f"{path} is not an ordinary file and cannot be used as a lock; remove it")
    lock = filelock.FileLock(path, timeout=0)
    try:
        return lock.acquire()
    except filelock.Timeout:
        return None
