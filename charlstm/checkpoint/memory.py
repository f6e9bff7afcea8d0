"""How much memory this machine has: files can be larger than the disk they are on, and what is asked for larger than both."""

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from charlstm.errors import CheckpointError

_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUP = Path("/proc/self/cgroup")
_MACHINE = Path("/proc/meminfo")


@cache
def total_memory() -> float:
    """Bytes of the machine's memory, or of this container's; infinite where it does not say."""
    limits = [math.inf]
    with suppress(AttributeError, OSError, ValueError):  # Windows
        limits.append(float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")))
    for limit in _limits():
        with suppress(OSError, ValueError):  # "max" is none
            limits.append(float(limit.read_text()))
    return min(limits)


def available_memory() -> float:
    """Return the bytes that can be taken now: those of :func:`total_memory` less what other processes use."""
    free = [total_memory()]
    with suppress(OSError, KeyError, ValueError):
        free.append(1024 * _figures(_MACHINE)["MemAvailable"])
    for limit in _limits():
        used = limit.with_name({"memory.max": "memory.current"}.get(limit.name, "memory.usage_in_bytes"))
        with suppress(OSError, ValueError):
            figures = _figures(limit.with_name("memory.stat"))
            # Cached files are given back when memory is wanted; version 1 counts those of the groups below apart.
            cached = sum(figures.get(f"total_{name}", figures.get(name, 0)) for name in ("inactive_file", "active_file"))
            free.append(float(limit.read_text()) - float(used.read_text()) + cached)
    return max(0.0, min(free))


def _figures(path: Path) -> dict[str, int]:
    """Return the numbers of a file that has a name and a number in each line."""
    lines = (line.replace(":", " ").split() for line in path.read_text().splitlines())
    return {name: int(number) for name, number, *_ in lines}


def address_space() -> float:
    """Return the bytes of address space that this process may have (``ulimit -v``); infinity where there is no limit."""
    try:
        import resource
    except ImportError:  # Windows
        return math.inf
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return math.inf if limit == resource.RLIM_INFINITY else limit


def _limits() -> Iterator[Path]:
    """Where Linux says what a process may have: in its control group (version 1 or 2) and in those around it."""
    lines: list[str] = []
    with suppress(OSError):
        lines = _OWN_GROUP.read_text().splitlines()
    for line in ("0::/", "1:memory:/", *lines):  # a container may see its own group as the outermost one
        _, controllers, group = line.split(":", 2)
        if controllers in ("", "memory"):
            name = "memory.limit_in_bytes" if controllers else "memory.max"
            path = _GROUPS / controllers / group.lstrip("/")
            yield from (part / name for part in (path, *path.parents) if part.is_relative_to(_GROUPS))


def check_memory(what: str, needed: float) -> None:
    """Refuse what is larger than all memory, before any of it is read.

    Raises:
        CheckpointError: If it is.
    """
    if needed > total_memory():
        raise CheckpointError(
            f"{what} needs {needed / 1e9:,.0f} GB of memory, and this machine has {total_memory() / 1e9:,.0f}; "
            "use a smaller model"
        )
