"""Cores and memory of the machine or the container.

Sparse files can be larger than their disk, and a damaged header can request any size, so sizes are checked first.
"""

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from charlstm.errors import CharlstmError, CheckpointError
from charlstm.formatting import about

_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUP = Path("/proc/self/cgroup")
_MACHINE = Path("/proc/meminfo")


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def total_memory() -> float:
    """Return the memory of the machine or of this container, in bytes; infinity if the system does not report it."""
    limits = [math.inf]
    with suppress(AttributeError, OSError, ValueError):  # Windows
        limits.append(float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")))
    for limit in _limits():
        with suppress(OSError, ValueError):  # "max" means unlimited
            limits.append(float(limit.read_text()))
    return min(limits)


def available_memory() -> float:
    """Return the memory that can be allocated now, in bytes: :func:`total_memory` minus the memory in use."""
    free = [total_memory()]
    with suppress(OSError, KeyError, ValueError):
        free.append(1024 * _figures(_MACHINE)["MemAvailable"])
    for limit in _limits():
        used = limit.with_name({"memory.max": "memory.current"}.get(limit.name, "memory.usage_in_bytes"))
        with suppress(OSError, ValueError):
            figures = _figures(limit.with_name("memory.stat"))
            # The kernel frees cached files on demand. Version 1 counts those of child groups under total_*.
            cached = sum(figures.get(f"total_{name}", figures.get(name, 0)) for name in ("inactive_file", "active_file"))
            free.append(float(limit.read_text()) - float(used.read_text()) + cached)
    return max(0.0, min(free))


def _figures(path: Path) -> dict[str, int]:
    """Return the numbers in a file of lines that each have a name and a number."""
    lines = (line.replace(":", " ").split() for line in path.read_text().splitlines())
    return {name: int(number) for name, number, *_ in lines}


def address_space() -> float:
    """Return the limit on the address space of this process (``ulimit -v``), in bytes; infinity if unlimited."""
    try:
        import resource
    except ImportError:  # Windows
        return math.inf
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return math.inf if limit == resource.RLIM_INFINITY else limit


def _limits() -> Iterator[Path]:
    """Yield the files in which Linux states memory limits: of the control group (version 1 or 2) and of its parents."""
    lines: list[str] = []
    with suppress(OSError):
        lines = _OWN_GROUP.read_text().splitlines()
    for line in ("0::/", "1:memory:/", *lines):  # a container may see its own group as the root
        _, controllers, group = line.split(":", 2)
        if controllers in ("", "memory"):
            name = "memory.limit_in_bytes" if controllers else "memory.max"
            path = _GROUPS / controllers / group.lstrip("/")
            yield from (part / name for part in (path, *path.parents) if part.is_relative_to(_GROUPS))


def check_size(what: str, needed: float) -> None:
    """Refuse data that does not fit in memory, before it is read.

    Args:
        what: Name of the data, for the message.
        needed: Bytes that it needs.

    Raises:
        CheckpointError: If ``needed`` is more than :func:`total_memory`.
    """
    if needed > total_memory():
        raise CheckpointError(
            f"{what} needs {needed / 1e9:,.0f} GB of memory, and this machine has {total_memory() / 1e9:,.0f}; "
            "use a smaller model"
        )


def check_memory(needed: Mapping[str, int], advice: str) -> None:
    """Refuse work that needs more memory than is available.

    Args:
        needed: Bytes needed, by purpose.
        advice: End of the message: ways to need less.

    Raises:
        CharlstmError: If fewer bytes are available.
    """
    total, there = sum(needed.values()), available_memory()
    if total > there:
        large = sorted(((size, what) for what, size in needed.items() if size > total / 100), reverse=True)
        parts = ", ".join(f"{what} {_gigabytes(size)}" for size, what in large)
        raise CharlstmError(
            f"out of memory: this would take {_gigabytes(total)} ({parts}), and {_gigabytes(there)} are available; {advice}"
        )


def _gigabytes(size: float) -> str:
    return f"{about(size / 1e9)} GB"
