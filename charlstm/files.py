"""Careful file access: only ordinary files are opened, and a file is replaced as a whole or not at all.

Everything that changes the disk goes through functions of ``os`` (``Path`` calls them too), one system call each. There the
tests make each call fail in turn and simulate a power cut after it.
"""

import errno
import os
import secrets
import stat
from contextlib import suppress
from io import BufferedReader
from pathlib import Path

_READ = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY", "O_CLOEXEC"))
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)

_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}
_REMEDIES = {
    **dict.fromkeys((errno.ENOENT, errno.ENOTDIR), "put its folder back"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "change the permissions"),
    **dict.fromkeys((errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)), "free disk space"),
    errno.EFBIG: "raise the limit of the size of files (ulimit -f)",
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "close other programs, or raise the limit of open files"),
}
"""What to do about a failed write, to repeat it."""
_ADVICE = {
    **dict.fromkeys((errno.ENOENT, errno.ENOTDIR), "its folder was removed or replaced: choose another {place}"),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), _REMEDIES[errno.EMFILE]),  # another place would not help
    errno.EBADF: "it is closed: redirect it to a file, or to /dev/null",
    errno.ENAMETOOLONG: "choose a shorter name",
}


def open_regular(path: Path) -> BufferedReader:
    """Open a file of a checkpoint or a prepared corpus for reading; refuse links, folders, pipes and devices.

    Raises:
        FileNotFoundError: If it does not exist.
        OSError: If it is not an ordinary file, or cannot be opened.
    """
    _check_ordinary(path, path.lstat())  # first, because opening a device can have an effect
    descriptor = os.open(path, _READ)
    try:
        _check_ordinary(path, os.fstat(descriptor))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _check_ordinary(path: Path, found: os.stat_result) -> None:
    kind = stat.S_IFMT(found.st_mode)
    if kind != stat.S_IFREG:
        raise OSError(
            errno.EINVAL, f"{path.name or path} is {_KINDS.get(kind, 'something else')}, not an ordinary file", str(path)
        )


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
    number = error.errno or 0
    another = [*filter(None, [_REMEDIES.get(number)]), "choose another {place}"]
    return _ADVICE.get(number, ", or ".join(another)).format(place=place)


def write_remedy(error: OSError) -> str:
    """Return what to do about a failed write before it is repeated in the same place.

    >>> write_remedy(OSError(errno.EFBIG, "")), write_remedy(OSError(errno.EIO, ""))
    ('raise the limit of the size of files (ulimit -f)', 'check the disk')
    """
    return _REMEDIES.get(error.errno or 0, "check the disk")


def replace_file(path: Path, content: bytes) -> None:
    """Write a file through a temporary one in the same folder: write, fsync, rename, fsync of the folder.

    A reader finds the old content or the new, even while the file is written and after any failure.

    Raises:
        OSError: If it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        _write(temporary, content)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


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
