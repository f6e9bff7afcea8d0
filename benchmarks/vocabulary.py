"""Benchmark of large vocabularies: a training step and a generated character, against their bare matrix products.

The step is the one of ``charlstm train``: forward pass, backward pass, clipping, Adam. Its products are the LSTM's, in the
same arrangement, and the three of the softmax layer. The products of a generated character are ``h`` times the recurrent
kernel and ``h`` times the softmax kernel, on one thread. The random weights are scaled so that the logits have a standard
deviation of 4, a plausible value after training.

    python -m benchmarks.vocabulary [--characters 65 256 ...] [--precision float32 bfloat16] [--rounds 7] [--json]

With ``--minutes M`` it trains on a text with rare characters instead; see :mod:`benchmarks.sources`.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import roofline, sources, training
from benchmarks.interleave import Work, serve, time_interleaved
from charlstm.choices import Mode

UNITS, BATCH, STEPS = 512, 32, 64
OPTIONS: dict[str, dict[str, Any]] = {
    "greedy": {"temperature": 0.0},
    "temperature": {"temperature": 0.8},
    "top-k 40": {"temperature": 0.8, "top_k": 40},
    "top-p 0.9": {"temperature": 0.8, "top_p": 0.9},
    "min-p 0.05": {"temperature": 0.8, "min_p": 0.05},
}
"""Sampling settings by name."""


def softmax_products(vocabulary: int, precision: str, parts: int) -> Work:
    """Return the three softmax products of a training step, with one thread for each part of the rows."""
    os.environ["TF_NUM_INTRAOP_THREADS"] = "1"
    import tensorflow as tf

    def random(*shape: int) -> Any:
        return tf.cast(tf.random.normal(shape, stddev=0.02), precision)

    rows = BATCH * STEPS // parts
    kernel = random(UNITS, vocabulary)
    inputs = [(random(rows, UNITS), random(rows, vocabulary)) for _ in range(parts)]

    @tf.function(autograph=False)
    def step() -> list[Any]:
        results = []
        for h, errors in inputs:
            results += [
                tf.matmul(h, kernel),
                tf.matmul(errors, kernel, transpose_b=True),
                tf.matmul(h, errors, transpose_a=True),
            ]
        return [result[0, 0] for result in results]

    return lambda: [float(result) for result in step()]


def writing(vocabulary: int, mode: Mode, samples: int, option: str) -> Work:
    """Return a step that generates one character of each text, as ``charlstm generate`` does."""
    from threadpoolctl import ThreadpoolController

    from charlstm.config import ModelConfig
    from charlstm.inference.generation import continue_ids
    from charlstm.inference.modes import decoder
    from charlstm.inference.network import build_network
    from charlstm.inference.sampling import Sampling

    ThreadpoolController().limit(limits=1)
    config = ModelConfig(vocabulary_size=vocabulary, units=(UNITS,), seq_len=100)
    random = np.random.default_rng(0)
    weights = {name: random.normal(0, 0.05, shape).astype(np.float32) for name, shape in config.weight_shapes.items()}
    unscaled = build_network(config, weights)
    state = unscaled.initial_state(1)
    for character in range(20):
        unscaled.step(np.array([character]), state)
    weights["dense/kernel"] *= np.float32(4 / unscaled.logits(state[-1].h).std())
    mode_decoder = decoder(build_network(config, weights), mode)
    ids = continue_ids(mode_decoder, np.arange(20), range(samples), vocabulary, Sampling(**OPTIONS[option]))
    next(ids)
    return lambda: next(ids)


def writing_products(vocabulary: int, samples: int) -> Work:
    """Return the matrix products of one character in stateful generation."""
    from threadpoolctl import ThreadpoolController

    ThreadpoolController().limit(limits=1)
    random = np.random.default_rng(0)
    kernels = [random.normal(size=(UNITS, width)).astype(np.float32) for width in (4 * UNITS, vocabulary)]
    if samples == 1:
        kernels[0] = np.asfortranarray(kernels[0])
    h = random.normal(size=(samples, UNITS)).astype(np.float32)
    return lambda: [h @ kernel for kernel in kernels]


CANDIDATES: dict[str, Callable[..., Work]] = {
    "step": training.charlstm_step,
    "lstm": roofline.products,
    "softmax": softmax_products,
    "writing": writing,
    "products": writing_products,
}


def medians(candidates: dict[str, tuple[str, dict[str, Any]]], rounds: int) -> dict[str, float]:
    """Return the median milliseconds of each candidate."""
    seconds = time_interleaved("benchmarks.vocabulary", candidates, rounds)
    return {label: 1e3 * statistics.median(times) for label, times in seconds.items()}


def measure_steps(vocabularies: list[int], precision: str, rounds: int) -> dict[int, dict[str, float]]:
    """Return the milliseconds of a training step and of its products, and their ratios."""
    from charlstm.machine import cores

    shape: dict[str, Any] = {"units": [UNITS], "batch": BATCH, "steps": STEPS}
    candidates: dict[str, tuple[str, dict[str, Any]]] = {"lstm": ("lstm", {**shape, "precision": precision, "parts": cores()})}
    for size in vocabularies:
        products = precision if size > 256 else "float32"
        candidates[f"step {size}"] = ("step", {**shape, "precision": precision, "vocabulary": size})
        candidates[f"softmax {size}"] = ("softmax", {"vocabulary": size, "precision": products, "parts": cores()})
    found = medians(candidates, rounds)
    smallest = vocabularies[0]
    return {
        size: {
            "milliseconds": found[f"step {size}"],
            "products": found["lstm"] + found[f"softmax {size}"],
            "over_products": found[f"step {size}"] / (found["lstm"] + found[f"softmax {size}"]),
            "over_smallest": found[f"step {size}"] / found[f"step {smallest}"],
            "products_over_smallest": (found["lstm"] + found[f"softmax {size}"])
            / (found["lstm"] + found[f"softmax {smallest}"]),
        }
        for size in vocabularies
    }


def measure_writing(vocabularies: list[int], rounds: int) -> dict[int, dict[str, float]]:
    """Return the microseconds per character: of the products alone, and of generation in each mode and with each option."""
    candidates: dict[str, tuple[str, dict[str, Any]]] = {}
    for size in vocabularies:
        for samples in (1, 32):
            candidates[f"{size}: products, {samples}"] = ("products", {"vocabulary": size, "samples": samples})
            for option in OPTIONS:
                common = {"vocabulary": size, "samples": samples, "option": option}
                candidates[f"{size}: stateful {option}, {samples}"] = ("writing", {**common, "mode": "stateful"})
        candidates[f"{size}: stateless temperature, 1"] = (
            "writing",
            {"vocabulary": size, "samples": 1, "option": "temperature", "mode": "stateless"},
        )
    found = medians(candidates, rounds)
    return {
        size: {
            label.partition(": ")[2]: 1e3 * value / int(label.rpartition(" ")[2])
            for label, value in found.items()
            if label.startswith(f"{size}: ")
        }
        for size in vocabularies
    }


def main() -> None:
    """Run the benchmark and print the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--characters", type=int, nargs="+", default=[65, 256, 1_530, 4_000, 8_000], help="vocabulary sizes, smallest first"
    )
    parser.add_argument("--precision", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--minutes", type=float, help="minutes of each training on the sources of the installed packages")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--turns", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.turns:
        serve(CANDIDATES, *arguments.turns)
        return
    if arguments.minutes:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(sources.measure_sources(Path(folder), arguments.minutes), indent=2))
        return
    results: dict[str, Any] = {}
    for precision in arguments.precision:
        results[precision] = measure_steps(arguments.characters, precision, arguments.rounds)
        if arguments.json:
            continue
        for size, found in results[precision].items():
            print(
                f"{precision:8} {size:6,} characters: step {found['milliseconds']:7.1f} ms, products {found['products']:7.1f} "
                f"({found['over_products']:.2f} x); step / smallest {found['over_smallest']:.2f}, products / smallest "
                f"{found['products_over_smallest']:.2f}"
            )
            sys.stdout.flush()
    results["writing"] = measure_writing(arguments.characters, arguments.rounds)
    if arguments.json:
        print(json.dumps(results, indent=2))
        return
    for size, found in results["writing"].items():
        print(f"writing, {size:6,} characters: " + ", ".join(f"{label} {value:.0f} us" for label, value in found.items()))


if __name__ == "__main__":
    main()
