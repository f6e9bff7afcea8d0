"""What the machine could do at best: the matrix products of a training step, and the bandwidth of its memory, measured.

Rivals for :mod:`benchmarks.interleave`.
"""

import os
from itertools import pairwise
from typing import Any

from benchmarks.interleave import Work

V = 65
"""Characters in the benchmarks' alphabet, as in tiny Shakespeare."""


def products(units: list[int], batch: int, steps: int, precision: str, parts: int) -> Work:
    """A training step's matrix products at their shapes and nothing else.

    Those of the recurrence wait for each other; the others are as large as they are. One-hot inputs need none.

    Args:
        units: Of each layer.
        batch: Rows.
        steps: Of a window.
        precision: ``float32`` or ``bfloat16``.
        parts: 1: TensorFlow cuts every product for its threads. More: every part of the rows has a thread of its own, and
            the weights of the recurrence stand on the left.
    """
    if parts > 1:
        os.environ["TF_NUM_INTRAOP_THREADS"] = "1"
    import tensorflow as tf

    dtype, rows = tf.as_dtype(precision), batch // parts

    def random(*shape: int) -> Any:
        return tf.cast(tf.random.normal(shape, stddev=0.02), dtype)

    def chain(left: Any, right: Any, axis: int, back: Any) -> Any:
        """Product after product, each waiting for the one before it by way of its operand."""

        def body(t: Any, operand: Any) -> tuple[Any, Any]:
            product = tf.matmul(left, operand) if axis == 0 else tf.matmul(operand, right)
            return t + 1, back(product, operand)

        start = right if axis == 0 else left
        return tf.while_loop(lambda t, _: t < steps, body, (0, start), parallel_iterations=1)[1]

    layers = []
    for d, u in pairwise([0, *units]):
        weights = [random(4 * u, u), random(u, 4 * u), random(max(d, 1), 4 * u)]
        inputs = [
            (
                random(u, rows),
                random(4 * u, rows),
                random(rows * steps, u),
                random(rows * steps, 4 * u),
                random(rows * steps, max(d, 1)),
            )
            for _ in range(parts)
        ]
        layers.append((d, u, weights, inputs))

    @tf.function
    def step() -> list[Any]:
        results = []
        for d, u, (up, down, kernel), inputs in layers:
            for h, z, hs, dzs, xs in inputs:
                if parts > 1:
                    results.append(chain(up, h, 0, lambda product, _, u=u: product[:u]))
                    results.append(chain(down, z, 0, lambda product, operand, u=u: tf.concat([product, operand[u:]], 0)))
                else:
                    results.append(chain(tf.transpose(h), down, 1, lambda product, _, u=u: product[:, :u]))
                    results.append(
                        chain(tf.transpose(z), up, 1, lambda product, operand, u=u: tf.concat([product, operand[:, u:]], 1))
                    )
                results.append(tf.matmul(hs, dzs, transpose_a=True))
                if d:
                    results += [
                        tf.matmul(xs, kernel),
                        tf.matmul(dzs, kernel, transpose_b=True),
                        tf.matmul(xs, dzs, transpose_a=True),
                    ]
        return [result[0, 0] for result in results]

    return lambda: [float(result) for result in step()]
