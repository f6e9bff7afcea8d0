"""What all workers know alike, so that each can run the training loop by itself and come to the same decisions.

The time and the requests to stop travel with the gradients of a step, in the same all-reduce. A decision therefore rests on the
time before the step. Results that only the chief has, such as a score, are shared when they arise.
"""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from charlstm.training.distributed.worker_group import WorkerGroup

T = TypeVar("T")


class Agreement:
    """The time of the chief, and whether any worker was asked to stop. A single process has its own, without delay.

    Attributes:
        group: The workers.
    """

    def __init__(self, group: WorkerGroup, elapsed: Callable[[], float], should_stop: Callable[[], bool]) -> None:
        """Start with the chief's time; all workers do this together.

        Args:
            group: The workers.
            elapsed: Returns the wall-clock seconds of the run; only the chief's is used.
            should_stop: Returns True if this worker was asked to stop.
        """
        self.group = group
        self._elapsed = elapsed
        self._should_stop = should_stop
        self._now, self._stop = 0.0, False
        self.share(None)

    @property
    def steps_behind(self) -> int:
        """Number of steps by which :meth:`elapsed` is behind."""
        return int(self.group.size > 1)

    def elapsed(self) -> float:
        """Return the wall-clock seconds of the run."""
        return self._now if self.group.size > 1 else self._elapsed()

    def elapsed_here(self) -> float:
        """Return the seconds by the clock of this process, which goes on within a step; workers must not decide by it."""
        return self._elapsed()

    def should_stop(self) -> bool:
        """Return whether any worker was asked to stop."""
        return self._stop if self.group.size > 1 else self._should_stop()

    def message(self) -> tuple[NDArray[np.float32], ...]:
        """Return what this worker adds to the exchange of the next step; nothing for a single process.

        The seconds are in two numbers, because one float32 does not hold those of a long run.
        """
        if self.group.size == 1:
            return ()
        whole, part = divmod(self._elapsed(), 1) if self.group.cluster.is_chief else (0.0, 0.0)
        return (np.array([self._should_stop(), whole, part], np.float32),)

    def receive(self, total: NDArray[np.float32]) -> None:
        """Take in the sum of all workers' messages."""
        asked, whole, part = total.tolist()
        self._now, self._stop = whole + part, asked > 0

    def share(self, value: T) -> T:
        """Return the chief's value, and set the time to the chief's; all workers call this together."""
        if self.group.size > 1:
            value, self._now = self.group.share((value, self._elapsed()))
        return value
