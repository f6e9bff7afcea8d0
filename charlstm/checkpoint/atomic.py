"""Atomic writes: a reader sees the old file or the new one, whatever fails.

Everything that changes the disk goes through functions of ``os`` (``Path`` calls them too), one system call each. There the
tests make each call fail in turn and simulate a power cut after it.
"""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from charlstm.errors import CheckpointError

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)

_REMOVED = "its folder was removed or replaced: choose another {place}"
_PERMISSIONS = "change the permissions, or choose another {place}"
_FULL = "free disk space, or choose another {place}"
_OPEN_FILES = "close other programs, or raise the limit of open files"
_ADVICE = {
    **dict.fromkeys((errno.ENOENT, errno.ENOTDIR), _REMOVED),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), _PERMISSIONS),
    **dict.fromkeys((errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)), _FULL),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), _OPEN_FILES),
    errno.EBADF: "it is closed: redirect it to a file, or to /dev/null",
    errno.ENAMETOOLONG: "choose a shorter name",
}


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


def write_advice(error: OSError, place: str = "folder") -> str:
    """Return what to do about a failed write.

    Args:
        error: The failure.
        place: The noun in the advice to "choose another" one.

    >>> write_advice(OSError(errno.ENOSPC, "")), write_advice(NotADirectoryError(errno.ENOTDIR, ""))
    ('free disk space, or choose another folder', 'its folder was removed or replaced: choose another folder')
    >>> write_advice(OSError(errno.ENAMETOOLONG, ""))
    'choose a shorter name'
    """
    return _ADVICE.get(error.errno or 0, "choose another {place}").format(place=place)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file through a temporary one in the same folder: write, fsync, rename, fsync of the folder.

    A reader finds the old content or the new, even while the file is written and after any failure.

    Raises:
        CheckpointError: If it cannot be written.
    """
    with translate_write_errors(path):
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
        try:
            _write(temporary, content)
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        sync_folder(path.parent)


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


def sync_folder(folder: Path) -> None:
    """Make renames, creations and removals in a folder durable. Windows needs no such call."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, _CREATE, 0o666)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
