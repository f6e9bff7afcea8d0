"""The workers of a Slurm step: one for each task that ``srun`` has started."""

import re
from collections.abc import Callable, Mapping

import tensorflow as tf

from charlstm.errors import ConfigError
from charlstm.recipe.cluster import Cluster


def slurm_cluster(environment: Mapping[str, str]) -> Cluster:
    """The cluster that Slurm's variables describe. Tasks are taken to fill one node after the other, as they do by default.

    Raises:
        ConfigError: If TensorFlow cannot make anything of them.
    """
    try:
        tasks = int(environment["SLURM_STEP_NUM_TASKS"])
        # Ports of this step's own, so that two on one node do not meet; below those that the system gives to connections.
        place = 8 * int(environment.get("SLURM_JOB_ID", "0")) + int(environment.get("SLURM_STEP_ID", "0"))
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
            port_base=20_000 + 64 * (place % 199),
            gpus_per_node=tasks,
            gpus_per_task=1,
            auto_set_gpu=False,  # what a task may use is Slurm's to say
        )
        # It sorts the nodes by their names as text; Slurm numbers the tasks in the order of its own list.
        place_of = _places(environment["SLURM_STEP_NODELIST"])
        addresses = sorted(resolver.cluster_spec().as_dict()["worker"], key=place_of)
        return Cluster(tuple(addresses), int(environment["SLURM_PROCID"]))
    except (RuntimeError, ValueError, KeyError, StopIteration) as error:
        raise ConfigError(f"Slurm's variables describe no cluster ({error}); give --cluster and --rank") from None


def _places(nodes: str) -> Callable[[str], tuple[int, list[int]]]:
    """Where an address comes in a list such as ``node[8-10],big``: first by its part of the list, then by its numbers."""
    parts = [re.sub(r"\\\[.*?\\\]", r"\\d+", re.escape(part)) for part in re.split(r",(?![^\[]*\])", nodes)]

    def place(address: str) -> tuple[int, list[int]]:
        host, _, port = address.rpartition(":")
        part = next(number for number, part in enumerate(parts) if re.fullmatch(part, host))
        return part, [*map(int, re.findall(r"\d+", host)), int(port)]

    return place
