"""Writing a file so that a reader sees all of it or nothing of it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from charlstm.errors import CheckpointError


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """State what went wrong if the block cannot write a file.

    Raises:
        CheckpointError: In place of any OSError.
    """
    try:
        yield
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be written ({error.strerror}) and is left as it was; make room, or choose another folder"
        ) from None


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file by way of a temporary one in the same folder: write, fsync, rename, fsync of the folder.

    Whoever opens ``path`` meanwhile, and whatever fails on the way, finds the old content or the new.

    Raises:
        CheckpointError: If it cannot be written.
    """
    with writing(path):
        _write(path, content)


def _write(path: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)  # mkstemp gives 0600, which would keep a shared checkpoint to its owner
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename durable. Windows cannot open a folder, and needs no such call."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
