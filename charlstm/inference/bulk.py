"""Worker processes that generate texts: each receives a job, then places of texts, and returns the texts.

Each worker runs in its own session, so that Ctrl-C and a closed terminal reach only the parent process. A worker exits when its
standard input closes, so no worker outlives the parent, even one that was killed.
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
from dataclasses import dataclass, replace
from itertools import islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from charlstm.errors import CharlstmError

if TYPE_CHECKING:
    from charlstm.inference.constraints.text_constraint import TextConstraint
    from charlstm.inference.generation import Sample
    from charlstm.inference.modes import Decoder
    from charlstm.inference.sampling import Sampling
    from charlstm.inference.stop_rules import StopRules
    from charlstm.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class Job:
    """Texts to generate, numbered by place: first the texts of the first seed, then of the second, and so on.

    Attributes:
        decoder: The decoder: a mode in one engine.
        vocabulary: The model's characters.
        seeds: The texts to continue.
        random_seeds: One for each text that continues the same seed.
        length: The maximum length of a text, in characters.
        sampling: The sampling settings.
        stops: Rules that end a text before its maximum length.
        constraints: Constraints on the texts of each seed; empty if they are free.
        particles: Particles of each text.
    """

    decoder: "Decoder"
    vocabulary: "Vocabulary"
    seeds: Sequence[str]
    random_seeds: range
    length: int
    sampling: "Sampling"
    stops: "StopRules"
    constraints: "Sequence[TextConstraint]" = ()
    particles: int = 1

    def write(self, places: range) -> list["Sample"]:
        """Return the texts of some places; texts of the same seed are generated as one batch."""
        from charlstm.inference.constrained_generation import continued_pieces
        from charlstm.inference.generation import generate_texts

        texts, each = [], len(self.random_seeds)
        for number in range(places.start // each, (places.stop - 1) // each + 1):
            first = number * each
            pieces = continued_pieces(
                self.decoder,
                self.vocabulary,
                self.seeds[number],
                self.constraints[number] if self.constraints else None,
                particles=self.particles,
                random_seeds=self.random_seeds[max(0, places.start - first) : places.stop - first],
                length=self.length,
                sampling=self.sampling,
                stops=self.stops,
            )
            samples = generate_texts(pieces)
            texts += [replace(sample, seed=self.seeds[number]) for sample in samples] if len(self.seeds) > 1 else samples
        return texts


def write_in_order(job: Job, batches: Sequence[range], processes: int) -> Generator[list["Sample"], None, None]:
    """Yield the texts of each batch, in order.

    Args:
        job: The texts to generate.
        batches: Places of texts; one worker process generates each batch.
        processes: The maximum number of worker processes.

    Raises:
        CharlstmError: If a worker process ends unexpectedly or cannot be started.
        MemoryError: If a worker process runs out of memory.
    """
    workers: list[Worker] = []
    idle, rest = SimpleQueue[Worker](), iter(batches)

    def texts(batch: range) -> list["Sample"]:
        worker = idle.get()  # never blocks: there are as many workers as threads
        try:
            return worker.write(batch)
        finally:
            idle.put(worker)

    threads = ThreadPoolExecutor(processes)  # each thread waits for one worker
    try:
        for _ in range(min(processes, len(batches))):
            workers.append(Worker(job))
            idle.put(workers[-1])
        pending = deque(threads.submit(texts, batch) for batch in islice(rest, 2 * processes))
        while pending:
            _wait_for_first(pending)
            yield pending.popleft().result()
            pending.extend(threads.submit(texts, batch) for batch in islice(rest, 1))
    finally:
        for worker in workers:
            worker.kill()
        threads.shutdown(cancel_futures=True)
        for worker in workers:
            worker.close()


def _wait_for_first(futures: Sequence[Future[Any]]) -> None:
    """Wait until the first future is done; raise the error of any future that fails before that."""
    unfinished = set(futures)
    while futures[0] in unfinished:
        done, unfinished = wait(unfinished, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()


class Worker:
    """A handle on one worker process, for the parent process."""

    def __init__(self, job: Job) -> None:
        """Start the process.

        Args:
            job: The texts to generate; sent with the first batch.
        """
        self._job: Job | None = job
        # sys.path is passed on, and -P leaves out the working directory: the worker imports the same modules as this process.
        program = f"import sys; sys.path = {sys.path!r}; from charlstm.inference.bulk import serve; serve()"
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        except OSError as error:
            raise CharlstmError(
                f"no process can be started ({error.strerror}); end other processes and repeat the run: it resumes"
            ) from None

    def write(self, batch: range) -> list["Sample"]:
        """Return the texts of a batch."""
        requests, replies = self.process.stdin, self.process.stdout
        assert requests is not None
        assert replies is not None
        try:
            if self._job is not None:
                pickle.dump(self._job, requests)
                self._job = None
            pickle.dump(batch, requests)
            requests.flush()
            samples: list[Sample] | None = pickle.load(replies)
        except (OSError, EOFError, pickle.UnpicklingError):
            raise CharlstmError(
                "a worker process was ended from outside, perhaps for lack of memory; repeat the run: it resumes"
            ) from None
        if samples is None:
            raise MemoryError
        return samples

    def kill(self) -> None:
        """Kill the process: all its texts are done, or no longer needed."""
        self.process.kill()

    def close(self) -> None:
        """Wait until the process has ended."""
        with suppress(OSError), self.process:  # closing the pipe fails if unsent data remain; they are no longer needed
            pass


def serve() -> None:
    """Run as a worker process: reply to each batch on standard input with its texts, or None if out of memory."""
    from threadpoolctl import ThreadpoolController

    requests = SimpleQueue[Any]()
    threading.Thread(target=_receive, args=(requests,), daemon=True).start()
    job: Job = requests.get()
    with suppress(BrokenPipeError), ThreadpoolController().limit(limits=1):  # the worker processes already occupy the cores
        while True:
            batch = requests.get()
            try:
                reply = job.write(batch)
            except MemoryError:
                reply = None
            pickle.dump(reply, sys.stdout.buffer)
            sys.stdout.buffer.flush()
    os._exit(1)


def _receive(requests: "SimpleQueue[Any]") -> None:
    """Queue the requests; exit this process when its standard input closes, even in the middle of a batch."""
    with suppress(EOFError, pickle.UnpicklingError):
        while True:
            requests.put(pickle.load(sys.stdin.buffer))
    os._exit(1)
