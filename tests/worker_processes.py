"""Helpers that train with several processes on this machine. Run as a program, this module is one of the workers.

The program's argument is a JSON object: ``addresses`` and ``rank`` (or neither), ``model`` and ``training`` (settings),
``steps``, ``devices`` (number of logical devices) and ``to``, the file for the result.
"""

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from charlstm.training.distributed.worker_group import WorkerGroup


def free_addresses(number: int) -> str:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("localhost", 0))) for _ in range(number)]
        return ",".join(f"localhost:{each.getsockname()[1]}" for each in sockets)


@dataclass
class Ended:
    """Exit code and output of a process."""

    code: int
    out: str
    err: str


def start(arguments: list[str], folder: Path) -> "subprocess.Popen[str]":
    """Start a Python process with these arguments."""
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=folder, env={**os.environ, "COLUMNS": "200"}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def run(programs: list[list[str]], folder: Path, timeout: float = 150.0) -> list[Ended]:
    """Run Python processes at the same time until all have ended."""
    with ExitStack() as stack:
        running = []
        for arguments in programs:
            running.append(start(arguments, folder))
            stack.callback(running[-1].kill)
        outputs = [process.communicate(timeout=timeout) for process in running]
    return [Ended(process.returncode, *output) for process, output in zip(running, outputs, strict=True)]


def trained_together(settings: dict[str, Any], workers: int, folder: Path) -> list[dict[str, Any]]:
    """Train with several processes; return the losses and final arrays of each, by rank."""
    addresses = free_addresses(workers)
    programs = []
    for rank in range(workers):
        task = {**settings, "to": str(folder / f"{rank}.npz")}
        task |= {"addresses": addresses, "rank": rank} if workers > 1 else {}
        programs.append([__file__, json.dumps(task)])
    for ended in run(programs, folder):
        assert ended.code == 0, ended.err
    return [dict(np.load(folder / f"{rank}.npz")) for rank in range(workers)]


def trained(settings: dict[str, Any], group: "WorkerGroup | None" = None) -> dict[str, Any]:
    """Train in this process; return the losses and final arrays."""
    from charlstm.config import ModelConfig, TrainingConfig, build
    from charlstm.text.batches import batch_source
    from charlstm.text.vocabulary import id_dtype
    from charlstm.training.trainer import Trainer

    model, training = build(ModelConfig, settings["model"]), build(TrainingConfig, settings["training"])
    ids = np.random.default_rng(0).integers(0, model.vocabulary_size, 5_000).astype(id_dtype(model.vocabulary_size))
    source, trainer = batch_source(ids, model, training), Trainer(model, training, group)
    losses = [trainer.step(source.batch(step, trainer.rows), 3e-3) for step in range(settings["steps"])]
    return {"losses": np.array(losses), **trainer.snapshot()}


def main() -> None:
    task = json.loads(sys.argv[1])
    from charlstm.nn import tensorflow as tf
    from charlstm.planning.cluster import cluster_of
    from charlstm.training.distributed.startup import join
    from charlstm.training.distributed.worker_group import WorkerGroup

    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})  # compiles faster
    if devices := task.get("devices"):
        (processor,) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * devices)
        group = WorkerGroup(tf.distribute.MirroredStrategy([f"CPU:{number}" for number in range(devices)]))
    else:
        group = join(cluster_of(task.get("addresses"), task.get("rank"), {}), task["training"]["batch_size"])
    np.savez(task["to"], **trained(task, group))


if __name__ == "__main__":
    main()
