"""Rivals that take turns, each in a process of its own.

So the machine's moods meet all of them alike, and nobody's threads, settings or memory are another's. A rival is a function
that makes a function that does one unit of work; a turn is some of them, and only that is timed.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

Work = Callable[[], object]
_PAUSE = 0.2  # seconds between turns, in which the threads of the last one come to rest
_TURN = 0.4  # seconds that a turn should take at least: after a pause, caches and clocks are cold


class Rival:
    """A rival's process, started at once and ready when its first turn is."""

    def __init__(self, module: str, name: str, options: Mapping[str, Any]) -> None:
        """Start ``python -m module --turns NAME OPTIONS``."""
        command = [sys.executable, "-m", module, "--turns", name, json.dumps(options)]
        self._command = command
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._say()

    def turn(self, units: int) -> float:
        """Seconds that a unit of work took, on average."""
        return float(self._say(f"{units}\n"))

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
            raise SystemExit(f"a rival ended early, with code {self._process.wait()}: {' '.join(self._command)}")
        return answer


def serve(rivals: Mapping[str, Callable[..., Work]], name: str, options: str) -> None:
    """Be a rival: every line of standard input is a number of units, the work of one turn."""
    work = rivals[name](**json.loads(options))
    print("ready", flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        for _ in range(int(line)):
            work()
        print((time.perf_counter() - began) / int(line), flush=True)


def take_turns(module: str, rivals: Mapping[str, tuple[str, Mapping[str, Any]]], rounds: int) -> dict[str, list[float]]:
    """Seconds that a unit of work took, in every turn of every rival.

    Args:
        module: Where the rivals are; it answers ``--turns`` with :func:`serve`.
        rivals: A label of each, its name in the module and its options.
        rounds: Turns of each that are counted; two come before them.
    """
    processes = {label: Rival(module, name, options) for label, (name, options) in rivals.items()}
    seconds: dict[str, list[float]] = {label: [] for label in rivals}
    units = {}
    for label, process in processes.items():
        process.turn(1)
        units[label] = max(1, round(_TURN / process.turn(1)))
    for _ in range(rounds):
        for label, process in processes.items():
            time.sleep(_PAUSE)
            seconds[label].append(process.turn(units[label]))
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
