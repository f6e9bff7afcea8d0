"""Interleaved timing of several candidates, each in a process of its own.

Interleaving spreads changes in the machine's speed over all candidates, and separate processes keep their threads, settings and
memory apart. A candidate is a function that returns a function doing one unit of work. A turn consists of several units of
work; only the units are timed.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Work = Callable[[], object]
_PAUSE = 0.2  # seconds between turns, so that the threads of the previous candidate become idle
_TURN = 0.4  # least seconds of a turn: after a pause, caches are cold and the clock frequency is low


class Candidate:
    """Process of a candidate, started on construction."""

    def __init__(self, module: str, name: str, options: Mapping[str, Any], folder: Path | None = None) -> None:
        """Start ``python -m module --turns NAME OPTIONS``, with the source code in ``folder`` if one is given."""
        command = [sys.executable, "-m", module, "--turns", name, json.dumps(options)]
        self._command = command
        environment = {**os.environ, **({"PYTHONPATH": str(folder.absolute())} if folder else {})}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder, env=environment
        )
        self._request()

    def turn(self, units: int) -> float:
        """Run ``units`` units of work and return the mean seconds per unit."""
        return float(self._request(f"{units}\n"))

    def end(self) -> None:
        """End the process."""
        self._process.communicate()

    def _request(self, line: str = "") -> str:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(line)
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"benchmark process ended early, exit code {self._process.wait()}: {' '.join(self._command)}")
        return answer


def serve(candidates: Mapping[str, Callable[..., Work]], name: str, options: str) -> None:
    """Run as a candidate's process: for each number of units on standard input, do one turn and print its seconds per unit."""
    work = candidates[name](**json.loads(options))
    print("ready", flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        for _ in range(int(line)):
            work()
        print((time.perf_counter() - began) / int(line), flush=True)


def time_interleaved(
    module: str, candidates: Mapping[str, tuple[str, Mapping[str, Any]]], rounds: int, folders: Mapping[str, Path] | None = None
) -> dict[str, list[float]]:
    """Return the seconds per unit of work of each candidate, one value per turn.

    Args:
        module: Module of the candidates, which calls :func:`serve` for ``--turns``.
        candidates: Label of each candidate -> its name in the module and its options.
        rounds: Number of timed turns of each candidate, after two warm-up turns.
        folders: The source code of some candidates, by label, if it is not this one.
    """
    folders = folders or {}
    processes = {label: Candidate(module, name, options, folders.get(label)) for label, (name, options) in candidates.items()}
    seconds: dict[str, list[float]] = {label: [] for label in candidates}
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
    """Return the median, minimum and maximum in milliseconds."""
    return {
        "milliseconds": 1e3 * statistics.median(seconds),
        "fastest": 1e3 * min(seconds),
        "slowest": 1e3 * max(seconds),
    }
