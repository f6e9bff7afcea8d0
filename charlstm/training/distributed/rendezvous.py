"""Where the workers of a cluster meet before they train: are all there, and about to train the same?

TensorFlow waits for a missing worker for as long as an hour without a word, and for one that trains something else for ever. So
the workers first say to the chief, at its address, what they have planned: a line of JSON each, and a line in reply.
"""

import errno
import hashlib
import json
import math
import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress

from charlstm.config import to_dict
from charlstm.errors import GroupError, TrainingError
from charlstm.planning.cluster import Cluster
from charlstm.planning.environment import environment_record
from charlstm.planning.settings import FREE, flag
from charlstm.planning.training_plan import TrainingPlan

PATIENCE = 300.0
"""Seconds that a worker waits for the others."""
_PAUSE = 0.5
_SOON = 2.0  # in which whoever connects to the chief says what it wants
_LONGEST_LINE = 1 << 16

PlanDescription = Mapping[str, str]


def meet(plan: TrainingPlan, cluster: Cluster, should_stop: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait until all workers are there, and see that they have planned the same.

    Raises:
        GroupError: If one is not there in time; the message says who.
        TrainingError: In every worker, if one has planned something else than the chief; the message says who, in what.
        KeyboardInterrupt: If this worker is asked to stop.
    """
    until = time.monotonic() + patience

    def wait() -> bool:
        if should_stop():
            raise KeyboardInterrupt
        return time.monotonic() < until

    verdict = (_receive_all if cluster.is_chief else _report)(cluster, describe_plan(plan), wait, patience)
    if verdict:
        raise TrainingError(verdict)


def describe_plan(plan: TrainingPlan) -> dict[str, str]:
    """What all workers must have in common, as text."""
    config = plan.config
    settings = to_dict(config.model) | to_dict(config.training)
    return {
        "the text": config.corpus.fingerprint[:12],
        "the alphabet": f"of {len(config.vocabulary)} characters, SHA-256 {_digest(config.vocabulary.characters)}",
        **({"the rare characters": _digest(json.dumps(to_dict(config.vocabulary.rare)))} if config.vocabulary.rare else {}),
        **{flag(name): _written(value) for name, value in settings.items() if name not in FREE},
        **{name: value for name, value in environment_record().items() if name not in ("processor", "cores")},
    }


def _receive_all(cluster: Cluster, own: PlanDescription, wait: Callable[[], bool], patience: float) -> str:
    """As the chief: hear every worker, then tell all of them the same."""
    others: dict[int, tuple[socket.socket, PlanDescription]] = {}
    with ExitStack() as stack:
        try:
            _, port = _place(cluster.workers[0])
            both = socket.has_dualstack_ipv6()
            family = socket.AF_INET6 if both else socket.AF_INET
            listener = stack.enter_context(socket.create_server(("", port), family=family, dualstack_ipv6=both))
        except OSError as error:
            raise GroupError(
                f"{cluster.name(0)} cannot listen there ({os.strerror(error.errno or 0)}); name another port"
            ) from None
        listener.settimeout(_PAUSE)
        while len(others) < len(cluster.workers) - 1:
            if not wait():
                missing = [cluster.name(rank) for rank in range(1, len(cluster.workers)) if rank not in others]
                raise GroupError(f"{', '.join(missing)} did not come within {patience:.0f} s; start all workers together")
            try:
                connection = stack.enter_context(listener.accept()[0])
                rank, plan = json.loads(_line(connection, wait, time.monotonic() + _SOON))
                if rank in range(1, len(cluster.workers)):
                    others[rank] = connection, dict(plan)
            except (OSError, ValueError, TypeError, RecursionError):  # no one yet, or someone else
                continue
        verdict = next(filter(None, (_differences(cluster, rank, others[rank][1], own) for rank in sorted(others))), "")
        for rank, (connection, _) in others.items():
            try:
                connection.sendall(json.dumps(verdict).encode() + b"\n")
            except OSError:
                raise GroupError(f"{cluster.name(rank)} is gone; start all workers again") from None
    return verdict


def _report(cluster: Cluster, own: PlanDescription, wait: Callable[[], bool], patience: float) -> str:
    """As another worker: tell the chief, and hear what it says of all."""
    reason = ""
    while wait():
        try:
            with socket.create_connection(_place(cluster.workers[0]), timeout=_PAUSE) as connection:
                connection.sendall(json.dumps([cluster.rank, own]).encode() + b"\n")
                return str(json.loads(_line(connection, wait, math.inf)))
        except OSError as error:  # no one is there yet
            reason = error.strerror or str(error)
            time.sleep(_PAUSE)
        except (ValueError, RecursionError):  # someone else is, or a chief of before
            reason = "it is not a chief that waits for workers"
            time.sleep(_PAUSE)
    raise GroupError(f"{cluster.name(0)} was not there within {patience:.0f} s ({reason}); start all workers together")


def _line(connection: socket.socket, wait: Callable[[], bool], until: float) -> str:
    """What the other side says up to the end of a line, as far as it is worth waiting for."""
    connection.settimeout(_PAUSE)
    received = b""
    while not received.endswith(b"\n"):
        if not wait() or time.monotonic() > until or len(received) > _LONGEST_LINE:
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        with suppress(TimeoutError):
            part = connection.recv(_LONGEST_LINE)
            if not part:
                raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
            received += part
    return received.decode().strip()


def _differences(cluster: Cluster, rank: int, other: PlanDescription, chief: PlanDescription) -> str:
    names = [name for name in {**chief, **other} if other.get(name) != chief.get(name)]
    if not names:
        return ""
    what = "; ".join(f"{name} {other.get(name, 'missing')} in place of {chief.get(name, 'none')}" for name in names)
    return f"{cluster.name(rank)} differs from worker 0: {what}; start all with the same command, text and versions"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _written(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _place(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
