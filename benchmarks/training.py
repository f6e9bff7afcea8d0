"""How fast a training step is: ours, plain Keras, PyTorch where it is installed, and the ceiling of the machine.

All do the same work on the same batch: one-hot characters, LSTM layers, a softmax over V, the gradient of every weight, Adam.
The rivals take turns, so that the machine's moods meet all of them alike; medians and spread are given. The ceiling is the
matrix products of the step alone, at its shapes: the recurrent ones one after the other, the others as large as they are.

    python -m benchmarks.training [--size 2x512 ...] [--batch 64] [--steps 100] [--rounds 7] [--json]
"""

import argparse
import importlib.util
import json
import statistics
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from charlstm.config import ModelConfig, TrainingConfig
from charlstm.text.batches import StreamBatches
from charlstm.training import keras
from charlstm.training import tensorflow as tf
from charlstm.training.trainer import Trainer

V = 65
Step = Callable[[], object]


def ours(units: tuple[int, ...], batch: int, steps: int, precision: str) -> Step:
    """The training step of ``charlstm train``; it clips the gradient too, a little more work than the others do."""
    model = ModelConfig(vocabulary_size=V, units=units, seq_len=steps)
    training = TrainingConfig(batch_size=batch, precision=precision, weight_average=0.0)
    ids = np.random.default_rng(0).integers(0, V, batch * steps * 4 + 1).astype(np.uint8)
    trainer, source = Trainer(model, training), StreamBatches(ids, model, training)
    return lambda: trainer.step(source.batch(trainer.steps), 1e-3)


def plain_keras(units: tuple[int, ...], batch: int, steps: int, precision: str) -> Step:
    """``keras.layers.LSTM`` in a compiled step."""
    policy = "mixed_bfloat16" if precision == "bfloat16" else "float32"
    layers = [keras.layers.LSTM(u, return_sequences=True, dtype=policy) for u in units]
    model = keras.Sequential([keras.Input((steps, V)), *layers, keras.layers.Dense(V)])
    ids = np.random.default_rng(0).integers(0, V, (batch, steps + 1))
    x, y = tf.constant(ids[:, :-1]), tf.constant(ids[:, 1:])
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(model.trainable_variables)

    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits = model(tf.one_hot(x, V), training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, tf.cast(logits, tf.float32)))
        gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
        optimizer.apply(gradients, model.trainable_variables)
        return loss

    return lambda: float(step())


def pytorch(units: tuple[int, ...], batch: int, steps: int, precision: str) -> Step:
    """``torch.nn.LSTM``; bfloat16 by autocast."""
    import torch

    sizes = [V, *units]
    lstms = torch.nn.ModuleList(torch.nn.LSTM(a, b, batch_first=True) for a, b in pairwise(sizes))
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
        return loss.item()

    return step


def ceiling(units: tuple[int, ...], batch: int, steps: int, precision: str) -> Step:
    """The step's matrix products and nothing else."""
    dtype = tf.bfloat16 if precision == "bfloat16" else tf.float32
    arrays = []
    for d, u in zip([V, *units], units, strict=False):
        shapes = ((batch, u), (u, 4 * u), (batch, 4 * u), (4 * u, u), (batch * steps, d), (d, 4 * u), (batch * steps, 4 * u))
        arrays.append([tf.cast(tf.random.normal(shape, stddev=0.02), dtype) for shape in shapes])

    @tf.function
    def step() -> list[tf.Tensor]:
        results = []
        for h, kernel, z, transposed, x, input_kernel, dz in arrays:
            # Each product waits for the one before it, as in the recurrence, by way of a vanishing share of its result.
            def forward(t: tf.Tensor, h: tf.Tensor, kernel: tf.Tensor = kernel) -> tuple[tf.Tensor, tf.Tensor]:
                return t + 1, tf.matmul(h, kernel)[:, : h.shape[1]]

            def backward(t: tf.Tensor, z: tf.Tensor, kernel: tf.Tensor = transposed, start: tf.Tensor = z) -> tuple:
                return t + 1, tf.concat([tf.matmul(z, kernel), start[:, kernel.shape[1] :]], 1)

            for body, value in ((forward, h), (backward, z)):
                results.append(tf.while_loop(lambda t, _: t < steps, body, (0, value), parallel_iterations=1)[1])
            results.append(tf.matmul(x, input_kernel))
            results.append(tf.matmul(dz, input_kernel, transpose_b=True))
            results.append(tf.matmul(x, dz, transpose_a=True))
            results.append(tf.matmul(tf.reshape(tf.tile(h, (steps, 1)), (batch * steps, -1)), dz, transpose_a=True))
        return [tf.reduce_sum(result) for result in results]

    return lambda: [float(result) for result in step()]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", nargs="+", default=["1x128", "1x256", "2x512"], help="layers x units")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    kinds = {"ceiling": ceiling, "ours": ours, "keras": plain_keras}
    if importlib.util.find_spec("torch"):
        kinds["pytorch"] = pytorch
    results = []
    for size in arguments.size:
        layers, width = map(int, size.split("x"))
        units = (width,) * layers
        rivals = {
            (kind, precision): make(units, arguments.batch, arguments.steps, precision)
            for kind, make in kinds.items()
            for precision in ("float32", "bfloat16")
        }
        seconds: dict[tuple[str, str], list[float]] = {name: [] for name in rivals}
        for round_number in range(-2, arguments.rounds):  # the first two compile and warm up
            for name, step in rivals.items():
                began = time.perf_counter()
                step()
                if round_number >= 0:
                    seconds[name].append(time.perf_counter() - began)
        products = (
            3 * arguments.batch * arguments.steps * sum(2 * 4 * u * (d + u) for d, u in zip([V, *units], units, strict=False))
        )
        for (kind, precision), times in seconds.items():
            middle = statistics.median(times)
            results.append(
                {
                    "size": size, "rival": kind, "precision": precision, "milliseconds": 1e3 * middle,
                    "fastest": 1e3 * min(times), "slowest": 1e3 * max(times), "gigaflops": products / middle / 1e9,
                    "characters_per_second": arguments.batch * arguments.steps / middle,
                }
            )  # fmt: skip
            if not arguments.json:
                print(
                    f"{size:6} {kind:8} {precision:8} {1e3 * middle:8.1f} ms ({1e3 * min(times):.1f}-{1e3 * max(times):.1f})"
                    f" {products / middle / 1e9:6.0f} GFLOP/s {arguments.batch * arguments.steps / middle:9,.0f} char/s"
                )
    if arguments.json:
        print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
