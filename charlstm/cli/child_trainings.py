"""Trainings as child processes: one after the other, or several at a time with a share of the cores each."""

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from charlstm.cli.launch import share_of_cores
from charlstm.cli.terminal import printable_name, say
from charlstm.interruption import signals

_ECHO = 0.3
"""Signals closer together than this many seconds count as one."""
_ENOUGH = 3
"""Number of signals after which the trainings are killed at once."""
_SIGNAL = 128
"""Least exit code of a process that a signal has ended."""
_PAUSE = 0.1
"""Seconds between two checks of the trainings."""


@dataclass(frozen=True)
class Training:
    """A training to run.

    Attributes:
        folder: Folder of its checkpoint.
        arguments: Its command line after ``charlstm train``.
    """

    folder: Path
    arguments: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of its checkpoint."""
        return self.folder.name


@dataclass
class Outcome:
    """The results of the trainings.

    Attributes:
        ended: Exit code and stdout of every training that was started, by its name.
        signal: Number of the signal that stopped them; 0 for none.
        stopped: Names of those that this signal was forwarded to.
        taken: Names of those that did not start, because another process trained the same checkpoint.
    """

    ended: dict[str, tuple[int, str]] = field(default_factory=dict)
    signal: int = 0
    stopped: set[str] = field(default_factory=set)
    taken: list[str] = field(default_factory=list)

    @property
    def failed(self) -> list[str]:
        """Names of the trainings that failed: neither stopped by the signal nor taken."""
        codes = {name: code for name, (code, _) in self.ended.items() if code and name not in self.taken}
        return [name for name, code in codes.items() if code < _SIGNAL or name not in self.stopped]


@dataclass(frozen=True)
class _Child:
    """A running training, its share of the cores, and the threads that read its output."""

    training: Training
    process: "subprocess.Popen[str]"
    share: int
    output: list[str]
    readers: tuple[threading.Thread, ...]


def run_trainings(trainings: Sequence[Training], jobs: int) -> Outcome:
    """Run trainings to their ends; each is resumed if its checkpoint exists.

    A signal is forwarded to the running ones, which save and stop, and no other is started. One that fails stops no other.

    Args:
        trainings: The trainings.
        jobs: Number of trainings at the same time. Of several, each line on stderr begins with the name of its training.
    """
    from charlstm.checkpoint.lock import is_training

    outcome, waiting, running = Outcome(), list(trainings), list[_Child]()
    received = 0
    told = float("-inf")

    def tell(number: int, _: Any) -> None:
        nonlocal received, told
        again, told = time.monotonic() - told < _ECHO, time.monotonic()
        if again:  # one signal, sent to the process and to its group
            return
        received, outcome.signal = received + 1, outcome.signal or number
        for child in running:
            outcome.stopped.add(child.training.name)
            if received < _ENOUGH:
                child.process.send_signal(number)
            else:
                child.process.kill()

    with signals(tell), ExitStack() as stack:
        while running or (waiting and not outcome.signal):
            while waiting and len(running) < jobs and not outcome.signal:
                share = min(set(range(jobs)) - {child.share for child in running})
                running.append(child := _start(waiting.pop(0), share, jobs))
                stack.callback(_end, child.process)  # if this process fails
                if received:  # the signal came while the child was started
                    outcome.stopped.add(child.training.name)
                    child.process.send_signal(outcome.signal)
            for child in [each for each in running if each.process.poll() is not None]:
                running.remove(child)
                for reader in child.readers:
                    reader.join()
                code, training = child.process.returncode, child.training
                outcome.ended[training.name] = (code if code >= 0 else _SIGNAL - code, "".join(child.output))
                if code > 0 and is_training(training.folder):
                    outcome.taken.append(training.name)
            time.sleep(_PAUSE)
    return outcome


def command_of(training: Training) -> list[str]:
    """Return the command line of a training, which is resumed if its checkpoint exists and prints its result as JSON."""
    return [sys.executable, "-m", "charlstm", "train", *training.arguments, "--resume-if-exists", "--json"]


def _start(training: Training, share: int, jobs: int) -> _Child:
    with share_of_cores(share, jobs):
        process = subprocess.Popen(
            command_of(training),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if jobs == 1 else subprocess.PIPE,
            start_new_session=True,  # or Ctrl-C would arrive twice
            encoding="utf-8",
            errors="replace",
        )
    if jobs == 1:
        say(f"\n{printable_name(training.name)}:")
    output: list[str] = []
    readers = []
    if process.stdout is not None:
        readers.append(threading.Thread(target=_keep, args=(process.stdout, output)))
    if process.stderr is not None:
        readers.append(threading.Thread(target=_relay, args=(training.name, process.stderr)))
    for reader in readers:
        reader.start()
    return _Child(training, process, share, output, tuple(readers))


def _keep(stream: IO[str], output: list[str]) -> None:
    """Keep what a training prints on stdout."""
    with stream:
        output.append(stream.read())


def _relay(name: str, stream: IO[str]) -> None:
    """Print the messages of a training with its name."""
    with stream:
        for line in stream:
            if line.strip():
                say(f"{printable_name(name)}: {line.rstrip()}")


def _end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
