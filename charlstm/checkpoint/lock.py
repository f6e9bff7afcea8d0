"""One training at a time in a checkpoint."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import filelock

from charlstm.checkpoint.atomic import make_folder, translate_write_errors
from charlstm.checkpoint.state_files import states_folder
from charlstm.errors import CheckpointError, TakenError

LOCK = "lock"


@contextmanager
def training_lock(folder: Path) -> Iterator[None]:
    """Keep every other process from training this checkpoint. The lock dies with its process.

    Raises:
        TakenError: If another process holds it.
        CheckpointError: If the folder cannot be written to.
    """
    place = states_folder(folder)
    with translate_write_errors(place):
        make_folder(place)
        held = try_lock(place / LOCK)
    if held is None:
        raise TakenError(f"{folder} is being trained by another process; wait for its end, or train under another --name")
    with held:
        yield


def try_lock(path: Path) -> AbstractContextManager[Any] | None:
    """Lock a file for this process, until the block ends or the process does; None if another one holds it.

    Raises:
        CheckpointError: If it is no ordinary file.
        OSError: If it cannot be made.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise CheckpointError(f"{path} is not an ordinary file, as a lock should be; remove it")
    lock = filelock.FileLock(path, timeout=0)
    try:
        return lock.acquire()
    except filelock.Timeout:
        return None
