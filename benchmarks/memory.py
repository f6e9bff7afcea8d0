"""Benchmark of the peak memory of training against its estimate (``charlstm/planning/memory_estimate.py``).

Each vocabulary size runs a short training with an evaluation and saves, in a process of its own.

    python -m benchmarks.memory [--vocabulary 65 2000 20000] [--set units=256 batch_size=32 ...] [--json]
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

START: dict[str, Any] = {"units": [256], "seq_len": 32, "batch_size": 16, "evaluations": 1, "steps": 4}


def measure(vocabulary: int, settings: dict[str, Any]) -> dict[str, Any]:
    """Train for ``settings["steps"]`` steps in this process and compare the peak memory with the estimate."""
    from charlstm.machine import cores
    from charlstm.planning.memory_estimate import estimate_memory
    from charlstm.planning.training_plan import plan_training

    rows, steps = settings["batch_size"], settings["steps"]
    length = max(4 * vocabulary, rows * settings["seq_len"] * (steps + 1), 20_000)
    ids = np.random.default_rng(0).integers(0, vocabulary, length)
    ids[:vocabulary] = np.arange(vocabulary)
    given = {name: tuple(value) if name == "units" else value for name, value in settings.items() if name != "steps"}
    given["epochs"] = steps * rows * settings["seq_len"] / (0.9 * length)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text.txt"
        path.write_text("".join(chr(0x4E00 + number) for number in ids))
        plan = plan_training(Path(folder) / "checkpoints", [str(path)], given, preset="standard", created="2026-01-01")

        from charlstm.training.run import train

        for _ in train(plan, clock=lambda: 0.0, started=0.0, should_stop=lambda: False):
            pass
    estimate = estimate_memory(plan.config.model, plan.config.training, length, cores=cores())
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "vocabulary": vocabulary,
        "measured": peak,
        "estimate": estimate.peak,
        "ratio": estimate.peak / peak,
        "parts": vars(estimate),
    }


def main() -> None:
    """Run the benchmark and print the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vocabulary", type=int, nargs="+", default=[65, 2_000, 20_000])
    parser.add_argument("--set", nargs="*", default=[], metavar="SETTING=JSON")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    settings = START | {name: json.loads(value) for name, _, value in (each.partition("=") for each in arguments.set)}
    if arguments.measure:
        print(json.dumps(measure(arguments.measure, settings)))
        return
    results = []
    for vocabulary in arguments.vocabulary:
        command = [sys.executable, "-m", "benchmarks.memory", "--measure", str(vocabulary)]
        options = ["--set", *arguments.set] if arguments.set else []
        output = subprocess.run([*command, *options], check=True, stdout=subprocess.PIPE, text=True).stdout
        results.append(json.loads(output))
        if not arguments.json:
            print(
                f"{vocabulary:7,} characters: {results[-1]['measured'] / 1e9:.2f} GB, estimated "
                f"{results[-1]['estimate'] / 1e9:.2f} GB ({results[-1]['ratio']:.2f})"
            )
    if arguments.json:
        print(json.dumps({"memory": results}, indent=2))


if __name__ == "__main__":
    main()
