"""Benchmark of distributed training over a slow network, against the cost model of docs/guides/several-machines.md.

Each worker is in a network namespace. They are connected by a router in this process, which delays every packet and limits the
rate of each worker, as ``tc netem`` does where the kernel has it. Needs root, ``ip`` (Debian: iproute2) and /dev/net/tun.

    python -m benchmarks.network [--workers 2 3 4] [--units 128] [--delay 1] [--rate 1] [--json]
"""

import argparse
import fcntl
import heapq
import json
import os
import select
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Any

from benchmarks.scaling import measure

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
MTU = 9_000
FLOATS = (1_000, 100_000, 1_000_000)


def step_seconds(alone: float, workers: int, parameters: int, latency: float, bandwidth: float, overhead: float) -> float:
    """Return the model's seconds of a step.

    Args:
        alone: Seconds of the same step by one worker.
        workers: Number of workers, W.
        parameters: Number of parameters, P, each of 4 bytes.
        latency: Seconds of each of the 2 (W - 1) stages of the ring.
        bandwidth: Bytes per second of each worker.
        overhead: Seconds around the exchange.
    """
    others = workers - 1
    return alone / workers + 2 * others * latency + 8 * parameters * others / (workers * bandwidth) + overhead


def run_ip(*arguments: str) -> None:
    """Run ``ip``."""
    subprocess.run(["ip", *arguments], check=True)


@contextmanager
def network(workers: int, delay: float, rate: float) -> Iterator[list[str]]:
    """Create a namespace for each worker, with the addresses 10.9.0.1, 10.9.0.2, ...; yield their names.

    Args:
        workers: Number of workers.
        delay: Seconds from one worker to another.
        rate: Bytes per second that each worker can send.
    """
    names = [f"charlstm{rank}" for rank in range(workers)]
    with ExitStack() as stack:
        devices = []
        for rank, name in enumerate(names):
            device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            stack.callback(os.close, device)
            fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
            devices.append(device)
            run_ip("netns", "add", name)
            stack.callback(run_ip, "netns", "del", name)
            run_ip("link", "set", name, "netns", name)
            run_ip("-n", name, "addr", "add", f"10.9.0.{rank + 1}/24", "dev", name)
            run_ip("-n", name, "link", "set", name, "mtu", str(MTU), "txqueuelen", "10000", "up")
            run_ip("-n", name, "link", "set", "lo", "up")
        ended = threading.Event()
        router = threading.Thread(target=forward, args=(devices, delay, rate, ended))
        router.start()
        stack.callback(router.join)
        stack.callback(ended.set)
        yield names


def forward(devices: list[int], delay: float, rate: float, ended: threading.Event) -> None:
    """Forward packets between devices, late and at a limited rate, until ``ended`` is set."""
    free = dict.fromkeys(devices, 0.0)  # when a worker has sent what it was given
    waiting: list[tuple[float, int, int, bytes]] = []
    order = count()
    while not ended.is_set():
        pause = max(0.0, waiting[0][0] - time.perf_counter()) if waiting else 0.05
        for device in select.select(devices, [], [], pause)[0]:
            packet = os.read(device, 1 << 16)
            free[device] = max(free[device], time.perf_counter()) + len(packet) / rate
            if packet[0] >> 4 == 4 and packet[16:19] == bytes((10, 9, 0)) and packet[19] <= len(devices):
                heapq.heappush(waiting, (free[device] + delay, next(order), devices[packet[19] - 1], packet))
        while waiting and waiting[0][0] <= time.perf_counter():
            _, _, device, packet = heapq.heappop(waiting)
            os.write(device, packet)


def main() -> None:
    """Run the benchmark and print the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, nargs="*", default=[2, 3, 4])
    parser.add_argument("--units", type=int, nargs="*", default=[128])
    parser.add_argument("--floats", type=int, nargs="*", default=FLOATS)
    parser.add_argument("--delay", type=float, default=1.0, help="milliseconds")
    parser.add_argument("--rate", type=float, default=1.0, help="gigabits per second")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    common = {"steps": arguments.steps, "rounds": arguments.rounds, "precision": "float32", "batch": 48}
    found: list[dict[str, Any]] = []
    for workers in arguments.workers:
        with network(workers, arguments.delay / 1e3, arguments.rate * 1e9 / 8) as names:
            for task in (
                *({"what": "exchange", "floats": floats} for floats in arguments.floats),
                *({"what": "training", "units": units} for units in arguments.units),
            ):
                found.append(measure(workers, 1, namespaces=names, **task, **common))
                if not arguments.json:
                    what = f"all-reduce of {task['floats']:,}" if "floats" in task else f"a step of 1 x {task['units']}"
                    print(f"{workers} workers, {what}: {1e3 * found[-1]['seconds']:.1f} ms", end=" ")
                    print(f"(fastest tenth {1e3 * found[-1]['fastest_tenth']:.1f})", flush=True)
    if arguments.json:
        print(json.dumps({"network": found}, indent=2))


if __name__ == "__main__":
    main()
