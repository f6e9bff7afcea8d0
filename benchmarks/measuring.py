"""Benchmark of evaluation time by network size, and of the search for copied passages by corpus size.

Each search runs in a process of its own, so that its peak memory can be measured. The corpus consists of random pieces of the
shipped text. The searched text consists of shuffled short pieces and one copied passage of 60 characters.

    python -m benchmarks.measuring [--megabytes 1,10,100] [--json]
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from charlstm.config import ModelConfig
from charlstm.evaluation.novelty import novelty
from charlstm.evaluation.scores import context_lengths, evaluate, sampled_starts
from charlstm.inference.network import build_network
from charlstm.text.corpus import read_corpus

DATA = Path(__file__).parent.parent / "data" / "ferry-year.txt"


def evaluation_seconds(units: tuple[int, ...], characters: int) -> float:
    """Return the seconds that ``charlstm evaluate`` takes for random weights on a random text."""
    config = ModelConfig(vocabulary_size=65, seq_len=100, units=units)
    random = np.random.default_rng(0)
    weights = {name: random.normal(0, 0.05, shape).astype(np.float32) for name, shape in config.weight_shapes.items()}
    network, ids = build_network(config, weights), random.integers(0, 65, characters).astype(np.uint8)
    began = time.perf_counter()
    evaluate(network, ids, sampled_starts(characters, 1_000, 0), context_lengths(100, characters))
    return time.perf_counter() - began


def search(megabytes: int) -> None:
    """Search in this process, then print the seconds, the peak memory and the longest copy."""
    ids, random = read_corpus([DATA]).ids, np.random.default_rng(0)
    corpus = np.concatenate([ids[start : start + 5_000] for start in random.integers(0, len(ids) - 5_000, megabytes * 200)])
    text = np.concatenate([ids[start : start + 7] for start in random.integers(0, len(ids) - 7, 140)])
    text[400:460] = corpus[len(corpus) // 2 : len(corpus) // 2 + 60]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    found = novelty(text, corpus)
    seconds = time.perf_counter() - began
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    copied = found.longest.length if found.longest else 0
    print(json.dumps({"seconds": seconds, "peak_megabytes": peak, "longest_copy": copied}))


def main() -> None:
    """Run the benchmark and print the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--characters", type=int, default=100_000, help="length of the evaluated text")
    parser.add_argument("--megabytes", default="1,10,100")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--search", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.search:
        search(arguments.search)
        return
    sizes = [(128,), (256,), (512, 512)]
    evaluations = {" + ".join(map(str, units)): evaluation_seconds(units, arguments.characters) for units in sizes}
    searches = {}
    for megabytes in arguments.megabytes.split(","):
        command = [sys.executable, "-m", "benchmarks.measuring", "--search", megabytes]
        searches[megabytes] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    if arguments.json:
        print(json.dumps({"evaluation_seconds": evaluations, "search": searches}, indent=2))
        return
    for units, seconds in evaluations.items():
        print(f"evaluate {arguments.characters:,} characters, LSTM {units:10} {seconds:6.1f} s")
    for megabytes, found in searches.items():
        print(f"search {megabytes:>4} MB   {found['seconds']:6.2f} s   {found['peak_megabytes']:.0f} MB above the corpus")


if __name__ == "__main__":
    main()
