"""The thread that writes all texts of a model, one character of each in every step."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Sequence

from charlstm.formatting import counted
from charlstm.inference.network import Network
from charlstm.inference.shared_batch import SharedBatch
from charlstm.server.api_error import ApiError
from charlstm.server.limits import RETRY_AFTER, Limits
from charlstm.server.writing import Writing


class Engine:
    """The texts of a model: those that wait, and those that are written.

    Requests add and cancel texts from the event loop; the thread takes what changed before each step.
    """

    def __init__(self, network: Network, limits: Limits) -> None:
        """Start the thread, which waits for texts.

        Args:
            network: The model.
            limits: Numbers of texts that are written at a time and that may wait.
        """
        self.limits = limits
        self.characters = 0
        """The number of characters written so far."""
        self._batch = SharedBatch(network)
        self._writings: dict[int, Writing] = {}  # by id() of their text in the batch
        self._waiting: deque[Writing] = deque()
        self._cancelled: list[Writing] = []
        self._condition = threading.Condition()
        self._closing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="charlstm-engine", daemon=True)
        self._thread.start()

    @property
    def queue(self) -> int:
        """The number of texts that wait."""
        return len(self._waiting)

    @property
    def active(self) -> int:
        """The number of texts that are written."""
        return len(self._writings)

    def submit(self, writings: Sequence[Writing]) -> None:
        """Add the texts of a request; call this in the event loop.

        Raises:
            ApiError: If too many wait already, or the server ends.
        """
        self._loop = asyncio.get_running_loop()
        with self._condition:
            if self._closing:
                raise ApiError(503, "the server is shutting down")
            free = self.limits.max_texts - len(self._writings)
            if len(writings) > self.limits.max_queue + self.limits.max_texts:
                raise ApiError(400, f"n: {len(writings)} texts are more than this server writes and keeps waiting", "n")
            if len(self._waiting) + len(writings) > self.limits.max_queue + free:
                waiting = f"{counted(len(self._waiting), 'text')} wait{'s' * (len(self._waiting) == 1)} already"
                raise ApiError(429, f"too many requests: {waiting}; try again later", headers={"Retry-After": str(RETRY_AFTER)})
            self._waiting.extend(writings)
            self._condition.notify()

    def cancel(self, writings: Sequence[Writing]) -> None:
        """End texts that nobody waits for any more."""
        with self._condition:
            self._cancelled.extend(each for each in writings if not each.ended)
            self._condition.notify()

    def close(self, seconds: float) -> None:
        """Take no more texts, and end unfinished texts with an error after some seconds."""
        with self._condition:
            self._closing = True
            self._deadline = time.monotonic() + seconds
            self._condition.notify()

    def join(self) -> None:
        """Wait for the thread, after :meth:`close`."""
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._condition:
                self._take_changes()
                while not self._writings and not self._closing:
                    self._condition.wait()
                    self._take_changes()
                if self._closing and (not self._writings or time.monotonic() > self._deadline):
                    self._fail_all(ApiError(503, "the server is shutting down"))
                    return
            try:
                self._step()
            except Exception as error:  # the texts of a broken step end with an error, and the thread continues
                with self._condition:
                    self._fail_all(error)

    def _step(self) -> None:
        heard = []
        try:
            for outcome in self._batch.step():
                writing = self._writings[id(outcome.text)]
                self.characters += outcome.chosen is not None and writing.length > 0
                if writing.hear(outcome):
                    heard.append(writing)
                if writing.ended:
                    self._remove(writing)
        finally:  # those before an error must not wait for ever
            if heard:
                self._tell(heard)

    def _take_changes(self) -> None:
        for writing in self._cancelled:
            self._remove(writing)
            if writing in self._waiting:
                self._waiting.remove(writing)
        self._cancelled.clear()
        while self._waiting and len(self._writings) < self.limits.max_texts:
            writing = self._waiting.popleft()
            self._writings[id(writing.text)] = writing
            self._batch.add(writing.text)

    def _remove(self, writing: Writing) -> None:
        if self._writings.pop(id(writing.text), None):
            self._batch.remove(writing.text)

    def _fail_all(self, error: Exception) -> None:
        failed = [*self._writings.values(), *self._waiting]
        for writing in failed:
            writing.fail(error)
            self._remove(writing)
        self._waiting.clear()
        self._tell(failed)

    def _tell(self, writings: Sequence[Writing]) -> None:
        """Wake the tasks that wait for these texts."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_wake, list(writings))


def _wake(writings: Sequence[Writing]) -> None:
    for writing in writings:
        writing.ready.set()
