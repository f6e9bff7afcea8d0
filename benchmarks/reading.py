"""Benchmark of reading a corpus: throughput and peak memory.

Each text is read in a process of its own, on one core, by charlstm and by the code of a tutorial: read the file, build a
dictionary, look up every character. Memory is the increase of the process's peak, as a multiple of the file plus its ids.

    python -m benchmarks.reading [--megabytes 100] [--json]
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DATA = Path(__file__).parent.parent / "data"
TEXTS = {"ASCII": DATA / "ferry-year.txt", "Chinese": DATA / "liu-du.txt"}


def read_tutorial(path: str) -> tuple[int, int]:
    """Read a text as the tutorials do and return its number of characters and the bytes of its ids."""
    import numpy as np

    text = Path(path).read_text(encoding="utf-8")
    places = {character: place for place, character in enumerate(sorted(set(text)))}
    ids = np.array([places[character] for character in text])
    return len(ids), ids.nbytes


def read_charlstm(path: str) -> tuple[int, int]:
    """Read a text with charlstm and return its number of characters and the bytes of its ids."""
    from charlstm.text.corpus import read_corpus

    ids = read_corpus([path]).ids
    return len(ids), ids.nbytes


def measure(reader: str, path: str) -> None:
    """Read a text in this process and print its throughput and peak memory."""
    import numpy as np

    import charlstm.text.corpus  # noqa: F401 (import it before the measurement)

    np.zeros(1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    characters, id_bytes = {"tutorial": read_tutorial, "ours": read_charlstm}[reader](path)
    seconds = time.perf_counter() - began
    peak = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    size = Path(path).stat().st_size
    print(
        json.dumps(
            {
                "characters": characters,
                "megabytes_per_second": size / 1e6 / seconds,
                "peak_over_file_and_ids": peak / (size + id_bytes),
                "peak_over_file": peak / size,
            }
        )
    )


def write_long_text(source: Path, target: Path, size: int) -> None:
    """Write a text of at least ``size`` bytes: the lines of the source, shuffled again and again."""
    lines = source.read_text(encoding="utf-8").splitlines(keepends=True)
    shuffle = random.Random(0)
    with target.open("w", encoding="utf-8") as file:
        while file.tell() < size:
            shuffle.shuffle(lines)
            file.writelines(lines)


def main() -> None:
    """Run the benchmark and print the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--measure", nargs=2, metavar=("READER", "PATH"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(*arguments.measure)
        return
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for name, source in TEXTS.items():
            path = Path(folder) / f"{name}.txt"
            write_long_text(source, path, arguments.megabytes * 1_000_000)
            for number in range(arguments.repeat):
                for reader in ("ours", "tutorial"):  # interleaved, so that changes in the machine's speed affect both
                    command = [sys.executable, "-m", "benchmarks.reading", "--measure", reader, str(path)]
                    measured = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                    results.append({"text": name, "reader": reader, "run": number, **measured})
                    if not arguments.json:
                        print(
                            f"{name:8} {reader:9} {measured['megabytes_per_second']:7.0f} MB/s   "
                            f"peak {measured['peak_over_file_and_ids']:.2f} x (file + ids), "
                            f"{measured['peak_over_file']:.2f} x file"
                        )
    if arguments.json:
        print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
