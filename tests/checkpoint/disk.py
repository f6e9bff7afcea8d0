"""Replacements of functions of ``os`` that simulate a failing disk or a power cut."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pytest

CHANGING = ("open", "write", "fsync", "replace", "rename", "mkdir", "unlink")


class PowerCut(BaseException):
    """A power cut: after it nothing changes the disk, not even the clean-up code."""


@contextmanager
def failing(at: int, error: BaseException) -> Iterator[Callable[[], int]]:
    """Make one call that changes the disk fail.

    A write that fails has written half of its data. After a :class:`PowerCut` all later calls fail too.

    Args:
        at: Index of the call, from 0.
        error: The error that the call raises.

    Yields:
        A function that returns the number of calls so far.
    """
    calls = 0

    def guarded(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls - 1 == at or (calls > at and isinstance(error, PowerCut)):
                if name == "write" and calls - 1 == at:
                    original(arguments[0], arguments[1][: len(arguments[1]) // 2])
                raise error
            return original(*arguments, **options)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in CHANGING:
            patch.setattr(os, name, guarded(name, getattr(os, name)))
        yield lambda: calls


NO_SPACE = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@dataclass
class Trace:
    """The changes of the disk below a folder, in order: creations, data, renames, removals and flushes."""

    root: Path
    events: list[tuple[Any, ...]] = field(default_factory=list)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record every call that changes the disk."""
        open_files: dict[int, tuple[Path, int]] = {}
        originals = {name: getattr(os, name) for name in (*CHANGING, "close")}
        files = 0

        def opened(path: Any, flags: int, *more: Any, **options: Any) -> int:
            nonlocal files
            descriptor: int = originals["open"](path, flags, *more, **options)
            files += 1
            open_files[descriptor] = (Path(path), files)
            if flags & os.O_CREAT:
                self.events.append(("create", Path(path), files))
            return descriptor

        def written(descriptor: int, data: Any) -> int:
            self.events.append(("data", open_files[descriptor][1], bytes(data)))
            count: int = originals["write"](descriptor, data)
            return count

        def synced(descriptor: int) -> None:
            path, number = open_files[descriptor]
            self.events.append(("sync folder", path) if path.is_dir() else ("sync", number))
            originals["fsync"](descriptor)

        def closed(descriptor: int) -> None:
            open_files.pop(descriptor, None)
            originals["close"](descriptor)

        def named(name: str) -> Callable[..., None]:
            def call(*paths: Any, **options: Any) -> None:
                originals[name](*paths, **options)
                self.events.append((name, *(Path(path) for path in paths if not isinstance(path, int))))

            return call

        with pytest.MonkeyPatch.context() as patch:
            for name, replacement in {"open": opened, "write": written, "fsync": synced, "close": closed}.items():
                patch.setattr(os, name, replacement)
            for name in ("replace", "rename", "mkdir", "unlink"):
                patch.setattr(os, name, named(name))
            yield

    def after_power_cut(self, length: int) -> Iterator[dict[str, bytes | None]]:
        """Yield every content that the folder can have after a power cut.

        Any subset of the names changed in a folder since its last flush may have reached the disk. A file that was not
        flushed may have none, half or all of its data.

        Args:
            length: Number of calls before the power cut.

        Yields:
            The content of each file by its relative path; None for a folder.
        """
        names: dict[Path, int | None] = {}
        pending: list[tuple[Any, ...]] = []
        content: dict[int, bytes] = {}
        flushed: dict[int, bytes] = {}
        for event in self.events[:length]:
            kind, *rest = event
            if kind == "data":
                content[rest[0]] = content.get(rest[0], b"") + rest[1]
            elif kind == "sync":
                flushed[rest[0]] = content.get(rest[0], b"")
            elif kind == "sync folder":
                for change in [change for change in pending if change[1].parent == rest[0]]:
                    _apply(names, change)
                    pending.remove(change)
            else:
                pending.append(event)
        for chosen in chain.from_iterable(combinations(pending, size) for size in range(len(pending) + 1)):
            after = dict(names)
            for change in chosen:
                _apply(after, change)
            reachable = {path: number for path, number in after.items() if _has_parents(path, after, self.root)}
            for fraction in (0.0, 0.5, 1.0):
                yield {
                    str(path.relative_to(self.root)): None if number is None else _data(number, content, flushed, fraction)
                    for path, number in reachable.items()
                }


def _apply(names: dict[Path, int | None], change: tuple[Any, ...]) -> None:
    kind, *rest = change
    if kind == "create":
        names[rest[0]] = rest[1]
    elif kind == "mkdir":
        names[rest[0]] = None
    elif kind == "unlink":
        names.pop(rest[0], None)
    else:
        for path in [path for path in names if rest[0] in (path, *path.parents)]:  # a folder and its content
            names[rest[1] / path.relative_to(rest[0])] = names.pop(path)


def _has_parents(path: Path, names: dict[Path, int | None], root: Path) -> bool:
    return all(parent in names for parent in path.parents if root in parent.parents)


def _data(number: int, content: dict[int, bytes], flushed: dict[int, bytes], fraction: float) -> bytes:
    if number in flushed:
        return flushed[number]
    written = content.get(number, b"")
    return written[: round(fraction * len(written))]
