"""``charlstm train`` as one of several processes."""

import os
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from charlstm.recipe.cluster import Cluster
    from charlstm.recipe.plan import Plan
    from charlstm.recipe.presets import Preset


def cluster_named(addresses: str | None, rank: int | None) -> "Cluster | None":
    """The processes that train together, as the user, ``TF_CONFIG`` or Slurm says; None for one on its own."""
    from charlstm.recipe.cluster import cluster_of

    named = cluster_of(addresses, rank, os.environ)
    if named or addresses or os.environ.get("SLURM_STEP_NUM_TASKS", "1") == "1":
        return named

    from charlstm.training.slurm import slurm_cluster

    return slurm_cluster(os.environ)


def not_the_first_process() -> None:
    """Go on in a child if this is a container's first process, which no signal of the container's own can end.

    That is how a worker ends that waits for one that was lost while they connected: ``charlstm/training/joining.py``. The first
    process passes on what it is told, and ends as its child does.
    """
    if os.getpid() != 1:
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)  # what comes just now waits until there is someone to be told
    if child := os.fork():
        for number in numbers:
            signal.signal(number, lambda number, _: os.kill(child, number))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os._exit(code if code >= 0 else 128 - code)
    os.setpgid(0, 0)  # or Ctrl-C would come twice
    signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)


def be_a_worker(
    cluster: "Cluster",
    checkpoints: Path,
    corpus: list[str],
    given: Mapping[str, Any],
    *,
    preset: "Preset",
    base_name: str | None,
    resume: str | None,
    encoding_name: str | None,
) -> None:
    """Train with others without leading: plan the same as the chief, then do as it says. Nothing is written or printed."""
    from charlstm.cli.progress import help_along
    from charlstm.recipe.plan import plan_training
    from charlstm.recipe.resuming import plan_helping

    if resume is not None:
        plan = plan_helping(checkpoints, resume, corpus, given, encoding_name)
        if plan.finished is not None:
            return  # the chief says so
    else:
        plan = plan_training(
            checkpoints, corpus, given, preset=preset, created="", base_name=base_name, text_encoding=encoding_name or "utf-8"
        )
    plan = replace(plan, cluster=cluster)
    memory_note(plan)
    raise typer.Exit(help_along(plan))


def memory_note(plan: "Plan") -> str | None:
    """What a training needs of memory, if that is much; one for which there is too little is refused."""
    from charlstm.recipe.machine import cores
    from charlstm.recipe.memory_estimate import check_memory
    from charlstm.recipe.plan import Base, Resumed

    return check_memory(
        plan.config.model,
        plan.config.training,
        len(plan.ids),
        cores=cores(),
        workers=len(plan.cluster.workers) if plan.cluster else 1,
        fine_tuning=isinstance(plan.start, Base),
        resumed=isinstance(plan.start, Resumed),
        id_bytes=plan.ids.itemsize,
    )
