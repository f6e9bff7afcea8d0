"""Benchmark of cost against the size of the corpus, window, layers, vocabulary and batch.

Each corpus size runs in a process of its own. It reports the time to read the corpus, the additional memory as a multiple of
the file, the time to make a batch, and the time of a training step. The other sizes report the time of a training step.

    python -m benchmarks.growth [--megabytes 1 10 100 1000] [--rounds 7] [--json]
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.interleave import summary, time_interleaved
from benchmarks.reading import TEXTS, write_long_text

START = {"units": [512], "batch": 32, "steps": 64, "precision": "bfloat16"}
AXES: dict[str, list[dict[str, Any]]] = {
    "window": [{"steps": steps} for steps in (16, 32, 64, 128, 256, 512)],
    "units": [{"units": [units]} for units in (64, 128, 256, 512, 1024)],
    "characters": [{"vocabulary": size} for size in (65, 256, 1_000, 2_000, 4_000, 8_000)],
    "batch": [{"batch": rows} for rows in (4, 8, 16, 32, 64, 128)],
}
"""Settings that vary one at a time, starting from ``START``."""


def measure_corpus(path: str) -> dict[str, float]:
    """Measure reading a text and training on it, in this process."""
    import charlstm.text.corpus

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    corpus = charlstm.text.corpus.read_corpus([path])
    reading = time.perf_counter() - began
    memory = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)

    from charlstm.config import ModelConfig, TrainingConfig
    from charlstm.text.batches import batch_source
    from charlstm.training.trainer import Trainer

    model = ModelConfig(vocabulary_size=len(corpus.vocabulary), units=(128,), seq_len=64)
    batches, steps = [], []
    for kind in ("windows", "streams"):
        training = TrainingConfig(batches=kind)
        source, trainer = batch_source(corpus.ids, model, training), Trainer(model, training)
        for number in range(60):
            began = time.perf_counter()
            batch = source.batch(number * 7919)
            middle = time.perf_counter()
            trainer.step(batch, 1e-3)
            if number >= 10:
                batches.append(middle - began)
                steps.append(time.perf_counter() - middle)
    return {
        "reading_seconds": reading,
        "memory_over_file": memory / Path(path).stat().st_size,
        "batch_milliseconds": 1e3 * statistics.median(batches),
        "step_milliseconds": 1e3 * statistics.median(steps),
    }


def main() -> None:
    """Run the benchmark and print the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[1, 10, 100, 1000])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure_corpus(arguments.measure)))
        return
    results: dict[str, Any] = {"corpus": {}}
    with tempfile.TemporaryDirectory() as folder:
        for megabytes in arguments.megabytes:
            path = Path(folder) / "text.txt"
            write_long_text(TEXTS["ASCII"], path, megabytes * 1_000_000)
            command = [sys.executable, "-m", "benchmarks.growth", "--measure", str(path)]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            results["corpus"][megabytes] = found
            if not arguments.json:
                print(f"corpus of {megabytes:5} MB: " + ", ".join(f"{key} {value:.3g}" for key, value in found.items()))
    for axis, variants in AXES.items():
        candidates = {str(*variant.values()): ("charlstm", {**START, **variant}) for variant in variants}
        results[axis] = {
            label: summary(times)
            for label, times in time_interleaved("benchmarks.training", candidates, arguments.rounds).items()
        }
        if not arguments.json:
            for label, found in results[axis].items():
                print(f"{axis:10} {label:>6} {found['milliseconds']:8.1f} ms ({found['fastest']:.1f}-{found['slowest']:.1f})")
    if arguments.json:
        print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
