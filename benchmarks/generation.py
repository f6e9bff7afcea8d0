"""Benchmark of text generation: charlstm, a ``model.predict`` loop, a PyTorch step loop, and the ceiling.

Each candidate generates characters and samples them at temperature 0.8. The ceiling of stateful generation is the time of bare
matrix-vector products that read matrices as large as the network's, with the same number of threads. Start-up is the time from
the start of ``charlstm generate`` to the first character on a terminal.

    python -m benchmarks.generation [--size 1x256 ...] [--rounds 5] [--json]

With ``--against FOLDER``, charlstm and the ceiling are timed on one thread, in turns with the charlstm in that
folder: a worktree of an earlier commit, say.
"""

import argparse
import importlib.util
import json
import os
import pty
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.interleave import Work, serve, time_interleaved
from benchmarks.roofline import V
from charlstm.choices import Mode

WINDOW = 100
_RANDOM = np.random.default_rng(0)


def charlstm_loop(units: list[int], mode: Mode, characters: int, samples: int, threads: int | None) -> Work:
    """Return the generation loop of ``charlstm generate``; with ``threads=None``, BLAS chooses the number of threads."""
    from threadpoolctl import ThreadpoolController

    from charlstm.config import ModelConfig
    from charlstm.inference.generation import generate_pieces
    from charlstm.inference.modes import decoder
    from charlstm.inference.network import build_network
    from charlstm.inference.sampling import Sampling
    from charlstm.text.vocabulary import Vocabulary

    config = ModelConfig(vocabulary_size=V, units=tuple(units), seq_len=WINDOW)
    random = np.random.default_rng(0)
    weights = {name: random.normal(0, 0.05, shape).astype(np.float32) for name, shape in config.weight_shapes.items()}
    mode_decoder = decoder(build_network(config, weights), mode)
    vocabulary = Vocabulary("".join(map(chr, range(48, 48 + V))))
    ThreadpoolController().limit(limits=threads)
    seed, random_seeds = "0" * WINDOW, range(samples)
    pieces = generate_pieces(mode_decoder, vocabulary, seed, random_seeds=random_seeds, length=sys.maxsize, sampling=Sampling())
    next(pieces)  # reads the seed text, so that only generation is timed

    def work() -> None:
        for _ in range(characters):
            next(pieces)

    return work


def sample_character(probabilities: Any) -> int:
    """Sample a character id at temperature 0.8, as the tutorials do."""
    logits = np.log(np.maximum(probabilities.astype(np.float64), 1e-30)) / 0.8
    weights = np.exp(logits - logits.max())
    return int(_RANDOM.multinomial(1, weights / weights.sum()).argmax())


def predict(units: list[int], mode: str, characters: int) -> Work:
    """Return the loop of the tutorials, which calls ``model.predict`` for every character."""
    import keras

    stateful = mode == "stateful"
    layers = [
        keras.layers.LSTM(u, return_sequences=number < len(units), stateful=stateful) for number, u in enumerate(units, 1)
    ]
    steps = 1 if stateful else WINDOW
    model = keras.Sequential([keras.Input(batch_shape=(1, steps, 1)), *layers, keras.layers.Dense(V, activation="softmax")])

    def work() -> None:
        window = [0] * steps
        for _ in range(characters):
            x = np.reshape(window, (1, steps, 1)) / V
            window = [*window[1:], sample_character(model.predict(x, verbose=0)[0])]

    return work


def pytorch(units: list[int], characters: int, kind: str, threads: int | None) -> Work:
    """Return a PyTorch loop that carries the state: ``LSTM`` as commonly used, or ``LSTMCell`` without oneDNN."""
    import torch

    if threads:
        torch.set_num_threads(threads)
    cells = [getattr(torch.nn, kind)(d, u) for d, u in pairwise([V, *units])]
    dense = torch.nn.Linear(units[-1], V)
    vectors = torch.eye(V)

    @torch.inference_mode()
    def work() -> None:
        states: list[Any] = [None] * len(units)
        character = 0
        for _ in range(characters):
            y = vectors[character][None]
            for number, cell in enumerate(cells):
                if kind == "LSTM":
                    y, states[number] = cell(y, states[number])
                else:
                    states[number] = cell(y, states[number])
                    y = states[number][0]
            character = int(torch.multinomial(torch.softmax(dense(y[0]) / 0.8, -1), 1))

    def without_onednn() -> None:
        with torch.backends.mkldnn.flags(enabled=False):
            work()

    return work if kind == "LSTM" else without_onednn


def bandwidth(units: list[int], threads: int | None) -> Work:
    """Return 1,000 times the matrix-vector products of a stateful character: they read the same number of bytes."""
    from threadpoolctl import ThreadpoolController

    matrices = [np.ones((4 * u, u), np.float32) for u in units] + [np.ones((4 * u, d), np.float32) for d, u in pairwise(units)]
    ThreadpoolController().limit(limits=threads)

    def work() -> None:
        for _ in range(1000):
            for matrix in matrices:
                matrix @ matrix[0]

    return work


CANDIDATES: dict[str, Callable[..., Work]] = {
    "charlstm": charlstm_loop,
    "predict": predict,
    "pytorch": pytorch,
    "bandwidth": bandwidth,
}


def measure(units: list[int], rounds: int) -> dict[str, float]:
    """Return the characters per second of each candidate for one network size."""
    layers_bytes = 4 * sum(4 * u * (d + u) for d, u in pairwise([0, *units]))
    count = max(100, min(3000, 10**10 // layers_bytes // 10))
    candidates: dict[str, tuple[str, dict[str, Any], int]] = {}
    for threads in (1, None):
        name = "1 thread" if threads else "all threads"
        common = {"units": units, "threads": threads}
        for mode, samples, characters in (("stateful", 1, count), ("stateless", 1, count // 10), ("stateful", 64, count // 10)):
            options = {**common, "mode": mode, "characters": characters, "samples": samples}
            candidates[f"charlstm {mode}, {samples} at once, {name}"] = ("charlstm", options, characters * samples)
        candidates[f"ceiling stateful, {name}"] = ("bandwidth", common, 1000)
    for mode in ("stateful", "stateless"):
        candidates[f"model.predict loop {mode}"] = ("predict", {"units": units, "mode": mode, "characters": 20}, 20)
    if importlib.util.find_spec("torch"):
        for kind in ("LSTM", "LSTMCell"):
            for threads in (1, None):
                options = {"units": units, "characters": 500, "kind": kind, "threads": threads}
                candidates[f"pytorch {kind}, {'1 thread' if threads else 'all threads'}"] = ("pytorch", options, 500)
    seconds = time_interleaved(
        "benchmarks.generation", {label: candidate[:2] for label, candidate in candidates.items()}, rounds
    )
    return {label: candidates[label][2] / statistics.median(times) for label, times in seconds.items()}


def measure_against(units: list[int], rounds: int, folder: Path) -> dict[str, float]:
    """Return the characters per second of this charlstm, of another one, and of the ceiling, and the median ratio in a turn."""
    layers_bytes = 4 * sum(4 * u * (d + u) for d, u in pairwise([0, *units]))
    count = max(100, min(3000, 10**9 // layers_bytes))
    tasks = {
        "stateful, 1 at once": ("stateful", 1, count),
        "stateful, 64 at once": ("stateful", 64, count // 10),
        "stateless, 1 at once": ("stateless", 1, count // 10),
    }
    found: dict[str, float] = {}
    for task, (mode, samples, characters) in tasks.items():
        options = {"units": units, "threads": 1, "mode": mode, "characters": characters, "samples": samples}
        ceiling = {"units": units, "threads": 1}
        candidates = {"this": ("charlstm", options), "that": ("charlstm", options), "ceiling": ("bandwidth", ceiling)}
        seconds = time_interleaved("benchmarks.generation", candidates, rounds, {"that": folder})
        written = characters * samples
        found[f"{task}, this"] = written / statistics.median(seconds["this"])
        found[f"{task}, that"] = written / statistics.median(seconds["that"])
        found[f"{task}, this / that"] = _median_ratio(seconds["that"], seconds["this"])
        if task == "stateful, 1 at once":
            found["ceiling of one"] = 1000 / statistics.median(seconds["ceiling"])
            scaled = [characters / 1000 * time for time in seconds["ceiling"]]
            for name in ("this", "that"):
                found[f"{task}, {name} / ceiling"] = _median_ratio(scaled, seconds[name])
    return found


def _median_ratio(above: list[float], below: list[float]) -> float:
    return statistics.median(first / second for first, second in zip(above, below, strict=True))


def start_up() -> float:
    """Measure the seconds from the start of the command to the first character on a terminal."""
    main, terminal = pty.openpty()
    charlstm = Path(sys.executable).with_name("charlstm")
    began = time.perf_counter()
    with subprocess.Popen([charlstm, "generate", "--no-echo", "--checkpoint", "ferry"], stdout=terminal) as process:
        os.read(main, 1)
        seconds = time.perf_counter() - began
        process.kill()
    os.close(main)
    os.close(terminal)
    return seconds


def main() -> None:
    """Run the benchmark and print the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", nargs="+", default=["1x128", "1x256", "2x512", "3x1024"], help="layers x units")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="folder of another charlstm")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--turns", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.turns:
        serve(CANDIDATES, *arguments.turns)
        return
    sizes = {size: [width] * layers for size in arguments.size for layers, width in [map(int, size.split("x"))]}
    if arguments.against:
        compared = {size: measure_against(units, arguments.rounds, arguments.against) for size, units in sizes.items()}
        if arguments.json:
            print(json.dumps(compared, indent=2))
            return
        for size, numbers in compared.items():
            for label, number in numbers.items():
                print(f"{size:7} {label:40} {number:12,.2f}")
        return
    results: dict[str, Any] = {"start_up_seconds": statistics.median(start_up() for _ in range(arguments.rounds))}
    if not arguments.json:
        print(f"start-up to the first character: {results['start_up_seconds']:.2f} s")
    for size, units in sizes.items():
        results[size] = measure(units, arguments.rounds)
        if not arguments.json:
            for label, speed in results[size].items():
                print(f"{size:7} {label:45} {speed:10,.0f} char/s")
    if arguments.json:
        print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
