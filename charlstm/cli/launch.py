"""``charlstm launch``: start several workers on this machine, and restart all of them when one is lost."""

import math
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import Annotated, Any

import typer

from charlstm.cli.options import integer, is_given
from charlstm.cli.program import Command, UsageError
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
_OWN = ("--workers", "--restarts")
"""The options of ``launch``, which come before ``--``."""
_EXAMPLE = "charlstm launch --workers 2 -- train corpus.txt --name novel"


class Launch(Command):
    """The command ``launch``, whose usage errors show where the training and its options belong."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; those after ``--`` are the training."""
        given = [*args]
        try:
            return list(super().parse_args(ctx, args))
        except typer.BadParameter as error:
            if error.param is None or error.param.name != "command":
                raise
            raise typer.BadParameter(f"expected a training, such as {_EXAMPLE}; found none", ctx) from None
        except UsageError as error:
            name = getattr(error, "option_name", "").partition("=")[0]
            if "train" not in given or "--" in given or name not in _names(given[given.index("train") :]):
                raise
            before, training = given[: given.index("train")], given[given.index("train") :]
            sentence = f"no such option {name} of launch; put -- before the training: {_corrected(before, training)}"
            raise typer.BadParameter(sentence, ctx) from None


def launch(
    context: typer.Context,
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
        raise typer.BadParameter(f"expected a training, such as {_EXAMPLE}; found {short_repr(command[0])}")
    if own := [name for name in _names(command) if name in _OWN]:
        kept = [name for name in _given(context) if f"--{name}" in _OWN and f"--{name}" not in own]
        before = [word for name in kept for word in (f"--{name}", str(context.params[name]))]
        sentence = f"{own[0]} is an option of launch; put it before --: {_corrected(before, command)}"
        raise typer.BadParameter(sentence)
    training = _training(context, command)
    if {"cluster", "rank"} & training:
        raise typer.BadParameter("launch sets --cluster and --rank itself; remove them")
    if {"sweep", "jobs"} & training:
        raise typer.BadParameter("several workers make one training; remove --sweep and --jobs, or use charlstm train")
    if restarts and not {"name", "resume"} & training:
        raise typer.BadParameter(f"a training that may be restarted needs a --name of its own, such as {_EXAMPLE}")
    for attempt in range(restarts + 1):
        asked, codes = _run(command, workers)
        if asked:
            raise typer.Exit(codes[0] if codes[0] is not None and codes[0] >= 0 else 128 + asked)
        lost = _lost(codes)
        if lost is None:
            reported = (code for code in codes if code in (_REPORTED | _ASKED))
            raise typer.Exit(codes[0] if codes[0] in (0, *_ASKED) else next(reported, 1))
        if attempt < restarts:
            say(f"charlstm: {lost}; starting all {workers} again ({attempt + 1} of {counted(restarts, 'time')})")
            if not {"resume", "resume_if_exists"} & training:
                command = [*command, "--resume-if-exists"]
                training = {*training, "resume_if_exists"}
    raise GroupError(f"{lost}, and the workers have been started {counted(restarts + 1, 'time')}; what was saved last is whole")


def _given(context: typer.Context) -> set[str]:
    """Return the names of the parameters that the command line has."""
    return {name for name in context.params if is_given(context, name)}


def _training(context: typer.Context, command: Sequence[str]) -> set[str]:
    """Return the names of the options of a training, parsed before any worker is started; ``--help`` prints its help.

    Raises:
        Exception: A usage error of Typer, if ``train`` refuses an option.
    """
    program: Any = context.parent
    train = program.command.commands[command[0]]
    with train.make_context(command[0], [*command[1:]], parent=program) as parsed:
        return _given(parsed)


def _names(words: Sequence[str]) -> list[str]:
    """Return the options in a command line, without values that are given by ``=``."""
    return [word.partition("=")[0] for word in words if word.startswith("-")]


def _corrected(before: Sequence[str], training: Sequence[str]) -> str:
    """Return the command line with the options of ``launch`` before ``--`` and the training after it."""
    own, rest, words = [*before], [], iter(training)
    for word in words:
        if word.partition("=")[0] in _OWN:
            own += [word] if "=" in word else [word, *islice(words, 1)]
        else:
            rest.append(word)
    return shlex.join(["charlstm", "launch", *own, "--", *rest])


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
