"""``generate --samples N --output FILE.jsonl``: many texts into a file, over all cores; the same command resumes.

The file is at every moment a beginning of the finished one: a line for each random seed, in their order. What the texts depend
on is noted beside it, in ``FILE.unfinished`` and, once all of them are there, in ``FILE.settings`` with the SHA-256 of the
file. So the same command resumes or finds that nothing is left to do, and no other file is touched. A run resumes after whole
batches: the number of rows of a product can decide its last digits, and these a character.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from itertools import accumulate
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

import typer
from tqdm import tqdm

from charlstm.cli.progress import signals
from charlstm.cli.terminal import say
from charlstm.errors import CharlstmError, short_repr
from charlstm.inference.bulk import Job, write_in_order

if TYPE_CHECKING:
    from charlstm.inference.generation import Sample

BATCH = 64
"""Texts that a process writes at a time: more do not make it faster, and fewer are lost when it is stopped."""
_PAUSE = 60.0
"""Seconds between two messages on progress, where there is no terminal for a bar."""


def write_many(job: Job, path: Path, random_seeds: range, settings: Mapping[str, object], processes: int) -> None:
    """Write the texts of all random seeds that are not yet in the file, and say what was done.

    Args:
        job: The texts to write.
        path: The file, a JSON object a line.
        random_seeds: One for each text.
        settings: All that the texts depend on, as JSON can hold it.
        processes: That write at the same time.

    Raises:
        CharlstmError: If the file is there already and does not have these settings, or cannot be written.
        typer.Exit: If a signal asks it to end.
    """
    wanted: dict[str, Any] = json.loads(json.dumps(settings))
    texts = len(random_seeds)
    with _alone(path):
        if path.exists() and not _unfinished(path).exists():
            _check_finished(path, wanted)
            say(f"{path} already has its {texts:,} texts; for others, choose another --output.")
            return
        done = before = 0
        try:
            with signals(_end):
                done = before = _resumed(path, wanted, texts)
                left = random_seeds[done:]
                batches = [left[start : start + BATCH] for start in range(0, len(left), BATCH)]
                said = time.monotonic()
                with (
                    path.open("ab") as file,
                    _bar(done, texts) as bar,
                    closing(write_in_order(job, batches, processes)) as written,
                ):
                    for samples in written:
                        _append(file, samples)
                        bar.update(len(samples))
                        done += len(samples)
                        if bar.disable and time.monotonic() - said > _PAUSE:
                            said = time.monotonic()
                            say(f"{done:,} of {texts:,} texts")
                _finish(path, wanted)
        except typer.Exit:
            say(f"Stopped: {done:,} of {texts:,} texts are in {path}, and the same command resumes.")
            raise
        except OSError as error:
            raise CharlstmError(
                f"{path} cannot be written ({error.strerror}); {done:,} of {texts:,} texts are in it; make room, and the same "
                "command resumes"
            ) from None
    say(f"Wrote {texts - before:,} texts to {path}.")


def _bar(done: int, texts: int) -> "tqdm[Any]":
    return tqdm(initial=done, total=texts, unit=" texts", disable=not sys.stderr.isatty(), dynamic_ncols=True, leave=False)


def _end(number: int, _: Any) -> NoReturn:
    raise typer.Exit(128 + number)


def noted(path: Path) -> dict[str, Any]:
    """Return what the texts of a file depend on; an empty dict if there is none, or no note of it."""
    from charlstm.checkpoint.config_file import parse_json, read_bounded

    notes = [note for note in (_unfinished(path), _finished(path)) if note.exists()]
    if not (path.exists() and notes):
        return {}
    try:
        settings = parse_json(read_bounded(notes[0]))
    except (ValueError, RecursionError, CharlstmError):
        settings = None
    if not isinstance(settings, dict) or not all(type(settings.get(name)) is int for name in ("random_seed", "samples")):
        raise CharlstmError(f"{notes[0]} is damaged; remove it together with {path}, or choose another --output")
    return settings


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep every other process from writing the file; nothing is left of that afterwards."""
    from charlstm.checkpoint.lock import only_one

    lock = path.with_name(path.name + ".lock")
    held = only_one(lock)
    if held is None:
        raise CharlstmError(f"{path} is being written by another process; wait for its end, or choose another --output")
    with held:
        try:
            yield
        finally:
            with suppress(OSError):
                lock.unlink()


def _unfinished(path: Path) -> Path:
    return path.with_name(path.name + ".unfinished")


def _finished(path: Path) -> Path:
    return path.with_name(path.name + ".settings")


def _resumed(path: Path, settings: dict[str, Any], texts: int) -> int:
    """Begin a file, or cut an unfinished one off after its last whole batch; return the number of its texts."""
    from charlstm.checkpoint.atomic import write_atomically

    if not path.exists():
        write_atomically(_unfinished(path), json.dumps(settings).encode())
        return 0
    if other := _difference(noted(path), settings):
        raise CharlstmError(f"{path} was begun with another {other}; resume with the same settings, or choose another --output")
    with path.open("r+b") as file:
        ends = [0, *accumulate(len(line) for line in file if line.endswith(b"\n"))]
        lines = len(ends) - 1
        done = lines if lines == texts else lines // BATCH * BATCH
        file.truncate(ends[done])
    if done:
        say(f"Resuming {path}: {done:,} of {texts:,} texts are there.")
    return done


def _check_finished(path: Path, settings: dict[str, Any]) -> None:
    """Refuse a file that is not the finished one of these settings."""
    before = noted(path)
    if not before:
        raise CharlstmError(f"{path} exists already and is left as it is; choose another --output")
    digest = before.pop("sha256", None)
    more, first = settings["samples"] - before["samples"], before["random_seed"] + before["samples"]
    if more > 0 and not _difference(before, settings | {"samples": before["samples"]}):
        raise CharlstmError(
            f"{path} is finished with {before['samples']:,} texts; write the other {more:,} to another --output, with "
            f"--random-seed {first} --samples {more}"
        )
    if other := _difference(before, settings):
        raise CharlstmError(f"{path} was written with another {other}; choose another --output")
    if digest != _digest(path):
        raise CharlstmError(f"{path} was changed since it was written and is left as it is; choose another --output")


def _finish(path: Path, settings: dict[str, Any]) -> None:
    from charlstm.checkpoint.atomic import write_atomically

    write_atomically(_finished(path), json.dumps({**settings, "sha256": _digest(path)}).encode())
    _unfinished(path).unlink()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Return the first setting that differs, with both values; an empty string if none does."""
    for key in sorted(before.keys() | now.keys()):
        if before.get(key) != now.get(key):
            return f"{key} ({short_repr(before.get(key))}, now {short_repr(now.get(key))})"
    return ""


def _append(file: IO[bytes], samples: Sequence["Sample"]) -> None:
    file.write(b"".join(json.dumps(asdict(sample), ensure_ascii=False).encode() + b"\n" for sample in samples))
    file.flush()
    os.fsync(file.fileno())
