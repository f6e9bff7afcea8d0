"""The rendezvous of the workers before training: are all present, and do their plans agree?

TensorFlow's coordination service cannot do this. While TensorFlow connects the workers it holds the interpreter lock, so no
signal is handled. It waits an hour for a missing worker, whatever ``cluster_register_timeout_in_ms`` says, and does not name it
(2.21). So each worker first sends its plan to the chief's address, as a line of JSON, and receives a line in reply.
"""

import asyncio
import hashlib
import json
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack, closing, suppress

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

    async def in_time(work: Awaitable[object]) -> bool:
        task, until = asyncio.ensure_future(work), time.monotonic() + patience
        try:
            while not task.done() and time.monotonic() < until:
                if should_stop():
                    raise KeyboardInterrupt
                await asyncio.wait([task], timeout=_PAUSE)
            if task.done():
                task.result()  # raises what the work raised
            return task.done()
        finally:
            task.cancel()

    verdict = asyncio.run(
        (_receive_all if cluster.is_chief else _report)(cluster, describe_plan(plan, cluster), in_time, patience)
    )
    if verdict:
        raise TrainingError(verdict)


def describe_plan(plan: TrainingPlan, cluster: Cluster) -> dict[str, str]:
    """Return what must be the same in all workers, as text; not their addresses, because a host can have several names."""
    config = plan.config
    settings = to_dict(config.model) | to_dict(config.training)
    return {
        "the number of workers": str(len(cluster.workers)),
        "the text": config.corpus.fingerprint[:12],
        "the vocabulary": f"of {len(config.vocabulary)} characters, SHA-256 {_digest(config.vocabulary.characters)}",
        **({"the rare characters": _digest(json.dumps(to_dict(config.vocabulary.rare)))} if config.vocabulary.rare else {}),
        **{f"`{setting_name(name)}`": _setting_text(value) for name, value in settings.items() if name not in FREE},
        **{name: value for name, value in environment_record().items() if name not in ("processor", "cores")},
    }


async def _receive_all(
    cluster: Cluster, own: PlanDescription, in_time: Callable[[Awaitable[object]], Awaitable[bool]], patience: float
) -> str:
    """Receive the plan of every worker, as the chief, and send all of them the same verdict."""
    others: dict[int, tuple[asyncio.StreamWriter, PlanDescription]] = {}
    present: dict[int, tuple[asyncio.StreamWriter, PlanDescription]] = {}  # the others once all were there together
    ended: set[int] = set()  # connected and did not stay
    all_present = asyncio.Event()
    connections = ExitStack()

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.callback(writer.close)
        try:
            rank, plan = json.loads(await asyncio.wait_for(reader.readline(), _SOON))
            if rank not in range(1, len(cluster.workers)):
                raise ValueError(rank)
            others[rank] = writer, dict(plan)
        except (OSError, ValueError, TypeError, RecursionError, asyncio.CancelledError):  # not a worker, or the end
            writer.close()
            return
        if len(others) == len(cluster.workers) - 1:
            all_present.set()
        with suppress(OSError, asyncio.CancelledError):  # Python 3.11 prints a traceback for a cancelled connection
            await reader.read(1)  # a worker sends nothing more: it has ended, or this chief has closed the connection
        if rank in others and others[rank][0] is writer:  # and has not been started again
            del others[rank]
            ended.add(rank)
            all_present.clear()

    async def see_all() -> None:
        while len(others) < len(cluster.workers) - 1:  # a worker can end between the event and this look
            await all_present.wait()
        present.update(others)

    try:
        server = await asyncio.start_server(receive, None, _host_and_port(cluster.workers[0])[1])
    except OSError as error:
        raise GroupError(
            f"{cluster.name(0)} cannot listen there ({os.strerror(error.errno or 0)}); name another port"
        ) from None
    async with server:
        with connections:
            if not await in_time(see_all()):
                missing = set(range(1, len(cluster.workers))) - set(others)
                named = ", ".join(cluster.name(rank) for rank in sorted(missing - ended or missing))
                what = "did not connect" if missing - ended else "connected and ended, and did not return"
                raise GroupError(f"{named} {what} within {patience:.0f} s; start all workers together")
            verdict = next(filter(None, (_differences(cluster, rank, present[rank][1], own) for rank in sorted(present))), "")
            for rank, (writer, _) in present.items():
                try:
                    writer.write(json.dumps(verdict).encode() + b"\n")
                    await writer.drain()
                except OSError:
                    raise GroupError(f"{cluster.name(rank)} was lost; start all workers again") from None
    return verdict


async def _report(
    cluster: Cluster, own: PlanDescription, in_time: Callable[[Awaitable[object]], Awaitable[bool]], patience: float
) -> str:
    """Send the plan to the chief, as another worker, and return its verdict."""
    reason, verdict = "no answer", ""

    async def ask() -> None:
        nonlocal reason, verdict
        while True:
            try:
                reader, writer = await asyncio.open_connection(*_host_and_port(cluster.workers[0]))
                with closing(writer):
                    writer.write(json.dumps([cluster.rank, own]).encode() + b"\n")
                    try:
                        verdict = str(json.loads(await reader.readline()))
                        return
                    except (ValueError, RecursionError):  # another program, or the chief of an earlier run
                        reason = "the program there is not a chief waiting for workers"
            except OSError as error:  # the chief does not listen yet
                reason = os.strerror(error.errno) if error.errno else str(error)
            except UnicodeError as error:  # no host can have this name
                reason = str(error)
            await asyncio.sleep(_PAUSE)

    if not await in_time(ask()):
        raise GroupError(f"{cluster.name(0)} was not reached within {patience:.0f} s ({reason}); start all workers together")
    return verdict


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
