"""One training at a time in a checkpoint."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from charlstm.checkpoint.atomic import make_folder, writing
from charlstm.checkpoint.resume import RESUME
from charlstm.errors import CheckpointError

LOCK = "lock"


@contextmanager
def training_lock(folder: Path) -> Iterator[None]:
    """Keep every other process from training this checkpoint. The lock dies with its process.

    Raises:
        CheckpointError: If another process holds it, or the folder cannot be written to.
    """
    with writing(folder / RESUME):
        if (folder / RESUME).is_symlink():
            raise CheckpointError(f"{folder / RESUME} leads out of the checkpoint; put a folder in its place")
        make_folder(folder / RESUME)
        lock = filelock.FileLock(folder / RESUME / LOCK, timeout=0)
        try:
            lock.acquire()
        except filelock.Timeout:
            raise CheckpointError(
                f"{folder} is being trained by another process; wait for its end, or train under another --name"
            ) from None
    try:
        yield
    finally:
        lock.release()
