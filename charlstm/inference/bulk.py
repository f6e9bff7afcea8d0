"""Processes that write texts: each is sent a job, then random seeds, and answers with their texts.

They run in sessions of their own, so that Ctrl-C and the end of a terminal reach only the process that started them. Each ends
when its standard input does: none outlives that process, however it ends.
"""

import os
import pickle
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from charlstm.errors import CharlstmError

if TYPE_CHECKING:
    from charlstm.inference.generation import Sample
    from charlstm.inference.modes import Decoder
    from charlstm.inference.sampling import Sampling
    from charlstm.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class Job:
    """Texts to write: everything but their random seeds.

    Attributes:
        reader: The mode, in an engine.
        vocabulary: The model's characters.
        seed: The text to continue.
        length: Characters of a text, at most.
        sampling: How a character is chosen.
        stops: Strings that end a text.
    """

    reader: "Decoder"
    vocabulary: "Vocabulary"
    seed: str
    length: int
    sampling: "Sampling"
    stops: Sequence[str]

    def write(self, random_seeds: range) -> list["Sample"]:
        """Return the texts of some random seeds, written at the same time."""
        from charlstm.inference.generation import generate_pieces, generate_texts

        pieces = generate_pieces(
            self.reader,
            self.vocabulary,
            self.seed,
            random_seeds=random_seeds,
            length=self.length,
            sampling=self.sampling,
            stops=self.stops,
        )
        return generate_texts(pieces)


def write_in_order(job: Job, batches: Sequence[range], processes: int) -> Generator[list["Sample"], None, None]:
    """Yield the texts of batches of random seeds, in order.

    Args:
        job: The texts to write.
        batches: Random seeds; each batch is written by one process.
        processes: The most processes that write at the same time.

    Raises:
        CharlstmError: If a process is ended from outside, or cannot be started.
        MemoryError: If a process runs out of memory.
    """
    workers: list[Worker] = []
    idle, rest = SimpleQueue[Worker](), iter(batches)

    def texts(batch: range) -> list["Sample"]:
        worker = idle.get()  # there are as many as threads
        try:
            return worker.write(batch)
        finally:
            idle.put(worker)

    threads = ThreadPoolExecutor(processes)  # each waits for one process
    try:
        for _ in range(min(processes, len(batches))):
            workers.append(Worker(job))
            idle.put(workers[-1])
        under_way = deque(threads.submit(texts, batch) for batch in islice(rest, 2 * processes))
        while under_way:
            _wait_for_the_first(under_way)
            yield under_way.popleft().result()
            under_way.extend(threads.submit(texts, batch) for batch in islice(rest, 1))
    finally:
        for worker in workers:
            worker.kill()
        threads.shutdown(cancel_futures=True)
        for worker in workers:
            worker.close()


def _wait_for_the_first(futures: Sequence[Future[Any]]) -> None:
    """Wait until the first is done, but no longer than until any of them fails, and then raise what it raised."""
    waiting = set(futures)
    while futures[0] in waiting:
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()


class Worker:
    """A process that writes, as the process that started it sees it."""

    def __init__(self, job: Job) -> None:
        """Start it.

        Args:
            job: The texts to write; sent with the first batch.
        """
        self._job: Job | None = job
        # The path is this process's, as it may have been started in other ways; nothing else is imported from elsewhere.
        program = f"import sys; sys.path = {sys.path!r}; from charlstm.inference.bulk import serve; serve()"
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        except OSError as error:
            raise CharlstmError(
                f"no process can be started ({error.strerror}); end others, and the same command resumes"
            ) from None

    def write(self, batch: range) -> list["Sample"]:
        """Return the texts of some random seeds."""
        requests, answers = self.process.stdin, self.process.stdout
        assert requests is not None
        assert answers is not None
        try:
            if self._job is not None:
                pickle.dump(self._job, requests)
                self._job = None
            pickle.dump(batch, requests)
            requests.flush()
            samples: list[Sample] | None = pickle.load(answers)
        except (OSError, EOFError, pickle.UnpicklingError):
            raise CharlstmError(
                "a process that writes was ended from outside, perhaps for lack of memory; the same command resumes"
            ) from None
        if samples is None:
            raise MemoryError
        return samples

    def kill(self) -> None:
        """End it at once: it has nothing left to do, or nobody waits for it."""
        self.process.kill()

    def close(self) -> None:
        """Wait for its end."""
        with suppress(OSError), self.process:  # what could not be sent is of no use any more
            pass


def serve() -> None:
    """Be such a process: answer each batch on standard input with its texts, or None if it runs out of memory."""
    from threadpoolctl import ThreadpoolController

    requests = SimpleQueue[Any]()
    threading.Thread(target=_receive, args=(requests,), daemon=True).start()
    job: Job = requests.get()
    with suppress(BrokenPipeError), ThreadpoolController().limit(limits=1):  # the processes have the cores already
        while True:
            batch = requests.get()
            try:
                answer = job.write(batch)
            except MemoryError:
                answer = None
            pickle.dump(answer, sys.stdout.buffer)
            sys.stdout.buffer.flush()
    os._exit(1)


def _receive(requests: "SimpleQueue[Any]") -> None:
    """Read requests, and end this process at the end of its standard input, whatever it is doing."""
    with suppress(EOFError, pickle.UnpicklingError):
        while True:
            requests.put(pickle.load(sys.stdin.buffer))
    os._exit(1)
