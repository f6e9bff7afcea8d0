"""Effect of gradients in bfloat16 on the score: two workers train with and without, for several random seeds.

python -m benchmarks.gradient_precision corpus.txt [--seeds 0 1 2] [--json] [SETTINGS OF charlstm train]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path


def score(corpus: Path, precision: str, seed: int, settings: list[str]) -> float:
    """Train with two workers; return the nats per character of the held-out text."""
    with tempfile.TemporaryDirectory() as folder:
        launch = [
            sys.executable,
            "-m",
            "charlstm",
            "launch",
            "--restarts",
            "0",
            "--",
            "train",
            str(corpus),
            "--json",
            *settings,
        ]
        launch += ["--name", "model", "--checkpoints", folder, "--random-seed", str(seed), "--gradient-precision", precision]
        done = subprocess.run(launch, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return float(json.loads(done.stdout)["nats_per_char"])


def main() -> None:
    """Run the benchmark and print the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--json", action="store_true")
    arguments, settings = parser.parse_known_args()
    found = []
    for seed in arguments.seeds:
        scores = {precision: score(arguments.corpus, precision, seed, settings) for precision in ("float32", "bfloat16")}
        found.append({"seed": seed, **scores})
        if not arguments.json:
            print(f"seed {seed}: float32 {scores['float32']:.5f}, bfloat16 {scores['bfloat16']:.5f} nats/char", flush=True)
    differences = [each["bfloat16"] - each["float32"] for each in found]
    if arguments.json:
        print(json.dumps({"gradient_precision": found}, indent=2))
    else:
        print(f"bfloat16 minus float32: mean {statistics.mean(differences):+.5f}")


if __name__ == "__main__":
    main()
