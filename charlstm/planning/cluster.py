"""Which processes train together, and which of them this one is."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from charlstm.errors import ConfigError, short_repr

_ADDRESS = re.compile(r"([^\s,:/\[\]]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5}")


@dataclass(frozen=True)
class Cluster:
    """The processes of one training.

    Attributes:
        workers: Their addresses, ``host:port``, in the order of their ranks.
        rank: Which of them this one is. The first is the chief: it alone writes and prints.
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
                f"expected a rank from 0 to {len(self.workers) - 1} for {len(self.workers)} workers; found {self.rank}"
            )

    @property
    def is_chief(self) -> bool:
        """Whether this process leads."""
        return self.rank == 0

    def name(self, rank: int) -> str:
        """What to call a worker in a sentence."""
        return f"worker {rank} ({self.workers[rank]})"


def cluster_of(addresses: str | None, rank: int | None, environment: Mapping[str, str]) -> Cluster | None:
    """The cluster that the user has named, or else that ``TF_CONFIG`` describes; None for a process on its own.

    Args:
        addresses: ``host:port,host:port,...``
        rank: Of this process.
        environment: Its variables.

    Raises:
        ConfigError: If it is no cluster, or this process is none of its workers.
    """
    if (addresses is None) != (rank is None):
        raise ConfigError("--cluster names the workers and --rank this one of them; give both")
    if addresses is not None and rank is not None:
        cluster = Cluster(tuple(addresses.split(",")), rank)
    elif environment.get("TF_CONFIG"):
        cluster = _from_tf_config(environment["TF_CONFIG"])
    else:
        return None
    return cluster if len(cluster.workers) > 1 else None


def _from_tf_config(text: str) -> Cluster:
    """What TensorFlow's own variable says: its chief, if it has one, comes before its workers."""
    try:
        config = json.loads(text)
        jobs = {job: [str(address) for address in config["cluster"][job]] for job in config["cluster"]}
        kind, index = str(config["task"]["type"]), int(config["task"]["index"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        form = '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}'
        raise ConfigError(f"TF_CONFIG is not of the form {form}; correct it, or unset it to train in one process") from None
    if kind in jobs and not 0 <= index < len(jobs[kind]):
        raise ConfigError(f"TF_CONFIG has no {kind} {index}, only {len(jobs[kind])}; number them from 0")
    odd = sorted(jobs.keys() - {"chief", "worker"}) or [kind] * (kind not in jobs)
    if odd:
        raise ConfigError(f"TF_CONFIG has a task {short_repr(odd[0])}; charlstm trains with a chief and workers")
    chiefs = jobs.get("chief", [])
    return Cluster((*chiefs, *jobs.get("worker", [])), index + (len(chiefs) if kind == "worker" else 0))
