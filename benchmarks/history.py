"""Benchmark of comparing many training runs: seconds of the processor to read them and to write each kind of result.

The runs are copies of a checkpoint with the most points that a run can have and ten evaluations, each with scores of its own.

    python -m benchmarks.history [--runs 100] [--json]
"""

import argparse
import json
import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from charlstm.checkpoint.config_file import read_config, write_config
from charlstm.checkpoint.history import HistoryEntry, write_history
from charlstm.checkpoint.points import MOST, Point, PointsHeader, TrainingCurves, write_points
from charlstm.evaluation.run_history import compare_runs
from charlstm.report.history_page import history_page
from charlstm.report.history_plots import history_image

FERRY = Path(__file__).parent.parent / "checkpoints" / "ferry"
STEPS, EVALUATIONS = 100 * (MOST - 1), 10


def make_runs(folder: Path, number: int) -> list[Path]:
    """Make the checkpoints of runs; return their folders."""
    config = read_config(FERRY)
    for run in range(number):
        (place := folder / f"run-{run}").mkdir()
        model = replace(config.model, dropout=run / number)
        write_config(place, replace(config, model=model))
        fractions = [evaluation / EVALUATIONS for evaluation in range(1, EVALUATIONS + 1)]
        entries = [
            HistoryEntry(
                step=round(STEPS * part), epoch=60 * part, seconds=3_000 * part, learning_rate=0.002 * (1 - part),
                train_nats_per_char=1 + math.exp(-5 * part), nats_per_char=1.2 + math.exp(-4 * part) + run / 1_000, best=True,
            )
            for part in fractions
        ]  # fmt: skip
        write_history(place, entries)
        points = tuple(
            Point(
                step=step, epoch=60 * step / STEPS, seconds=3_000 * step / STEPS, learning_rate=0.002 * (1 - step / STEPS),
                train_nats_per_char=1 + math.exp(-5 * step / STEPS), gradient_norm=0.5 + run / 99, characters_per_second=3e4,
            )
            for step in range(100, STEPS + 1, 100)
        )  # fmt: skip
        write_points(place, TrainingCurves(header=PointsHeader(every=100, unigram_nats_per_char=3.1), points=points))
    return sorted(folder.iterdir())


def seconds(work: Callable[[], object]) -> dict[str, float]:
    """Return the seconds of the processor and of the clock that a piece of work takes."""
    began, clock = time.process_time(), time.perf_counter()
    work()
    return {"processor": time.process_time() - began, "clock": time.perf_counter() - clock}


def main() -> None:
    """Run the benchmark and print the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = make_runs(Path(folder), arguments.runs)
        found = compare_runs(runs)
        works: dict[str, Callable[[], object]] = {
            "reading": lambda: compare_runs(runs),
            "page": lambda: history_page(found),
            "image": lambda: history_image(found, ".png"),
            "JSON": lambda: json.dumps(found.to_dict()),
        }
        results = {name: seconds(work) for name, work in works.items()}
    if arguments.json:
        print(json.dumps({"runs": arguments.runs, "seconds": results}, indent=2))
        return
    print(f"{arguments.runs} runs of {MOST - 1:,} points")
    for name, found_seconds in results.items():
        print(f"{name:8} {found_seconds['processor']:6.2f} s of the processor, {found_seconds['clock']:6.2f} s")


if __name__ == "__main__":
    main()
