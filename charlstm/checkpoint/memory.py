"""Whether this machine has the memory for what a checkpoint says that it is: files can be larger than the disk they are on."""

import math
import os

from charlstm.errors import CheckpointError


def memory() -> float:
    """Bytes of the machine's memory; infinite where it does not say."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):  # Windows
        return math.inf


def check_room(what: str, needed: float) -> None:
    """Refuse what is larger than all memory, before any of it is read.

    Raises:
        CheckpointError: If it is.
    """
    if needed > memory():
        raise CheckpointError(
            f"{what} needs {needed / 1e9:,.0f} GB of memory, and this machine has {memory() / 1e9:,.0f}; use a smaller model"
        )
