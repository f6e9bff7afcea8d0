"""Benchmark of a training step: charlstm, plain Keras, PyTorch if it is installed, and the ceiling of the machine.

All do the same work on the same batch: one-hot characters, LSTM layers, a softmax over V, the gradient of every weight, Adam.
charlstm clips the gradient as well. bfloat16 is measured on processors with instructions for it. The ceilings are the bare
matrix products of the LSTM layers, arranged in two ways: TensorFlow splits each product over all threads ("cut up"); charlstm
gives each thread a part of the rows ("by rows").

    python -m benchmarks.training [--size 2x512 ...] [--batch 64] [--steps 100] [--rounds 7] [--json]
"""

import argparse
import importlib.util
import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.interleave import Work, serve, summary, time_interleaved
from benchmarks.roofline import V, products
from charlstm.choices import Precision


def charlstm_step(
    units: list[int], batch: int, steps: int, precision: Precision, *, vocabulary: int = V, input_only: bool = False
) -> Work:
    """Return the training step of ``charlstm train``; with ``input_only``, only the construction of its batch."""
    from charlstm.config import ModelConfig, TrainingConfig
    from charlstm.text.batches import StreamBatches
    from charlstm.training.trainer import Trainer

    model = ModelConfig(vocabulary_size=vocabulary, units=tuple(units), seq_len=steps)
    training = TrainingConfig(batch_size=batch, precision=precision, weight_average=0.0)
    ids = np.random.default_rng(0).integers(0, vocabulary, batch * steps * 4 + 1).astype(np.uint16)
    source = StreamBatches(ids, model, training)
    if input_only:
        return lambda: source.batch(1)
    trainer = Trainer(model, training)
    return lambda: trainer.step(source.batch(trainer.steps), 1e-3)


def plain_keras(units: list[int], batch: int, steps: int, precision: str, *, xla: bool = False) -> Work:
    """Return a compiled step of ``keras.layers.LSTM`` with TensorFlow's default settings, optionally with XLA."""
    import keras
    import tensorflow as tf

    policy = "mixed_bfloat16" if precision == "bfloat16" else "float32"
    layers = [keras.layers.LSTM(u, return_sequences=True, dtype=policy) for u in units]
    model = keras.Sequential([keras.Input((steps, V)), *layers, keras.layers.Dense(V)])
    ids = np.random.default_rng(0).integers(0, V, (batch, steps + 1))
    x, y = tf.constant(ids[:, :-1]), tf.constant(ids[:, 1:])
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(model.trainable_variables)

    @tf.function(jit_compile=xla)
    def step() -> Any:
        with tf.GradientTape() as tape:
            logits = model(tf.one_hot(x, V), training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, tf.cast(logits, tf.float32)))
        gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
        optimizer.apply(gradients, model.trainable_variables)
        return loss

    return lambda: float(step())


def pytorch(units: list[int], batch: int, steps: int, precision: str) -> Work:
    """Return a training step of ``torch.nn.LSTM``, with autocast for bfloat16."""
    import torch

    lstms = torch.nn.ModuleList(torch.nn.LSTM(a, b, batch_first=True) for a, b in pairwise([V, *units]))
    dense = torch.nn.Linear(units[-1], V)
    optimizer = torch.optim.Adam([*lstms.parameters(), *dense.parameters()], 1e-3)
    ids = torch.from_numpy(np.random.default_rng(0).integers(0, V, (batch, steps + 1)))
    x = torch.nn.functional.one_hot(ids[:, :-1], V).float()

    def step() -> float:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            y = x
            for lstm in lstms:
                y, _ = lstm(y)
            loss = torch.nn.functional.cross_entropy(dense(y).float().flatten(0, 1), ids[:, 1:].flatten())
        loss.backward()
        optimizer.step()
        return float(loss)

    return step


CANDIDATES: dict[str, Callable[..., Work]] = {
    "charlstm": charlstm_step, "keras": plain_keras, "pytorch": pytorch, "products": products,
}  # fmt: skip


def measure(units: list[int], batch: int, steps: int, rounds: int) -> dict[str, dict[str, float]]:
    """Return the milliseconds, GFLOP/s and characters per second of each candidate for one network size."""
    from charlstm.machine import cores
    from charlstm.planning.environment import fastest_precision

    kinds = ["charlstm", "keras", *(["pytorch"] if importlib.util.find_spec("torch") else [])]
    shape = {"units": units, "batch": batch, "steps": steps}
    candidates: dict[str, tuple[str, dict[str, Any]]] = {}
    precisions = ("float32", "bfloat16") if fastest_precision(batch, "one-hot") == "bfloat16" else ("float32",)
    for precision in precisions:
        common = {**shape, "precision": precision}
        candidates |= {f"{kind} {precision}": (kind, common) for kind in kinds}
        candidates[f"keras {precision}, XLA"] = ("keras", {**common, "xla": True})
        candidates[f"ceiling {precision}, cut up"] = ("products", {**common, "parts": 1})
        candidates[f"ceiling {precision}, by rows"] = ("products", {**common, "parts": cores()})
    candidates["charlstm's input"] = ("charlstm", {**shape, "precision": "float32", "input_only": True})
    seconds = time_interleaved("benchmarks.training", candidates, rounds)
    operations = 3 * batch * steps * sum(8 * u * (d + u) for d, u in pairwise([0, *units]))
    results = {}
    for label, times in sorted(seconds.items()):
        found = summary(times)
        results[label] = {
            **found,
            "gigaflops": operations / found["milliseconds"] / 1e6,
            "characters_per_second": 1e3 * batch * steps / found["milliseconds"],
        }
    return results


def main() -> None:
    """Run the benchmark and print the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", nargs="+", default=["1x128", "1x256", "2x512", "3x1024"], help="layers x units")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--turns", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.turns:
        serve(CANDIDATES, *arguments.turns)
        return
    results = {}
    for size in arguments.size:
        layers, width = map(int, size.split("x"))
        results[size] = measure([width] * layers, arguments.batch, arguments.steps, arguments.rounds)
        if arguments.json:
            continue
        best = min(
            found["milliseconds"]
            for label, found in results[size].items()
            if label in ("charlstm float32", "charlstm bfloat16")
        )
        for label, found in results[size].items():
            print(
                f"{size:7} {label:26} {found['milliseconds']:8.1f} ms ({found['fastest']:.1f}-{found['slowest']:.1f}) "
                f"{found['gigaflops']:5.0f} GFLOP/s {found['characters_per_second']:9,.0f} char/s   "
                f"{found['milliseconds'] / best:5.2f} x charlstm's best"
            )
    if arguments.json:
        print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
