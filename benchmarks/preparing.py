"""Benchmark of preparing a corpus: throughput, peak memory, and the time to open what was prepared.

Each text is prepared in a process of its own, as a plain file and compressed, and read twice as ``charlstm train`` reads files,
in turns. The time is the processor's, so that other programs on the machine do not count. Memory is the increase of the
process's peak.

    python -m benchmarks.preparing [--megabytes 500] [--repeat 1] [--json]
"""

import argparse
import gzip
import json
import lzma
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.reading import TEXTS, write_long_text

PACKED_BYTES = 50_000_000
"""Bytes of text in a compressed file; packing more takes longer than reading it."""


def measure(task: str, path: str, folder: str) -> None:
    """Do one task in this process, and print its time and peak memory."""
    import charlstm.text.preparation  # noqa: F401 (import it before the measurement)
    from charlstm.text.corpus import read_corpus
    from charlstm.text.preparation import prepare_corpus

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    if task == "read":
        corpus = read_corpus(path)
    elif task == "open":
        corpus = read_corpus(folder)
    else:
        corpus = prepare_corpus(path, folder)
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(json.dumps({"characters": len(corpus.ids), "seconds": seconds, "peak_megabytes": peak * 1024 / 1e6}))


def run(task: str, path: Path, folder: Path) -> dict[str, float]:
    """Do one task in a process of its own."""
    if task == "prepare":
        shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "benchmarks.preparing", "--measure", task, str(path), str(folder)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def write_packed(source: Path, folder: Path) -> list[Path]:
    """Write the beginning of a text compressed in two ways."""
    with source.open("rb") as file:
        text = file.read(PACKED_BYTES)
    text = text[: text.rindex(b"\n")]
    gz, xz = folder / f"{source.name}.gz", folder / f"{source.name}.xz"
    gz.write_bytes(gzip.compress(text, 6))
    xz.write_bytes(lzma.compress(text, preset=1))
    return [gz, xz]


def main() -> None:
    """Run the benchmark and print the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--measure", nargs=3, metavar=("TASK", "PATH", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(*arguments.measure)
        return
    results = []
    with tempfile.TemporaryDirectory() as place:
        for name, source in TEXTS.items():
            text, folder = Path(place) / f"{name}.txt", Path(place) / "prepared"
            write_long_text(source, text, arguments.megabytes * 1_000_000)
            files = [(text, "prepare"), (text, "open"), (text, "read")]
            files += [(packed, "prepare") for packed in write_packed(text, Path(place))]
            for number in range(arguments.repeat):
                for path, task in files:
                    size = min(text.stat().st_size, PACKED_BYTES) if path != text else text.stat().st_size
                    found = run(task, path, folder)
                    row = {"text": name, "file": path.name, "task": task, "run": number, **found}
                    row["megabytes_per_second"] = size / 1e6 / found["seconds"]
                    results.append(row)
                    if not arguments.json:
                        print(
                            f"{path.name:14} {task:8} {found['seconds']:8.3f} s {row['megabytes_per_second']:9.0f} MB/s "
                            f"  peak + {found['peak_megabytes']:.0f} MB",
                            flush=True,
                        )
    if arguments.json:
        print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
