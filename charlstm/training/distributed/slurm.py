"""The workers of a Slurm step: one for each task that ``srun`` has started."""

from collections.abc import Mapping

import tensorflow as tf
from tensorflow.python.distribute.cluster_resolver.slurm_cluster_resolver import expand_hostlist

from charlstm.errors import ConfigError
from charlstm.planning.cluster import Cluster


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
        # It sorts the nodes by their names; Slurm numbers the tasks in the order of its own list.
        nodes = expand_hostlist(environment["SLURM_STEP_NODELIST"])
        addresses = sorted(
            resolver.cluster_spec().as_dict()["worker"],
            key=lambda address: (nodes.index(address.rpartition(":")[0]), int(address.rpartition(":")[2])),
        )
        return Cluster(tuple(addresses), int(environment["SLURM_PROCID"]))
    except (RuntimeError, ValueError, KeyError) as error:
        raise ConfigError(f"Slurm's variables describe no cluster ({error}); give --cluster and --rank") from None
