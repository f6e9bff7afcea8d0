"""The cluster of a Slurm step, with a worker for each task that ``srun`` has started."""

from collections.abc import Mapping

import tensorflow as tf
from tensorflow.python.distribute.cluster_resolver.slurm_cluster_resolver import expand_hostlist

from charlstm.errors import ConfigError
from charlstm.planning.cluster import Cluster


def slurm_cluster(environment: Mapping[str, str]) -> Cluster:
    """Return the cluster that Slurm's variables describe.

    Tasks are assumed to fill one node after the other, which is Slurm's default.

    Args:
        environment: The environment variables.

    Raises:
        ConfigError: If TensorFlow cannot derive a cluster from them.
    """
    try:
        tasks = int(environment["SLURM_STEP_NUM_TASKS"])
        # Ports derived from the step, so that two steps on one node do not collide, and below the system's ephemeral ports.
        place = 8 * int(environment.get("SLURM_JOB_ID", "0")) + int(environment.get("SLURM_STEP_ID", "0"))
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
            port_base=20_000 + 64 * (place % 199),
            gpus_per_node=tasks,
            gpus_per_task=1,
            auto_set_gpu=False,  # Slurm assigns the GPUs of a task
        )
        # The resolver sorts the nodes by name; Slurm numbers the tasks in the order of its node list.
        nodes = expand_hostlist(environment["SLURM_STEP_NODELIST"])
        addresses = sorted(
            resolver.cluster_spec().as_dict()["worker"],
            key=lambda address: (nodes.index(address.rpartition(":")[0]), int(address.rpartition(":")[2])),
        )
        return Cluster(tuple(addresses), int(environment["SLURM_PROCID"]))
    except (RuntimeError, ValueError, KeyError) as error:
        raise ConfigError(f"Slurm's variables do not describe a cluster ({error}); give `cluster` and `rank`") from None
