"""``charlstm train`` as one of several processes."""

import os
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from charlstm.choices import OnUnknown
    from charlstm.planning.cluster import Cluster
    from charlstm.planning.presets import Preset
    from charlstm.planning.recipe_file import Recipe
    from charlstm.planning.training_plan import TrainingPlan


def cluster_named(addresses: str | None, rank: int | None) -> "Cluster | None":
    """Return the cluster that the user, ``TF_CONFIG`` or Slurm names; None for a single process."""
    from charlstm.planning.cluster import cluster_of

    named = cluster_of(addresses, rank, os.environ)
    if named or addresses or os.environ.get("SLURM_STEP_NUM_TASKS", "1") == "1":
        return named

    from charlstm.training.distributed.slurm import slurm_cluster

    return slurm_cluster(os.environ)


def not_the_first_process() -> None:
    """Continue in a child process if this is a container's first process, which ignores fatal signals from inside.

    ``charlstm/training/distributed/startup.py`` ends a worker by a signal if it waits for a lost one. The first process
    forwards the signals that it receives, and exits with its child's code.
    """
    if os.getpid() != 1:
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)  # hold signals back until the child exists
    if child := os.fork():
        for number in numbers:
            signal.signal(number, lambda number, _: os.kill(child, number))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os._exit(code if code >= 0 else 128 - code)
    os.setpgid(0, 0)  # or Ctrl-C would arrive twice
    signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)


def be_a_worker(
    cluster: "Cluster",
    checkpoints: Path,
    corpus: list[str],
    given: Mapping[str, object],
    *,
    preset: "Preset",
    recipe: "Recipe | None",
    validation_files: list[str],
    on_unknown: "OnUnknown",
    base_name: str | None,
    resume: str | None,
    text_encoding: str | None,
) -> None:
    """Train as a worker that is not the chief: make the same plan, then follow the chief. Nothing is written or printed."""
    from charlstm.cli.progress import help_along
    from charlstm.planning.resume_plan import plan_worker
    from charlstm.planning.training_plan import plan_training

    if resume is not None:
        plan = plan_worker(checkpoints, resume, corpus, given, text_encoding, recipe=recipe)
        if plan.finished is not None:
            return  # the chief reports it
    else:
        plan = plan_training(
            checkpoints,
            corpus,
            given,
            preset=preset,
            recipe=recipe,
            validation_files=validation_files,
            on_unknown=on_unknown,
            created="",
            base_name=base_name,
            text_encoding="utf-8" if text_encoding is None else text_encoding,
        )
    plan = replace(plan, cluster=cluster)
    memory_note(plan)
    raise typer.Exit(help_along(plan))


def memory_note(plan: "TrainingPlan") -> str | None:
    """Return a note on the memory that a training needs, if that is much; refuse a training that does not fit."""
    from charlstm.machine import cores
    from charlstm.planning.base_model import Base
    from charlstm.planning.memory_estimate import check_training_memory
    from charlstm.planning.training_plan import ResumedState
    from charlstm.text.prepared_ids import as_prepared

    return check_training_memory(
        plan.config.model,
        plan.config.training,
        len(plan.ids),
        cores=cores(),
        workers=len(plan.cluster.workers) if plan.cluster else 1,
        fine_tuning=isinstance(plan.start, Base),
        resumed=isinstance(plan.start, ResumedState),
        id_bytes=plan.ids.itemsize if as_prepared(plan.ids) is None else 0,
        held_out=plan.config.held_out,
    )
