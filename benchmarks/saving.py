"""Benchmark of saving a training state for resume: seconds, bytes, and fraction of the training time.

For the network of each preset, the state of a trainer is copied, written with its manifest, flushed to disk and read back.
Training does this once a minute, or less often if it would take more than 2 % of the time.

    python -m benchmarks.saving [--folder FOLDER] [--rounds 9] [--json]
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.interleave import summary

CHARACTERS = 65
PAUSE = 60.0


def measure(preset: Any, folder: Path, rounds: int) -> dict[str, Any]:
    """Save the training state of a preset ``rounds`` times and return its size and times."""
    from charlstm.checkpoint.state_files import write_state
    from charlstm.checkpoint.training_state import TrainingProgress, TrainingState
    from charlstm.config import ModelConfig, TrainingConfig
    from charlstm.planning.presets import PRESETS
    from charlstm.training.trainer import Trainer

    recipe = PRESETS[preset]
    model = ModelConfig(vocabulary_size=CHARACTERS, units=recipe["units"], seq_len=recipe["seq_len"])
    trainer = Trainer(model, TrainingConfig(batch_size=recipe["batch_size"], weight_average=recipe["weight_average"]))
    progress = TrainingProgress(
        steps=0, seconds=0.0, loss_sum=0.0, loss_count=0, poor=0, halvings=0, began=0.0,
        paths=("-",), text_encoding="utf-8", surroundings={},
    )  # fmt: skip
    seconds = []
    with tempfile.TemporaryDirectory(dir=folder) as name:
        for _ in range(rounds):
            began = time.perf_counter()
            state = TrainingState(arrays=trainer.snapshot(), best=trainer.weights(), history=(), progress=progress)
            write_state(Path(name), state)
            seconds.append(time.perf_counter() - began)
        size = max(path.stat().st_size for path in Path(name, "resume").iterdir())
    typical = statistics.median(seconds)
    return {"preset": preset, "bytes": size, **summary(seconds), "share": typical / max(PAUSE, typical / 0.02)}


def main() -> None:
    """Run the benchmark and print the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(), help="folder on the disk to measure")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = [measure(preset, arguments.folder, arguments.rounds) for preset in ("quick", "standard", "best")]
    if arguments.json:
        print(json.dumps({"saving": found}, indent=2))
        return
    for one in found:
        print(
            f"{one['preset']:>9}: {one['bytes'] / 1e6:5.1f} MB in {one['milliseconds']:.0f} ms "
            f"({one['fastest']:.0f}-{one['slowest']:.0f}), {one['share']:.2%} of the time"
        )


if __name__ == "__main__":
    main()
