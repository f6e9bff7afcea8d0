"""``charlstm train`` as one of several processes."""

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

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


def be_a_worker(plan: "TrainingPlan", cluster: "Cluster") -> None:
    """Train as a worker that is not the chief: run the same loop. Nothing is written or printed."""
    from charlstm.cli.progress import help_along

    if plan.finished is None:  # otherwise the chief says so
        plan = replace(plan, cluster=cluster)
        memory_note(plan)
        raise typer.Exit(help_along(plan))
