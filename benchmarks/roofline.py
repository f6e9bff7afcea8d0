"""Ceiling of a training step: its bare matrix products, as a candidate for :mod:`benchmarks.interleave`."""

import os
from itertools import pairwise
from typing import Any

from benchmarks.interleave import Work

V = 65
"""Vocabulary size of the benchmarks, that of tiny Shakespeare."""


def products(units: list[int], batch: int, steps: int, precision: str, parts: int) -> Work:
    """Return the bare matrix products of a training step, in their shapes.

    The products of the recurrence depend on each other, one per time step. The others each cover the whole batch. One-hot
    inputs need no products.

    Args:
        units: Number of units of each layer.
        batch: Number of rows.
        steps: Time steps of a window.
        precision: ``float32`` or ``bfloat16``.
        parts: Number of parts of the rows. With 1, TensorFlow splits each product over its threads. With more, each part has
            its own thread, and the recurrent kernel is the left operand.
    """
    if parts > 1:
        os.environ["TF_NUM_INTRAOP_THREADS"] = "1"
    import tensorflow as tf

    dtype, rows = tf.as_dtype(precision), batch // parts

    def random(*shape: int) -> Any:
        return tf.cast(tf.random.normal(shape, stddev=0.02), dtype)

    def chain(left: Any, right: Any, axis: int, back: Any) -> Any:
        """Compute one product per time step, each with an operand that depends on the previous product."""

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
