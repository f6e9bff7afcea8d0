"""Whether this machine has the memory for what a checkpoint says that it is: files can be larger than the disk they are on."""

import math
import os
from contextlib import suppress
from functools import cache
from pathlib import Path

from charlstm.errors import CheckpointError

_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""What a container may have of the machine's memory: control groups, version 2 and 1."""


@cache
def memory() -> float:
    """Bytes of the machine's memory, or of this container's; infinite where it does not say."""
    limits = [math.inf]
    with suppress(AttributeError, OSError, ValueError):  # Windows
        limits.append(float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")))
    for limit in _LIMITS:
        with suppress(OSError, ValueError):  # "max" is none
            limits.append(float(limit.read_text()))
    return min(limits)


def check_room(what: str, needed: float) -> None:
    """Refuse what is larger than all memory, before any of it is read.

    Raises:
        CheckpointError: If it is.
    """
    if needed > memory():
        raise CheckpointError(
            f"{what} needs {needed / 1e9:,.0f} GB of memory, and this machine has {memory() / 1e9:,.0f}; use a smaller model"
        )
