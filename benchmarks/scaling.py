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
from collections.abc import Iterator, Sequence
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
    """Measure the seconds of a training step, and its bytes on the loopback."""
    from charlstm.config import ModelConfig, TrainingConfig
    from charlstm.text.batches import StreamBatches
    from charlstm.training.distributed.agreement import Agreement
    from charlstm.training.trainer import Trainer

    model = ModelConfig(vocabulary_size=V, units=(task["units"],), seq_len=T)
    recipe = TrainingConfig(batch_size=task["batch"], precision=task["precision"])
    ids = np.random.default_rng(0).integers(0, V, 200_000 + task["batch"] * T * 4).astype(np.uint8)
    source = StreamBatches(ids, model, recipe)
    trainer, agreement = Trainer(model, recipe, group), Agreement(group, time.perf_counter, lambda: False)

    def steps(number: int) -> Iterator[float]:
        for _ in range(number):
            began = time.perf_counter()
            trainer.step(source.batch(trainer.steps, trainer.rows), 1e-3, *agreement.message())
            agreement.receive(trainer.received)
            yield time.perf_counter() - began

    list(steps(3))
    before, busy = traffic(), time.process_time()
    seconds = list(steps(task["rounds"] * task["steps"]))
    found = summary(seconds, traffic() - before)
    found["processor_seconds"] = (time.process_time() - busy) / len(seconds)  # of this worker, waiting excluded
    return {**found, "characters_per_second": task["batch"] * T / found["seconds"]}


def summary(seconds: list[float], moved: int) -> dict[str, float]:
    """Return the median seconds of an operation, those of its fastest tenth, and its bytes."""
    fastest = statistics.quantiles(seconds, n=10)[0]  # less disturbed by what else the machine does
    return {"seconds": statistics.median(seconds), "fastest_tenth": fastest, "bytes": moved / len(seconds)}


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
    return summary(seconds, traffic() - before)


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


def measure(workers: int, cores_each: int, namespaces: Sequence[str] = (), **task: Any) -> dict[str, Any]:
    """Start ``workers`` workers with ``cores_each`` cores each and return the measurement of worker 0.

    Args:
        workers: Number of workers.
        cores_each: Cores of each; workers share cores if there are too few.
        namespaces: Network namespaces of the workers, with the addresses 10.9.0.1, 10.9.0.2, ...; by default they use the
            loopback interface.
        task: What to measure.
    """
    cores = sorted(os.sched_getaffinity(0))
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("localhost", 0))) for _ in range(workers)]
        addresses = [f"localhost:{each.getsockname()[1]}" for each in sockets]
    if namespaces:
        addresses = [f"10.9.0.{rank + 1}:7000" for rank in range(workers)]
    processes = []
    for rank in range(workers):
        own = [cores[(rank * cores_each + number) % len(cores)] for number in range(cores_each)]
        inside = ["ip", "netns", "exec", namespaces[rank]] if namespaces else []
        argument = json.dumps({**task, "addresses": addresses, "rank": rank, "cores": own})
        processes.append(
            subprocess.Popen(
                [*inside, sys.executable, "-m", "benchmarks.scaling", "--worker", argument], stdout=subprocess.PIPE, text=True
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
    times = f"{1e3 * one['seconds']:8.1f} ms (fastest tenth {1e3 * one['fastest_tenth']:.1f})"
    print(f"{who}  {what}  {times}, {one['bytes']:,.0f} bytes", flush=True)


if __name__ == "__main__":
    main()
