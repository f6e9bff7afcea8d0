"""Benchmark of distributed training on one machine: strong and weak scaling, bytes and time of an all-reduce.

Each worker is a process with its own cores; the workers communicate over the loopback interface.

    python -m benchmarks.scaling [--units 128 512] [--batch 64] [--steps 40] [--rounds 5] [--most-workers 4] [--json]
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from charlstm.machine import cores

V, T = 65, 64
FLOATS = (10_000, 100_000, 1_000_000, 10_000_000)


def traffic() -> int:
    """Return the number of bytes received on the loopback interface so far."""
    lines = Path("/proc/net/dev").read_text().splitlines()
    return next(int(line.split(":")[1].split()[0]) for line in lines if line.strip().startswith("lo:"))


def training(task: dict[str, Any], group: Any) -> dict[str, Any]:
    """Measure the seconds of a training step, including the chief's message to the workers, and its bytes on the loopback."""
    from charlstm.config import ModelConfig, TrainingConfig
    from charlstm.text.batches import StreamBatches
    from charlstm.training.distributed.coordinator import ChiefTrainer, End, follow_chief
    from charlstm.training.trainer import Trainer

    model = ModelConfig(vocabulary_size=V, units=(task["units"],), seq_len=T)
    recipe = TrainingConfig(batch_size=task["batch"], precision=task["precision"])
    ids = np.random.default_rng(0).integers(0, V, 200_000 + task["batch"] * T * 4).astype(np.uint8)
    source = StreamBatches(ids, model, recipe)
    if task["rank"]:
        follow_chief(Trainer(model, recipe, group), source, group, lambda: False)
        return {}
    trainer = (ChiefTrainer if group.size > 1 else Trainer)(model, recipe, group)

    def steps(number: int) -> None:
        for _ in range(number):
            trainer.step(source.batch(trainer.steps, trainer.rows), 1e-3)

    steps(3)
    seconds, before = [], traffic()
    for _ in range(task["rounds"]):
        began = time.perf_counter()
        steps(task["steps"])
        seconds.append((time.perf_counter() - began) / task["steps"])
    moved = (traffic() - before) / (task["rounds"] * task["steps"])
    if isinstance(trainer, ChiefTrainer):
        with trainer.leading():
            trainer.end = End.DONE
    return {
        "seconds": statistics.median(seconds),
        "bytes": moved,
        "characters_per_second": task["batch"] * T / statistics.median(seconds),
    }


def exchange(task: dict[str, Any], group: Any) -> dict[str, Any]:
    """Measure the seconds of one all-reduce of float32 numbers, and its bytes on the loopback."""
    import tensorflow as tf

    array = tf.zeros([task["floats"]])

    @tf.function
    def total() -> Any:
        return group.strategy.run(lambda: tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, array)[:1])

    def once() -> float:
        began = time.perf_counter()
        total().numpy()
        return time.perf_counter() - began

    for _ in range(3):
        once()
    before, number = traffic(), task["rounds"] * 10
    seconds = [once() for _ in range(number)]
    return {"seconds": statistics.median(seconds), "bytes": (traffic() - before) / number}


def worker(task: dict[str, Any]) -> None:
    """Run the measurement as one of the workers; worker 0 prints the result."""
    os.sched_setaffinity(0, task["cores"])
    import charlstm.training  # noqa: F401 (silences TensorFlow)
    from charlstm.planning.cluster import Cluster
    from charlstm.training.distributed.startup import join

    cluster = Cluster(tuple(task["addresses"]), task["rank"]) if len(task["addresses"]) > 1 else None
    group = join(cluster, task["batch"])
    result = (exchange if task["what"] == "exchange" else training)(task, group)
    if task["rank"] == 0:
        print(json.dumps(result))


def measure(workers: int, cores_each: int, **task: Any) -> dict[str, Any]:
    """Start ``workers`` workers with ``cores_each`` cores each and return the measurement of worker 0."""
    cores = sorted(os.sched_getaffinity(0))
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("localhost", 0))) for _ in range(workers)]
        addresses = [f"localhost:{each.getsockname()[1]}" for each in sockets]
    processes = []
    for rank in range(workers):
        own = [cores[(rank * cores_each + number) % len(cores)] for number in range(cores_each)]
        argument = json.dumps({**task, "addresses": addresses, "rank": rank, "cores": own})
        processes.append(
            subprocess.Popen(
                [sys.executable, "-m", "benchmarks.scaling", "--worker", argument], stdout=subprocess.PIPE, text=True
            )
        )
    outputs = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise SystemExit("a worker failed")
    answer: dict[str, Any] = json.loads(outputs[0])
    return {"workers": workers, "cores_each": cores_each, **task, **answer}


def main() -> None:
    """Run the benchmark and print the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, nargs="*", default=[128, 512])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--most-workers", type=int, default=4)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--floats", type=int, nargs="*", default=FLOATS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        worker(arguments.worker)
        return
    found = []
    common = {"steps": arguments.steps, "rounds": arguments.rounds, "precision": arguments.precision}
    numbers = range(2, arguments.most_workers + 1)
    for units in arguments.units:
        shape = {"what": "training", "units": units, **common}
        for workers, cores_each, batch in [
            (1, 1, arguments.batch),
            (1, 2, arguments.batch),
            *((workers, 1, arguments.batch) for workers in numbers if workers <= cores() and arguments.batch % workers == 0),
            (1, 1, arguments.batch // 2),
        ]:
            found.append(measure(workers, cores_each, batch=batch, **shape))
            report(found[-1], arguments.json)
    for floats in arguments.floats:
        for workers in numbers:
            found.append(measure(workers, 1, what="exchange", floats=floats, batch=arguments.batch, **common))
            report(found[-1], arguments.json)
    if arguments.json:
        print(json.dumps({"scaling": found}, indent=2))


def report(one: dict[str, Any], silent: bool) -> None:
    """Print one line for a measurement, unless ``silent``."""
    if silent:
        return
    who = f"{one['workers']} x {one['cores_each']} cores"
    if one["what"] == "training":
        what = f"1 x {one['units']}, batch {one['batch']}: {one['characters_per_second']:9,.0f} characters/s"
    else:
        what = f"all-reduce of {one['floats']:,} numbers"
    print(f"{who}  {what}  {1e3 * one['seconds']:8.1f} ms, {one['bytes']:,.0f} bytes", flush=True)


if __name__ == "__main__":
    main()
