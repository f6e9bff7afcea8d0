"""Rivals that take turns, each in a process of its own.

So the machine's moods meet all of them alike, and nobody's threads, settings or memory are another's. A rival is a function
that makes a turn, which is a function that does one unit of work; only the turns are timed.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

Turn = Callable[[], object]
_PAUSE = 0.05  # seconds between turns, in which the threads of the last one come to rest


class Rival:
    """A rival's process, started at once and ready when its first turn is."""

    def __init__(self, module: str, name: str, options: Mapping[str, Any]) -> None:
        """Start ``python -m module --turns NAME OPTIONS``."""
        command = [sys.executable, "-m", module, "--turns", name, json.dumps(options)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._say()

    def turn(self) -> float:
        """Seconds that one turn took."""
        return float(self._say("\n"))

    def end(self) -> None:
        """End the process."""
        self._process.communicate()

    def _say(self, line: str = "") -> str:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(line)
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"a rival ended early, with code {self._process.wait()}: {' '.join(map(str, self._process.args))}")
        return answer


def serve(rivals: Mapping[str, Callable[..., Turn]], name: str, options: str) -> None:
    """Be a rival: one timed turn for every line of standard input."""
    turn = rivals[name](**json.loads(options))
    print("ready", flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        turn()
        print(time.perf_counter() - began, flush=True)


def take_turns(
    module: str, rivals: Mapping[str, tuple[str, Mapping[str, Any]]], rounds: int, warm_up: int = 2
) -> dict[str, list[float]]:
    """Seconds of every turn of every rival.

    Args:
        module: Where the rivals are; it answers ``--turns`` with :func:`serve`.
        rivals: A label of each, its name in the module and its options.
        rounds: Turns of each.
        warm_up: Turns before those, which are not counted.
    """
    processes = {label: Rival(module, name, options) for label, (name, options) in rivals.items()}
    seconds: dict[str, list[float]] = {label: [] for label in rivals}
    for number in range(-warm_up, rounds):
        for label, process in processes.items():
            time.sleep(_PAUSE)
            taken = process.turn()
            if number >= 0:
                seconds[label].append(taken)
    for process in processes.values():
        process.end()
    return seconds


def summary(seconds: list[float]) -> dict[str, float]:
    """Median, least and greatest, in milliseconds."""
    return {
        "milliseconds": 1e3 * statistics.median(seconds),
        "fastest": 1e3 * min(seconds),
        "slowest": 1e3 * max(seconds),
    }
