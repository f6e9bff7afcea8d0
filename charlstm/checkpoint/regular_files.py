"""Checks of the paths and names of files that a checkpoint contains or names.

A checkpoint can come from a stranger. A link in it can lead to any file, and reading a pipe, a device or a file of ``/proc``
can block for ever.
"""

import os
import re
import stat
from pathlib import Path, PurePosixPath, PureWindowsPath

_SYSTEM = ("/proc", "/sys")

DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""File names that mean a device on Windows, in every folder."""


def refusal_reason(error: Exception) -> str:
    """Return why a file was refused, without the error number and the path."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


def real_path(path: str | Path) -> Path:
    """Return the absolute path without links.

    A link that leads to itself stays in the path, so that using the path fails with an OSError. ``Path.resolve`` raises a
    RuntimeError for it before Python 3.13.
    """
    return Path(os.path.realpath(path))


def is_text_file(path: str | Path) -> bool:
    """Return whether a path from a checkpoint, which the user did not type, may be opened as a text.

    It must lead to an ordinary file that is not empty, outside ``/proc`` and ``/sys``. Links are followed.
    """
    try:
        real = real_path(path)
        found = real.stat()
    except (OSError, ValueError):  # a missing file, an invalid name, or a cycle of links
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size > 0 and not any(real.is_relative_to(folder) for folder in _SYSTEM)


def is_file_name(name: str) -> bool:
    r"""Return whether a name is a plain file name on every system: no path, drive or device.

    A single hyphen is refused, because as a path it means standard input.

    >>> is_file_name("novel.txt"), is_file_name("../novel.txt"), is_file_name("C:novel.txt"), is_file_name("a\\novel.txt")
    (True, False, False, False)
    """
    plain = PurePosixPath(name).name == name == PureWindowsPath(name).name
    return plain and name not in ("", ".", "..", "-") and "\0" not in name and not DEVICES.fullmatch(name)
