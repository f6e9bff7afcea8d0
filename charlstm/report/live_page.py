"""The page of a training in progress, written again and again, and at the end the report of the run."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal

from charlstm.checkpoint.atomic import write_atomically
from charlstm.checkpoint.regular_files import real_path
from charlstm.errors import CharlstmError, CheckpointError
from charlstm.evaluation.run_history import compare_runs
from charlstm.report.history_page import Progress, SampleText, history_page, plain

_PAUSE = 2.0
"""Seconds between two versions of the page, at least."""
_SHARE = 0.005
"""Largest fraction of the time to spend on writing the page."""
_SAMPLES_SHARE = 0.004
"""Largest fraction of the expected time to spend on its samples."""
_SAMPLES = 3
"""Number of samples on the page: the newest ones."""


@dataclass
class LivePage:
    """The page of a run. Used as a context manager, it writes its last version when the block ends, also after an error.

    The page is a copy for people: if it cannot be written, the training continues.

    Attributes:
        path: The file; None for no page, so that every method does nothing.
        clock: Returns seconds from any origin.
        now: Returns seconds since 1970.
        phrase: Turns a sentence with settings in backticks into text.
        warn: Called with a sentence if the page cannot be written.
        folder: Folder of the checkpoint; None before the run has begun.
    """

    path: Path | None
    clock: Callable[[], float]
    now: Callable[[], float]
    phrase: Callable[[str], str] = plain
    warn: Callable[[str], object] = lambda _: None
    folder: Path | None = None
    written: bool = False
    _state: Literal["training", "finished", "interrupted", "failed"] = "failed"
    _fraction: float = 0.0
    _seconds_left: float | None = None
    _speed: float = 0.0
    _messages: list[str] = field(default_factory=list)
    _samples: list[SampleText] = field(default_factory=list)
    _began: float = 0.0
    _due: float = 0.0
    _pause: float = _PAUSE
    _writes: int = 0
    _fastest: float = math.inf
    _sampling: float = 0.0
    _slowest_sample: float = 0.0

    def begin(self, folder: Path, messages: Sequence[str] = ()) -> None:
        """Write the first version.

        Args:
            folder: Folder of the checkpoint.
            messages: The decisions for this part of the run.
        """
        self.folder, self._state, self._began = folder, "training", self.clock()
        self._messages.extend(messages)
        self._write()

    def say(self, message: str) -> None:
        """Add a message: what the program decided, or what happened."""
        self._messages.append(message)

    def step(self, fraction: float, seconds_left: float, characters_per_second: float) -> None:
        """Take the progress after a step; write the page if it is time to.

        Args:
            fraction: Fraction of the budget that is used up.
            seconds_left: Estimated seconds to the end; infinite before it is known.
            characters_per_second: Throughput.
        """
        self._fraction, self._speed = fraction, characters_per_second
        self._seconds_left = seconds_left if math.isfinite(seconds_left) else None
        if self.clock() >= self._due:
            self._write()

    def sample(self, step: int, epoch: float, write: Callable[[], str]) -> None:
        """Add a sample text, unless samples would take too much of the time.

        Args:
            step: Steps of the model.
            epoch: Epochs of the model.
            write: Returns the text.
        """
        if self.path is None:
            return
        began = self.clock()
        expected = (began - self._began) / max(1e-3, self._fraction)
        if self._samples and self._sampling + self._slowest_sample > _SAMPLES_SHARE * expected:
            return
        text = write()
        took = self.clock() - began
        self._sampling, self._slowest_sample = self._sampling + took, max(self._slowest_sample, took)
        self._samples = [SampleText(step, epoch, text), *self._samples][:_SAMPLES]

    def last_sample(self, step: int, epoch: float, write: Callable[[], str]) -> None:
        """Add a sample text of the finished model, unless the newest one is of the same step.

        Args:
            step: Steps of the model.
            epoch: Epochs of the model.
            write: Returns the text.
        """
        if self.path is not None and (not self._samples or self._samples[0].step != step):
            self._samples = [SampleText(step, epoch, write()), *self._samples][:_SAMPLES]

    def end(self, *, interrupted: bool) -> None:
        """Take note of how the run ended."""
        self._state = "interrupted" if interrupted else "finished"
        self._fraction = self._fraction if interrupted else 1.0

    def __enter__(self) -> "LivePage":
        """Return this page."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Write the last version, which no longer reloads itself."""
        if self.folder is None:
            return
        if error is not None:
            self._state = "failed"
            self._messages.append(
                f"The training has failed: {error}" if isinstance(error, CharlstmError) else "It was stopped."
            )
        elif self._state == "training":
            self._state = "interrupted"
        self._write()

    def _write(self) -> None:
        if self.path is None or self.folder is None:
            return
        began = self.clock()
        progress = Progress(
            state=self._state,
            fraction=self._fraction,
            seconds_left=self._seconds_left,
            characters_per_second=self._speed,
            written=self.now(),
            pause=self._pause,
            samples=tuple(self._samples),
            messages=tuple(self._messages),
        )
        try:
            page = history_page(compare_runs([self.folder]), phrase=self.phrase, progress=progress)
            write_atomically(real_path(self.path), page.encode("utf-8", "backslashreplace"))
        except CheckpointError as error:
            self.warn(f"the page could not be written: {error}")
            self._due = math.inf  # only its last version is tried again
            self.written = False
            return
        self.written = True
        took, self._writes = self.clock() - began, self._writes + 1
        if self._writes > 1:  # the first one also imports libraries
            self._fastest = min(self._fastest, took)
            self._pause = max(_PAUSE, self._fastest / _SHARE)
        self._due = self.clock() + self._pause


def write_page(path: Path, folder: Path, phrase: Callable[[str], str] = plain) -> None:
    """Write the page of a training that has ended; a file that exists is replaced.

    Args:
        path: The file.
        folder: Folder of the checkpoint.
        phrase: Turns a sentence of the library into one for the reader.

    Raises:
        CheckpointError: If it cannot be written, or the checkpoint cannot be read.
    """
    page = history_page(compare_runs([folder]), phrase=phrase)
    write_atomically(real_path(path), page.encode("utf-8", "backslashreplace"))
