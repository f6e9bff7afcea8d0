"""The cluster: the processes that train together, and the rank of this one."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from charlstm.errors import ConfigError, TrainingError, short_repr
from charlstm.formatting import counted

_ADDRESS = re.compile(r"([^\s,:/\[\]]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5}")


@dataclass(frozen=True)
class Cluster:
    """The workers of one training run.

    Attributes:
        workers: Their addresses, ``host:port``, in the order of their ranks.
        rank: Index of this process in ``workers``. Worker 0 is the chief, the only one that writes files and prints.
    """

    workers: tuple[str, ...]
    rank: int

    def __post_init__(self) -> None:
        for worker in self.workers:
            if not (_ADDRESS.fullmatch(worker) and 0 < int(worker.rpartition(":")[2]) < 1 << 16):
                raise ConfigError(f"expected the address of a worker as host:port; found {short_repr(worker)}")
        if len(set(self.workers)) < len(self.workers):
            raise ConfigError(f"two workers have the same address, in {','.join(self.workers)}; give each its own port")
        if not 0 <= self.rank < len(self.workers):
            raise ConfigError(
                f"expected a rank from 0 to {len(self.workers) - 1} for {counted(len(self.workers), 'worker')}; "
                f"found {self.rank}"
            )

    @property
    def is_chief(self) -> bool:
        """True if this process is the chief."""
        return self.rank == 0

    def name(self, rank: int) -> str:
        """Return a worker's name for use in a sentence: its rank and its address."""
        return f"worker {rank} ({self.workers[rank]})"


def check_shares(batch_size: int, shares: int, sharing: str) -> None:
    """Check that a batch can be shared evenly.

    Args:
        batch_size: Rows in a batch.
        shares: Number of workers or devices that share it.
        sharing: What they are: workers or devices.

    Raises:
        TrainingError: If it cannot.
    """
    if batch_size % shares:
        raise TrainingError(
            f"a batch of {batch_size} cannot be shared evenly by {shares} {sharing}; make `batch_size` a multiple of {shares}"
        )


def cluster_of(addresses: str | None, rank: int | None, environment: Mapping[str, str]) -> Cluster | None:
    """Return the cluster that the user names, or the one that ``TF_CONFIG`` describes; None for a single process.

    Args:
        addresses: The workers as ``host:port,host:port,...``; None if the user names none.
        rank: Rank of this process; None if the user names no workers.
        environment: The environment variables.

    Raises:
        ConfigError: If the description is malformed, or this process is not one of the workers.
    """
    if (addresses is None) != (rank is None):
        raise ConfigError("`cluster` lists the workers and `rank` is the index of this one; give both")
    if addresses is not None and rank is not None:
        cluster = Cluster(tuple(addresses.split(",")), rank)
    elif environment.get("TF_CONFIG"):
        cluster = _from_tf_config(environment["TF_CONFIG"])
    else:
        return None
    return cluster if len(cluster.workers) > 1 else None


def _from_tf_config(text: str) -> Cluster:
    """Return the cluster of a ``TF_CONFIG``. Its chief, if it has one, comes before its workers."""
    try:
        config = json.loads(text)
        jobs = {job: [str(address) for address in config["cluster"][job]] for job in config["cluster"]}
        kind, index = str(config["task"]["type"]), int(config["task"]["index"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        form = '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}'
        raise ConfigError(f"TF_CONFIG is not of the form {form}; correct it, or unset it to train in one process") from None
    if kind in jobs and not 0 <= index < len(jobs[kind]):
        raise ConfigError(f"TF_CONFIG has no {kind} {index}, only {len(jobs[kind])}; count from 0")
    unsupported = sorted(jobs.keys() - {"chief", "worker"}) or [kind] * (kind not in jobs)
    if unsupported:
        raise ConfigError(f"TF_CONFIG has a task {short_repr(unsupported[0])}; charlstm trains with a chief and workers")
    chiefs = jobs.get("chief", [])
    return Cluster((*chiefs, *jobs.get("worker", [])), index + (len(chiefs) if kind == "worker" else 0))
