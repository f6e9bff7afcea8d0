"""Benchmark of a mixture of models that differ in their random seeds: its held-out score and each model's.

    python -m benchmarks.ensemble TEXT [--preset quick] [--random-seeds 1 2 3] [--json]

Each model is trained by `charlstm train` in a process of its own, one after the other; nothing else should run. The score is in
nats per character with the state carried, as in benchmarks.recipes.
"""

import argparse
import json
import tempfile

from benchmarks.recipes import command


def main() -> None:
    """Print the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text")
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--random-seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--settings", default="", help="further options of the trainings, in one string")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    seeds = arguments.random_seeds
    scores: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        where = ("--checkpoints", folder)
        for seed in seeds:
            options = ("--preset", arguments.preset, "--random-seed", str(seed), *arguments.settings.split())
            command("train", arguments.text, "--name", f"seed-{seed}", *options, *where)
            scores[f"random seed {seed}"] = score("--checkpoint", f"seed-{seed}", "--corpus", arguments.text, *where)
        for number in range(2, len(seeds) + 1):
            mixed = [part for seed in seeds[1:number] for part in ("--mix", f"seed-{seed}:{1 / number}")]
            chosen = ("--checkpoint", f"seed-{seeds[0]}", *mixed, "--corpus", arguments.text, *where)
            scores[f"{number} models mixed"] = score(*chosen)
    if arguments.json:
        print(json.dumps(scores))
        return
    for name, nats in scores.items():
        print(f"{name:18} {nats:.4f} nats per character")


def score(*arguments: str) -> float:
    """Return the stateful score of `charlstm evaluate`, in nats per character."""
    return float(command("evaluate", *arguments, "--sample", "2")["modes"]["stateful"]["nats_per_char"])


if __name__ == "__main__":
    main()
