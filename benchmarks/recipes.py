"""Benchmark of the presets within their time budgets, on any text.

Each training runs `charlstm train TEXT --preset P --random-seed S` in a process of its own. `charlstm evaluate` then measures
the model on the held-out text, in nats per character. The stateful score is one full pass with the state carried. The stateless
score starts from the zero state a window before each character; its difference from the first is estimated at 1,000 places.
--dynamic adds dynamic evaluation.

    python -m benchmarks.recipes [TEXT ...] [--presets quick standard best] [--random-seeds 1 2 3] [--dynamic best]
                                 [--minutes M] [--results FILE.jsonl] [--json]

The whole benchmark takes hours, and nothing else should run at the same time. --results appends each finished run to a file;
runs found there with the same text, code, machine and versions are not repeated. The preset `classic` is accepted too. It
trains for 20 epochs, which takes hours, unless --minutes limits it.
"""

import argparse
import hashlib
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import charlstm
from charlstm.planning.environment import environment_record

PROTOCOL = (
    "Protocol: the last 10 % of the text (200,000 characters at the most) are held out; nats per character there in one full "
    "pass with the state carried, weights of the best evaluation; seconds from the start of the command to its end. Stateless: "
    "each character after a window of the model from a zero state; ± is its standard error."
)
Run = dict[str, Any]


def command(*arguments: str) -> Run:
    """Run ``charlstm ... --json`` and return its output."""
    done = subprocess.run([sys.executable, "-m", "charlstm", *arguments, "--json"], check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"charlstm {' '.join(arguments)}: {done.stderr}")
    answer: Run = json.loads(done.stdout)
    return answer


def one_run(text: str, preset: str, random_seed: int, dynamic: bool, minutes: float | None) -> Run:
    """Train and evaluate one model."""
    budget = [] if minutes is None else ["--minutes", str(minutes)]
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = ("--checkpoints", folder)
        began = time.perf_counter()
        trained = command("train", text, "--preset", preset, "--random-seed", str(random_seed), *budget, *checkpoints)
        seconds = time.perf_counter() - began
        measured = command("evaluate", "--corpus", text, *checkpoints, *["--dynamic"] * dynamic)
        history = Path(folder, trained["checkpoint"], "history.jsonl").read_text().splitlines()
        config = json.loads(Path(folder, trained["checkpoint"], "config.json").read_text())
    return {
        **run_key(text, preset, random_seed, minutes),
        "seconds": seconds,
        "steps": trained["steps"],
        "epochs": json.loads(history[-1])["epoch"],
        "parameters": trained["parameters"],
        "stateful": trained["nats_per_char"],
        "stateless": measured["modes"]["stateless"]["nats_per_char"],
        "stateless_error": measured["modes"]["stateless"]["standard_error_nats"],
        "window": measured["window"],
        "dynamic": measured["dynamic"] and measured["dynamic"]["nats_per_char"],
        "model": config["model"],
        "training": config["training"],
    }


def run_key(text: str, preset: str, random_seed: int, minutes: float | None) -> Run:
    """Return the values that identify a run: runs with equal values are not repeated."""
    return {
        "text": Path(text).name,
        "sha256": hashlib.sha256(Path(text).read_bytes()).hexdigest(),
        "preset": preset,
        "random_seed": random_seed,
        "minutes": minutes,
        "machine": machine(),
        "code": code(),
    }


@cache
def machine() -> str:
    """Describe the machine and the versions that the figures depend on."""
    now = environment_record()
    versions = ", ".join(f"{name} {now[name]}" for name in ("tensorflow", "keras", "numpy", "charlstm"))
    return f"{now['cores']} cores, {now['processor']}, Python {platform.python_version()}, {versions}"


@cache
def code() -> str:
    """Return the first 12 digits of the SHA-256 of the package's code: a preset can change within a version."""
    root = Path(charlstm.__file__).parent
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(root.rglob("*.py")))).hexdigest()[:12]


def mean_and_range(values: list[float | None]) -> str:
    """Format the mean and the range."""
    known = [value for value in values if value is not None]
    return f"{statistics.mean(known):.4f} ({min(known):.4f}-{max(known):.4f})" if known else "-"


def table(runs: list[Run]) -> str:
    """Format a Markdown table with a row for each text and preset: means and ranges over the random seeds."""
    lines = [
        "| text | preset | runs | seconds | passes | parameters | stateful | stateless | dynamic |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for sha256, preset, minutes in dict.fromkeys((run["sha256"], run["preset"], run["minutes"]) for run in runs):
        same = [run for run in runs if (run["sha256"], run["preset"], run["minutes"]) == (sha256, preset, minutes)]
        seconds, epochs = (statistics.mean(run[key] for run in same) for key in ("seconds", "epochs"))
        stateful, stateless, dynamic = (
            mean_and_range([run[key] for run in same]) for key in ("stateful", "stateless", "dynamic")
        )
        error = max(run["stateless_error"] for run in same)
        cells = f"{len(same)} | {seconds:,.0f} | {epochs:.1f} | {same[0]['parameters']:,} | {stateful}"
        cells += f" | {stateless} ± {error:.4f} | {dynamic}"
        name = f"`{preset}`" if minutes is None else f"`{preset}`, {minutes:g} minutes"
        lines.append(f"| {same[0]['text']} | {name} | {cells} |")
    return "\n".join(lines)


def main() -> None:
    """Run the benchmark and print the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", nargs="*", default=["data/ferry-year.txt"])
    parser.add_argument("--presets", nargs="+", default=["quick", "standard", "best"])
    parser.add_argument("--random-seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--dynamic", nargs="*", default=["best"], help="presets that are also scored by dynamic evaluation")
    parser.add_argument("--minutes", type=float, help="time budget, instead of the preset's")
    parser.add_argument("--results", type=Path)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    kept = arguments.results.read_text().splitlines() if arguments.results and arguments.results.exists() else []
    before: list[Run] = [json.loads(line) for line in kept]
    runs: list[Run] = []
    if not arguments.json:
        print(machine(), PROTOCOL, sep="\n")
    for text, preset, seed in product(arguments.texts, arguments.presets, arguments.random_seeds):
        key, dynamic = run_key(text, preset, seed, arguments.minutes), preset in arguments.dynamic
        stored = [run for run in before if key.items() <= run.items() and (run["dynamic"] or not dynamic)]
        run = stored[-1] if stored else one_run(text, preset, seed, dynamic, arguments.minutes)
        runs.append(run)
        if arguments.results and not stored:
            with arguments.results.open("a") as file:
                file.write(json.dumps(run) + "\n")
        if not arguments.json:
            print(json.dumps(run), flush=True)
    print(json.dumps({"machine": machine(), "protocol": PROTOCOL, "runs": runs}, indent=2) if arguments.json else table(runs))


if __name__ == "__main__":
    main()
