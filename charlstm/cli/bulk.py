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
from itertools import accumulate
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import typer
from tqdm import tqdm

from charlstm.cli.generated_text import sample_record
from charlstm.cli.output_settings import (
    StoredSettings,
    difference,
    finished_path,
    is_finished,
    stored_settings,
    unfinished_path,
)
from charlstm.cli.terminal import say
from charlstm.errors import CharlstmError
from charlstm.formatting import counted
from charlstm.inference.bulk import Job, write_in_order
from charlstm.interruption import StopSignal, raise_stop, signals

if TYPE_CHECKING:
    from charlstm.inference.generation import Sample

BATCH = 64
"""Texts that a process generates at a time. More would not be faster, and more would be lost when the process is stopped."""
_PAUSE = 60.0
"""Seconds between two progress messages when stderr is not a terminal."""


def batch_size(particles: int) -> int:
    """Return the number of texts that a process generates at a time: fewer if each has several particles."""
    return max(1, BATCH // particles)


def write_many(job: Job, path: Path, settings: Mapping[str, object], processes: int) -> None:
    """Write the texts that are not yet in the file, and report the number written.

    Args:
        job: The texts to generate.
        path: The file, one JSON object a line.
        settings: Everything that the texts depend on, as JSON values.
        processes: Number of processes that generate at the same time.

    Raises:
        CharlstmError: If the file has other settings, or cannot be written.
        typer.Exit: If a signal asks to stop.
    """
    wanted = StoredSettings(job.random_seeds.start, len(job.random_seeds), json.loads(json.dumps(settings)))
    texts = len(job.seeds) * wanted.samples
    with _alone(path):
        if is_finished(path):
            _check_finished(path, wanted, len(job.seeds))
            say(f"{path} already has {counted(texts, 'text')}; for other texts, choose another --output.")
            return
        done = before = 0
        try:
            with signals(raise_stop):
                size = batch_size(job.particles)
                done = before = _resumed(path, wanted, texts, size)
                left = range(done, texts)
                batches = [left[start : start + size] for start in range(0, len(left), size)]
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
        except StopSignal as stop:
            say(f"Stopped: {done:,} of {texts:,} texts are in {path}; the same command resumes.")
            raise typer.Exit(128 + stop.number) from None
        except OSError as error:
            from charlstm.files import write_remedy

            raise CharlstmError(
                f"{path} cannot be written ({error.strerror}); {done:,} of {texts:,} texts are in it; "
                f"{write_remedy(error)}, then run the same command to resume"
            ) from None
    say(f"Wrote {counted(texts - before, 'text')} to {path}.")


def _bar(done: int, texts: int) -> "tqdm[Any]":
    return tqdm(initial=done, total=texts, unit=" texts", disable=not sys.stderr.isatty(), dynamic_ncols=True, leave=False)


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


def _resumed(path: Path, settings: StoredSettings, texts: int, batch: int) -> int:
    """Start a file, or truncate an unfinished one after its last whole batch; return the number of its texts."""
    from charlstm.checkpoint.atomic import write_atomically

    if not path.exists():
        write_atomically(unfinished_path(path), json.dumps(settings.values).encode())
        return 0
    before = stored_settings(path)
    if other := difference(before.values if before else {}, settings.values):
        raise CharlstmError(f"{path} was started with {other}; resume with the same settings, or choose another --output")
    with path.open("r+b") as file:
        ends = [0, *accumulate(len(line) for line in file if line.endswith(b"\n"))]
        lines = len(ends) - 1
        done = lines if lines == texts else lines // batch * batch
        file.truncate(ends[done])
    if done:
        say(f"Resuming {path}: {done:,} of {texts:,} texts are done.")
    return done


def _check_finished(path: Path, settings: StoredSettings, seeds: int) -> None:
    """Refuse a file that is not finished with these settings and this number of seeds."""
    before = stored_settings(path)
    if before is None:
        raise CharlstmError(f"{path} already exists and was not changed; choose another --output")
    more, first = settings.samples - before.samples, before.random_seed + before.samples
    if more > 0 and not difference(before.values, {**settings.values, "samples": before.samples}):
        done, other = counted(seeds * before.samples, "text"), f"{seeds * more:,}"
        raise CharlstmError(
            f"{path} is finished with {done}; write the other {other} to another --output with "
            f"--random-seed {first} --samples {more}"
        )
    if other := difference(before.values, settings.values):
        raise CharlstmError(f"{path} was written with {other}; choose another --output")
    if before.sha256 != _digest(path):
        raise CharlstmError(f"{path} was edited since charlstm wrote it, and was not changed; choose another --output")


def _finish(path: Path, settings: StoredSettings) -> None:
    from charlstm.checkpoint.atomic import write_atomically

    write_atomically(finished_path(path), json.dumps({**settings.values, "sha256": _digest(path)}).encode())
    unfinished_path(path).unlink()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _append(file: IO[bytes], samples: Sequence["Sample"]) -> None:
    file.write(b"".join(json.dumps(sample_record(sample).to_dict(), ensure_ascii=False).encode() + b"\n" for sample in samples))
    file.flush()
    os.fsync(file.fileno())
