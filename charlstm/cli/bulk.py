"""``generate --samples N --output FILE.jsonl``: write many texts to a file on all cores; the same command resumes.

The file has one line for each random seed, in their order, and grows only at its end. The settings of the texts are stored
beside it: in ``FILE.unfinished`` and, after the last text, in ``FILE.settings`` with the SHA-256 of the file. The same command
therefore resumes, or finds nothing left to do; files with other settings are never changed. A run resumes after whole batches,
because the number of rows of a matrix product can change its last digits, and these can change a character.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

import typer
from tqdm import tqdm

from charlstm.cli.flags import flag
from charlstm.cli.terminal import say
from charlstm.errors import CharlstmError, clip_text, short_repr
from charlstm.formatting import counted
from charlstm.inference.bulk import Job, write_in_order
from charlstm.inference.sampling import Sampling
from charlstm.interruption import signals

if TYPE_CHECKING:
    from charlstm.inference.generation import Sample

BATCH = 64
"""Texts that a process generates at a time. More would not be faster, and more would be lost when the process is stopped."""
_PAUSE = 60.0
"""Seconds between two progress messages when stderr is not a terminal."""


@dataclass(frozen=True)
class Settings:
    """The settings that determine the texts of a file.

    Attributes:
        random_seed: Random seed of the first text.
        samples: Number of texts.
        values: All settings, these two among them, as JSON values.
        sha256: Recorded SHA-256 of the finished file; None before.
    """

    random_seed: int
    samples: int
    values: Mapping[str, object]
    sha256: str | None = None


def write_many(job: Job, path: Path, random_seeds: range, settings: Mapping[str, object], processes: int) -> None:
    """Write the texts of all random seeds that are not yet in the file, and report the number written.

    Args:
        job: The texts to generate.
        path: The file, one JSON object a line.
        random_seeds: Random seed of each text.
        settings: Everything that the texts depend on, as JSON values.
        processes: Number of processes that generate at the same time.

    Raises:
        CharlstmError: If the file has other settings, or cannot be written.
        typer.Exit: If a signal asks to stop.
    """
    wanted = Settings(random_seeds.start, len(random_seeds), json.loads(json.dumps(settings)))
    texts = len(random_seeds)
    with _alone(path):
        if is_finished(path):
            _check_finished(path, wanted)
            say(f"{path} already has {counted(texts, 'text')}; for other texts, choose another --output.")
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
            say(f"Stopped: {done:,} of {texts:,} texts are in {path}; the same command resumes.")
            raise
        except OSError as error:
            raise CharlstmError(
                f"{path} cannot be written ({error.strerror}); {done:,} of {texts:,} texts are in it; free disk space, then "
                "run the same command to resume"
            ) from None
    say(f"Wrote {counted(texts - before, 'text')} to {path}.")


def _bar(done: int, texts: int) -> "tqdm[Any]":
    return tqdm(initial=done, total=texts, unit=" texts", disable=not sys.stderr.isatty(), dynamic_ncols=True, leave=False)


def _end(number: int, _: Any) -> NoReturn:
    raise typer.Exit(128 + number)


def is_finished(path: Path) -> bool:
    """Return whether a file exists in which nothing is left to write."""
    return path.exists() and not _unfinished(path).exists()


def stored_settings(path: Path) -> Settings | None:
    """Return the stored settings of a file's texts; None if there is no such file, or no settings beside it."""
    from charlstm.checkpoint.json_files import parse_json, read_bounded

    notes = [note for note in (_unfinished(path), _finished(path)) if note.exists()]
    if not (path.exists() and notes):
        return None
    try:
        settings = parse_json(read_bounded(notes[0]))
    except (ValueError, RecursionError, CharlstmError):
        settings = None
    if not isinstance(settings, dict) or not all(type(settings.get(name)) is int for name in ("random_seed", "samples")):
        raise CharlstmError(f"{notes[0]} is damaged; remove it together with {path}, or choose another --output")
    digest = settings.pop("sha256", None)
    return Settings(settings["random_seed"], settings["samples"], settings, digest)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Lock the file against other processes, and remove the lock at the end."""
    from charlstm.checkpoint.lock import try_lock

    lock = path.with_name(path.name + ".lock")
    held = try_lock(lock)
    if held is None:
        raise CharlstmError(f"{path} is being written by another process; wait until it ends, or choose another --output")
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


def _resumed(path: Path, settings: Settings, texts: int) -> int:
    """Start a file, or truncate an unfinished one after its last whole batch; return the number of its texts."""
    from charlstm.checkpoint.atomic import write_atomically

    if not path.exists():
        write_atomically(_unfinished(path), json.dumps(settings.values).encode())
        return 0
    before = stored_settings(path)
    if other := _difference(before.values if before else {}, settings.values):
        raise CharlstmError(f"{path} was started with {other}; resume with the same settings, or choose another --output")
    with path.open("r+b") as file:
        ends = [0, *accumulate(len(line) for line in file if line.endswith(b"\n"))]
        lines = len(ends) - 1
        done = lines if lines == texts else lines // BATCH * BATCH
        file.truncate(ends[done])
    if done:
        say(f"Resuming {path}: {done:,} of {texts:,} texts are done.")
    return done


def _check_finished(path: Path, settings: Settings) -> None:
    """Refuse a file that is not finished with these settings."""
    before = stored_settings(path)
    if before is None:
        raise CharlstmError(f"{path} already exists and was not changed; choose another --output")
    more, first = settings.samples - before.samples, before.random_seed + before.samples
    if more > 0 and not _difference(before.values, {**settings.values, "samples": before.samples}):
        raise CharlstmError(
            f"{path} is finished with {counted(before.samples, 'text')}; write the other {more:,} to another --output with "
            f"--random-seed {first} --samples {more}"
        )
    if other := _difference(before.values, settings.values):
        raise CharlstmError(f"{path} was written with {other}; choose another --output")
    if before.sha256 != _digest(path):
        raise CharlstmError(f"{path} was edited since charlstm wrote it, and was not changed; choose another --output")


def _finish(path: Path, settings: Settings) -> None:
    from charlstm.checkpoint.atomic import write_atomically

    write_atomically(_finished(path), json.dumps({**settings.values, "sha256": _digest(path)}).encode())
    _unfinished(path).unlink()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_UNPRINTED = {"model": "another model", "seed": "another seed"}
"""Settings whose values are digests."""


def _difference(before: Mapping[str, object], now: Mapping[str, object]) -> str:
    """Return the first setting that differs, with both values; an empty string if none does.

    A sampling setting that the stored ones lack did not exist when the file was begun, which is the same as its default.

    >>> _difference({"samples": 3, "stop": []}, {"samples": 2, "stop": []}), _difference({"seed": "1f"}, {"seed": "2e"})
    ('--samples 3 (now 2)', 'another seed')
    """
    defaults = asdict(Sampling())
    for key in sorted(before.keys() | now.keys()):
        stored, wanted = before.get(key, defaults.get(key)), now.get(key)
        if stored != wanted:
            return _UNPRINTED.get(key) or f"{flag(key)} {_value(stored)} (now {_value(wanted)})"
    return ""


def _value(value: object) -> str:
    """Return a value as it is given to its option.

    >>> _value(0.8), _value("stateful"), _value([]), _value(["e", "end"])
    ('0.8', 'stateful', 'none', "'e', 'end'")
    """
    if isinstance(value, list):
        return short_repr(value)[1:-1] or "none"
    return "none" if value is None else clip_text(str(value), 80)


def _append(file: IO[bytes], samples: Sequence["Sample"]) -> None:
    file.write(b"".join(json.dumps(asdict(sample), ensure_ascii=False).encode() + b"\n" for sample in samples))
    file.flush()
    os.fsync(file.fileno())
