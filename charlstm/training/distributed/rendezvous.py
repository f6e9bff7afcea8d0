"""The rendezvous of the workers before training: are all present, and do their plans agree?

TensorFlow waits silently for up to an hour for a missing worker, and forever for one with a different plan. So each worker
first sends its plan to the chief's address, as a line of JSON, and receives a line in reply.
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

from charlstm.config import setting_name, to_dict
from charlstm.errors import GroupError, TrainingError
from charlstm.planning.cluster import Cluster
from charlstm.planning.environment import environment_record
from charlstm.planning.settings import FREE
from charlstm.planning.training_plan import TrainingPlan

PATIENCE = 300.0
"""Seconds that a worker waits for the others."""
_PAUSE = 0.5
_SOON = 2.0  # seconds in which a connected worker must send its plan
_LONGEST_LINE = 1 << 16

PlanDescription = Mapping[str, str]


def meet(plan: TrainingPlan, cluster: Cluster, should_stop: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait until all workers are present, and check that their plans agree.

    Args:
        plan: The plan of this worker.
        cluster: The workers.
        should_stop: Returns True to stop waiting.
        patience: Seconds to wait for the others.

    Raises:
        GroupError: If a worker is not present in time; the message names it.
        TrainingError: In every worker, if the plan of one differs from the chief's; the message names it and the difference.
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
    """Return the parts of a plan that must be the same in all workers, as text."""
    config = plan.config
    settings = to_dict(config.model) | to_dict(config.training)
    return {
        "the text": config.corpus.fingerprint[:12],
        "the vocabulary": f"of {len(config.vocabulary)} characters, SHA-256 {_digest(config.vocabulary.characters)}",
        **({"the rare characters": _digest(json.dumps(to_dict(config.vocabulary.rare)))} if config.vocabulary.rare else {}),
        **{f"`{setting_name(name)}`": _setting_text(value) for name, value in settings.items() if name not in FREE},
        **{name: value for name, value in environment_record().items() if name not in ("processor", "cores")},
    }


def _receive_all(cluster: Cluster, own: PlanDescription, wait: Callable[[], bool], patience: float) -> str:
    """Receive the plan of every worker, as the chief, and send all of them the same verdict."""
    others: dict[int, tuple[socket.socket, PlanDescription]] = {}
    with ExitStack() as stack:
        try:
            _, port = _host_and_port(cluster.workers[0])
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
                raise GroupError(f"{', '.join(missing)} did not connect within {patience:.0f} s; start all workers together")
            try:
                connection = stack.enter_context(listener.accept()[0])
                rank, plan = json.loads(_receive_line(connection, wait, time.monotonic() + _SOON))
                if rank in range(1, len(cluster.workers)):
                    others[rank] = connection, dict(plan)
            except (OSError, ValueError, TypeError, RecursionError):  # nothing yet, or not a worker
                continue
        verdict = next(filter(None, (_differences(cluster, rank, others[rank][1], own) for rank in sorted(others))), "")
        for rank, (connection, _) in others.items():
            try:
                connection.sendall(json.dumps(verdict).encode() + b"\n")
            except OSError:
                raise GroupError(f"{cluster.name(rank)} was lost; start all workers again") from None
    return verdict


def _report(cluster: Cluster, own: PlanDescription, wait: Callable[[], bool], patience: float) -> str:
    """Send the plan to the chief, as another worker, and return its verdict."""
    reason = ""
    while wait():
        try:
            with socket.create_connection(_host_and_port(cluster.workers[0]), timeout=_PAUSE) as connection:
                connection.sendall(json.dumps([cluster.rank, own]).encode() + b"\n")
                return str(json.loads(_receive_line(connection, wait, math.inf)))
        except OSError as error:  # the chief does not listen yet
            reason = error.strerror or str(error)
            time.sleep(_PAUSE)
        except (ValueError, RecursionError):  # another program, or the chief of an earlier run
            reason = "the program there is not a chief waiting for workers"
            time.sleep(_PAUSE)
    raise GroupError(f"{cluster.name(0)} was not reached within {patience:.0f} s ({reason}); start all workers together")


def _receive_line(connection: socket.socket, wait: Callable[[], bool], until: float) -> str:
    """Receive a line from the other side.

    Raises:
        OSError: If it does not arrive in time, is too long, or the connection is closed.
    """
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
    what = "; ".join(f"{name} {other.get(name, 'missing')} instead of {chief.get(name, 'none')}" for name in names)
    return f"{cluster.name(rank)} differs from worker 0: {what}; start all with the same settings, text and versions"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _setting_text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
