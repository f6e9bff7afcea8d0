"""``charlstm launch``: start several workers on this machine, and restart all of them when one is lost."""

import math
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Annotated, Any

import typer

from charlstm.cli.options import integer
from charlstm.cli.terminal import say
from charlstm.errors import GroupError, short_repr
from charlstm.formatting import counted
from charlstm.interruption import signals

_GRACE = 5.0
"""Seconds that the other workers have to end by themselves after one has ended."""
_ASKED = frozenset(128 + number for number in (1, 2, 15))  # exit codes of a chief that was asked to stop
_REPORTED = frozenset({1, 2})
_ENOUGH = 3
"""Number of signals after which the workers are killed at once."""
_ECHO = 0.3
"""Signals closer together than this many seconds count as one."""
_PAUSE = 0.1
"""Seconds between two checks of the workers."""


def launch(
    command: Annotated[
        list[str],
        typer.Argument(help="Training to run, after --: train corpus.txt --name novel.", metavar="COMMAND", show_default=False),
    ],
    workers: Annotated[int, typer.Option(help="Number of workers.", **integer(1))] = 2,
    restarts: Annotated[int, typer.Option(help="Most restarts of all workers after one is lost.", **integer(0))] = 3,
) -> None:
    """Train with several workers on this machine.

    Each worker has its share of the processor's cores. If one is lost, all of them restart from the last saved state.
    Ctrl-C or kill makes the chief save the training and stop every worker; the third signal ends them at once.
    """
    if command[0] != "train":
        raise typer.BadParameter(
            f"expected a training, such as charlstm launch --workers 2 -- train corpus.txt; found {short_repr(command[0])}"
        )
    if {"--cluster", "--rank"} & {part.partition("=")[0] for part in command}:
        raise typer.BadParameter("launch sets --cluster and --rank itself; remove them")
    named = {"--name", "--resume"} & {part.partition("=")[0] for part in command}
    if restarts and not named:
        raise typer.BadParameter("a training that may be restarted needs a --name of its own")
    for attempt in range(restarts + 1):
        asked, codes = _run(command, workers)
        if asked:
            raise typer.Exit(codes[0] if codes[0] is not None and codes[0] >= 0 else 128 + asked)
        lost = _lost(codes)
        if lost is None:
            reported = (code for code in codes if code in (_REPORTED | _ASKED))
            raise typer.Exit(codes[0] if codes[0] in (0, *_ASKED) else next(reported, 1))
        if attempt < restarts:
            say(f"charlstm: {lost}; starting all {workers} again ({attempt + 1} of {restarts} times)")
            if "--resume" not in named and not {"--resume-if-exists", "--or-resume"} & {*command}:
                command = [*command, "--resume-if-exists"]
    raise GroupError(f"{lost}, and the workers have been started {counted(restarts + 1, 'time')}; what was saved last is whole")


def _lost(codes: Sequence[int | None]) -> str | None:
    """Return the reason to restart the group, or None.

    An error that a worker reported is no reason unless another worker was killed: it would occur again.

    Args:
        codes: Exit codes by rank; None for a worker that had to be ended.
    """
    if codes[0] in (0, *_ASKED):
        return None
    for rank, code in enumerate(codes):
        if code is not None and code < 0:
            return f"worker {rank} was ended by {signal.Signals(-code).name}"
    if GroupError.exit_code in codes and not _REPORTED & set(codes):
        return "the workers have lost each other"
    return None


def _run(command: Sequence[str], workers: int) -> tuple[int, list[int | None]]:
    """Run the group to its end.

    Returns:
        The first signal received, or 0; the exit codes, None for workers that had to be ended.
    """
    addresses = ",".join(f"localhost:{port}" for port in _free_ports(workers))
    processes: list[subprocess.Popen[bytes]] = []
    asked: list[int] = []
    told = -math.inf

    def tell(number: int, _: Any) -> None:
        nonlocal told
        again, told = time.monotonic() - told < _ECHO, time.monotonic()
        if again:  # one signal, sent to the process and to its group
            return
        asked.append(number)
        for chief in processes[:1]:
            chief.send_signal(number)

    with ExitStack() as stack:
        stack.enter_context(signals(tell))
        others = stack.enter_context(tempfile.TemporaryFile())
        for rank in range(workers):
            arguments = [sys.executable, "-m", "charlstm", *command, "--cluster", addresses, "--rank", str(rank)]
            with share_of_cores(rank, workers):
                process = subprocess.Popen(
                    arguments, stdin=subprocess.DEVNULL, stderr=others if rank else None, start_new_session=True
                )
            processes.append(process)
            stack.callback(_end, process)
        if asked:  # the signal came before the chief was started
            processes[0].send_signal(asked[0])
        until = math.inf
        while len(asked) < _ENOUGH and time.monotonic() < until and None in (codes := [each.poll() for each in processes]):
            if codes.count(None) < workers:
                until = min(until, time.monotonic() + _GRACE)
            time.sleep(_PAUSE)
        codes = [process.poll() for process in processes]
        # Show the other workers' messages only if the chief did not report the error:
        if codes[0] is None or codes[0] < 0 or (codes[0] == GroupError.exit_code and _REPORTED & set(codes)):
            others.seek(0)
            sys.stderr.write(others.read().decode("utf-8", "replace"))
        return asked[0] if asked else 0, codes


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()


@contextmanager
def share_of_cores(rank: int, workers: int) -> Iterator[None]:
    """Restrict processes started in this context to a worker's cores, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = sorted(os.sched_getaffinity(0))
    own = cores[rank * len(cores) // workers : (rank + 1) * len(cores) // workers] or [cores[rank % len(cores)]]
    os.sched_setaffinity(0, own)
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _free_ports(number: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("localhost", 0))) for _ in range(number)]
        return [each.getsockname()[1] for each in sockets]
