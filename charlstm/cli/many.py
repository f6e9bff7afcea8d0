"""``generate --samples N --output FILE.jsonl``: many texts into a file, over all cores, in a way that can be gone on with.

The file is at every moment a beginning of the finished one: a line for each random seed, in their order. What the texts depend
on is noted beside it until it is finished, so that the same command goes on where it was, and another one is refused. It goes
on after whole batches: how many rows a product has can decide its last digits, and these a character.
"""

import json
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from itertools import accumulate, islice
from multiprocessing import active_children, get_context, parent_process
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

import typer
from tqdm import tqdm

from charlstm.cli.progress import ENDING, signals
from charlstm.cli.terminal import say
from charlstm.errors import CharlstmError, shown

if TYPE_CHECKING:
    from charlstm.inference.generate import Sample
    from charlstm.inference.modes import Reader
    from charlstm.inference.sampling import Sampling
    from charlstm.text.vocabulary import Vocabulary

BATCH = 64
"""Texts that a process writes at a time: more do not make it faster, and fewer are lost when it is stopped."""
_PAUSE = 60.0
"""Seconds between two words on how far it is, where there is no terminal for a bar."""


@dataclass(frozen=True)
class Job:
    """What is to be written.

    Attributes:
        reader: The mode, in an engine.
        vocabulary: The model's characters.
        seed: The text to continue.
        length: Characters of a text, at most.
        sampling: How a character is chosen.
        stops: Strings that end a text.
    """

    reader: "Reader"
    vocabulary: "Vocabulary"
    seed: str
    length: int
    sampling: "Sampling"
    stops: Sequence[str]

    def write(self, random_seeds: range) -> list["Sample"]:
        """The texts of some random seeds, at once."""
        from charlstm.inference.generate import write, written

        pieces = write(
            self.reader,
            self.vocabulary,
            self.seed,
            random_seeds=random_seeds,
            length=self.length,
            sampling=self.sampling,
            stops=self.stops,
        )
        return written(pieces)


def write_many(job: Job, path: Path, random_seeds: range, settings: dict[str, object]) -> int:
    """Write the texts of all random seeds that are not yet in the file.

    Args:
        job: What is to be written.
        path: The file, a JSON object a line.
        random_seeds: One for each text.
        settings: All that the texts depend on, as JSON can hold it.

    Returns:
        How many were written now.

    Raises:
        CharlstmError: If the file is there already and not of an unfinished run with these settings.
        typer.Exit: If a signal asks it to end.
    """
    from charlstm.checkpoint.lock import only_one

    lock = path.with_name(path.name + ".lock")
    held = only_one(lock)
    if held is None:
        raise CharlstmError(f"{path} is being written by another process; wait for its end, or choose another --output")
    with held:
        done = _done(path, settings, len(random_seeds))
        if done:
            say(f"Going on with {path}: {done:,} of {len(random_seeds):,} texts are there.")
        left = random_seeds[done:]
        bar = tqdm(total=len(random_seeds), unit=" texts", disable=not sys.stderr.isatty(), dynamic_ncols=True, leave=False)
        bar.update(done)
        try:
            with path.open("ab") as file, bar, signals(_end):
                said = time.monotonic()
                for samples in _in_order(job, left):
                    _append(file, samples)
                    bar.update(len(samples))
                    done += len(samples)
                    if bar.disable and time.monotonic() - said > _PAUSE:
                        said = time.monotonic()
                        say(f"{done:,} of {len(random_seeds):,} texts")
        except typer.Exit:
            say(f"Stopped: {done:,} of {len(random_seeds):,} texts are in {path}, and the same command goes on.")
            raise
        _beside(path).unlink()
        lock.unlink(missing_ok=True)
    return len(left)


def _end(number: int, _: Any) -> NoReturn:
    raise typer.Exit(128 + number)


def noted(path: Path) -> dict[str, Any]:
    """What the texts of an unfinished file depend on; nothing if there is none."""
    from charlstm.checkpoint.files import parsed, read_bounded

    if not path.name:
        raise CharlstmError(f"{path} is a folder; name a file in it with --output")
    beside = _beside(path)
    if not (path.exists() and beside.exists()):
        return {}
    try:
        settings = parsed(read_bounded(beside))
    except (ValueError, RecursionError, CharlstmError):
        settings = None
    if not isinstance(settings, dict) or type(settings.get("random_seed")) is not int:
        raise CharlstmError(f"{beside} is damaged; remove it together with {path}, or choose another --output")
    return settings


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".unfinished")


def _done(path: Path, settings: dict[str, object], texts: int) -> int:
    """The number of lines in the whole batches that an unfinished run has left; what follows them is cut off."""
    from charlstm.checkpoint.atomic import write_atomically

    now = json.loads(json.dumps(settings))
    if not path.exists():
        write_atomically(_beside(path), json.dumps(now).encode())
        return 0
    if not path.is_file():
        raise CharlstmError(f"{path} is not a file that texts can be added to; choose another --output")
    before = noted(path)
    if not before:
        raise CharlstmError(f"{path} exists already and is left as it is; choose another --output")
    other = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
    if other:
        raise CharlstmError(
            f"{path} was begun with another {other[0]} ({shown(before.get(other[0]))}, now {shown(now.get(other[0]))}); go on "
            "with the same settings, or choose another --output"
        )
    with path.open("r+b") as file:
        ends = [0, *accumulate(len(line) for line in file if line.endswith(b"\n"))]
        lines = len(ends) - 1
        done = lines if lines == texts else lines // BATCH * BATCH
        file.truncate(ends[done])
    return done


def _append(file: IO[bytes], samples: Sequence["Sample"]) -> None:
    file.write(b"".join(json.dumps(asdict(sample), ensure_ascii=False).encode() + b"\n" for sample in samples))
    file.flush()
    os.fsync(file.fileno())


_job: Job
"""In a process that writes: what."""


def _take(job: Job) -> None:
    global _job  # noqa: PLW0603 (what else could a process of a pool keep between two tasks?)
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)  # they are for the process that waits
    _job = job
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    """A process of a pool outlives the one that was killed while waiting for it, unless it looks after that itself."""
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _write(random_seeds: range) -> list["Sample"]:
    from threadpoolctl import ThreadpoolController

    with ThreadpoolController().limit(limits=1):  # the processes have the cores already
        return _job.write(random_seeds)


def _in_order(job: Job, random_seeds: range) -> Iterator[list["Sample"]]:
    """The texts of all random seeds, a batch at a time, written by as many processes as there are cores."""
    from charlstm.recipe.machine import cores

    batches = (random_seeds[start : start + BATCH] for start in range(0, len(random_seeds), BATCH))
    pool = ProcessPoolExecutor(cores(), get_context("spawn"), _take, (job,))
    try:
        under_way = deque(pool.submit(_write, batch) for batch in islice(batches, 2 * cores()))
        while under_way:
            yield under_way.popleft().result()
            under_way.extend(pool.submit(_write, batch) for batch in islice(batches, 1))
    except BrokenProcessPool:
        raise CharlstmError("a process that writes was ended from outside; go on with the same command") from None
    finally:
        for process in active_children():  # none has anything left to do, unless this was interrupted
            process.kill()
        pool.shutdown()
