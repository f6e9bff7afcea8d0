"""How fast text is written: ours, the ``model.predict`` loop of the tutorials, a PyTorch step loop, and the ceiling.

Each writes a number of characters and draws every one at temperature 0.8. The ceiling of stateful writing is what products of
vectors with matrices as large as the network's take to read them, with the same threads. Start-up is the time from the start
of ``charlstm generate`` to the first character on a terminal.

    python -m benchmarks.generation [--size 1x256 ...] [--rounds 5] [--json]
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

from benchmarks.interleave import Work, serve, take_turns
from benchmarks.roofline import V
from charlstm.config import Mode

WINDOW = 100
_RANDOM = np.random.default_rng(0)


def ours(units: list[int], mode: Mode, characters: int, samples: int, threads: int | None) -> Work:
    """What ``charlstm generate`` runs; ``threads`` of None leaves their number to BLAS."""
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
    mode_reader = decoder(build_network(config, weights), mode)
    vocabulary = Vocabulary("".join(map(chr, range(48, 48 + V))))
    ThreadpoolController().limit(limits=threads)
    seed, random_seeds = "0" * WINDOW, range(samples)
    pieces = generate_pieces(mode_reader, vocabulary, seed, random_seeds=random_seeds, length=sys.maxsize, sampling=Sampling())
    next(pieces)  # the seed is read; what is timed only writes

    def work() -> None:
        for _ in range(characters):
            next(pieces)

    return work


def drawn(probabilities: Any) -> int:
    """A character at temperature 0.8, as in the tutorials."""
    logits = np.log(np.maximum(probabilities.astype(np.float64), 1e-30)) / 0.8
    shares = np.exp(logits - logits.max())
    return int(_RANDOM.multinomial(1, shares / shares.sum()).argmax())


def predict(units: list[int], mode: str, characters: int) -> Work:
    """The loop of the tutorials: ``model.predict`` for every character."""
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
            window = [*window[1:], drawn(model.predict(x, verbose=0)[0])]

    return work


def pytorch(units: list[int], characters: int, kind: str, threads: int | None) -> Work:
    """PyTorch, one step a character, state carried: ``LSTM`` as people write it, or ``LSTMCell`` without oneDNN."""
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
    """Read as many bytes as a stateful character does, a thousand times, in products of a vector with a matrix."""
    from threadpoolctl import ThreadpoolController

    matrices = [np.ones((4 * u, u), np.float32) for u in units] + [np.ones((4 * u, d), np.float32) for d, u in pairwise(units)]
    ThreadpoolController().limit(limits=threads)

    def work() -> None:
        for _ in range(1000):
            for matrix in matrices:
                matrix @ matrix[0]

    return work


RIVALS: dict[str, Callable[..., Work]] = {"charlstm": ours, "predict": predict, "pytorch": pytorch, "bandwidth": bandwidth}


def measure(units: list[int], rounds: int) -> dict[str, float]:
    """Characters per second of every rival at one size."""
    layers_bytes = 4 * sum(4 * u * (d + u) for d, u in pairwise([0, *units]))
    many = max(100, min(3000, 10**10 // layers_bytes // 10))
    rivals: dict[str, tuple[str, dict[str, Any], int]] = {}
    for threads in (1, None):
        name = "1 thread" if threads else "all threads"
        same = {"units": units, "threads": threads}
        for mode, samples, characters in (("stateful", 1, many), ("stateless", 1, many // 10), ("stateful", 64, many // 10)):
            options = {**same, "mode": mode, "characters": characters, "samples": samples}
            rivals[f"charlstm {mode}, {samples} at once, {name}"] = ("charlstm", options, characters * samples)
        rivals[f"ceiling stateful, {name}"] = ("bandwidth", same, 1000)
    for mode in ("stateful", "stateless"):
        rivals[f"model.predict loop {mode}"] = ("predict", {"units": units, "mode": mode, "characters": 20}, 20)
    if importlib.util.find_spec("torch"):
        for kind in ("LSTM", "LSTMCell"):
            for threads in (1, None):
                options = {"units": units, "characters": 500, "kind": kind, "threads": threads}
                rivals[f"pytorch {kind}, {'1 thread' if threads else 'all threads'}"] = ("pytorch", options, 500)
    seconds = take_turns("benchmarks.generation", {label: rival[:2] for label, rival in rivals.items()}, rounds)
    return {label: rivals[label][2] / statistics.median(times) for label, times in seconds.items()}


def start_up() -> float:
    """Seconds from the start of the command to the first character on a terminal."""
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
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", nargs="+", default=["1x128", "1x256", "2x512", "3x1024"], help="layers x units")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--turns", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.turns:
        serve(RIVALS, *arguments.turns)
        return
    results: dict[str, Any] = {"start_up_seconds": statistics.median(start_up() for _ in range(arguments.rounds))}
    if not arguments.json:
        print(f"start-up to the first character: {results['start_up_seconds']:.2f} s")
    for size in arguments.size:
        layers, width = map(int, size.split("x"))
        results[size] = measure([width] * layers, arguments.rounds)
        if not arguments.json:
            for label, speed in results[size].items():
                print(f"{size:7} {label:45} {speed:10,.0f} char/s")
    if arguments.json:
        print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
