"""The exchange of a step: one all-reduce of all gradients and of a few exact numbers, to wait for the network only once."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from charlstm.choices import Precision

Tensor = Any


def all_reduce(gradients: Sequence[Tensor], exact: Tensor, precision: Precision) -> tuple[list[Tensor], Tensor]:
    """Return the sums of tensors over all replicas; call this in a replica context.

    Args:
        gradients: Tensors of any shapes, float32.
        exact: Numbers that are not rounded, ``[n]`` float32.
        precision: Precision in which the gradients travel and are added. ``bfloat16`` halves their bytes.
    """
    context = tf.distribute.get_replica_context()
    numbers = _pieces(exact, context) if precision == "bfloat16" else exact
    shapes = [gradient.shape for gradient in gradients]
    tensors = [tf.reshape(tf.cast(tensor, precision), [-1]) for tensor in (*gradients, numbers)]
    flat = context.all_reduce(tf.distribute.ReduceOp.SUM, tf.concat(tensors, 0))
    *parts, total = tf.split(tf.cast(flat, tf.float32), [tensor.shape.num_elements() for tensor in tensors])
    if precision == "bfloat16":
        total = tf.reduce_sum(tf.reshape(total, numbers.shape), [0, 1])
    return [tf.reshape(part, shape) for part, shape in zip(parts, shapes, strict=True)], total


def _pieces(values: Tensor, context: tf.distribute.ReplicaContext) -> Tensor:
    """Return numbers whose sum is ``values``, ``[R, 3, n]`` for R replicas; all but this replica's are zero.

    A float32 has 24 significant bits and a bfloat16 has 8, so three of them hold one. Sums with zeros are exact.
    """
    pieces = []
    for _ in range(3):
        pieces.append(tf.cast(values, tf.bfloat16))
        values -= tf.cast(pieces[-1], tf.float32)
    own = tf.one_hot(context.replica_id_in_sync_group, context.num_replicas_in_sync, dtype=tf.bfloat16)
    return own[:, None, None] * tf.stack(pieces)
