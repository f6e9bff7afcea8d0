"""``charlstm train`` as one of several processes."""

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from charlstm.cli.terminal import say_note
from charlstm.cli.training_inputs import memory_note

if TYPE_CHECKING:
    from charlstm.planning.cluster import Cluster
    from charlstm.planning.training_plan import TrainingPlan


def cluster_named(addresses: str | None, rank: int | None) -> "Cluster | None":
    """Return the cluster that the user, ``TF_CONFIG`` or Slurm names; None for a single process."""
    from charlstm.planning.cluster import cluster_of

    named = cluster_of(addresses, rank, os.environ)
    if named or addresses or os.environ.get("SLURM_STEP_NUM_TASKS", "1") == "1":
        return named

    from charlstm.training.distributed.slurm import slurm_cluster

    return slurm_cluster(os.environ)


def with_cluster(plan: "TrainingPlan", cluster: "Cluster") -> "TrainingPlan":
    """Return a plan for a worker of a cluster.

    Raises:
        TrainingError: If the workers cannot share a batch evenly. Without this check they would meet first, with TensorFlow.
    """
    from charlstm.planning.cluster import check_shares

    check_shares(plan.config.training.batch_size, len(cluster.workers), "workers")
    return replace(plan, cluster=cluster)


def be_a_worker(plan: "TrainingPlan", cluster: "Cluster") -> None:
    """Train as a worker that is not the chief: run the same loop. Nothing is written, and printed only if nothing is left."""
    from charlstm.cli.progress import help_along

    if plan.finished is not None:  # by its own budget; the chief waits for it if it was given another one
        say_note(f"{cluster.name(cluster.rank)} has nothing to do: {plan.finished}")
        return
    plan = with_cluster(plan, cluster)
    memory_note(plan)
    raise typer.Exit(help_along(plan))
