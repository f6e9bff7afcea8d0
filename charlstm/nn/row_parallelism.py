"""The processor's cores, each with its own rows of a batch.

TensorFlow's way to use several cores is to cut every operation in pieces and wait for the slowest. The operations of an LSTM's
step are too small for that: at 256 units the waiting costs more than it gains. Rows do not depend on each other, though, so
here every core takes its share of them through the whole network, one thread to an operation, and nobody waits until the
gradients are added up.
"""

import tensorflow as tf

from charlstm.nn.masks import Masks
from charlstm.nn.network import Layers, States, Tensor, cross_entropy, features
from charlstm.planning.environment import cores

MIN_ROWS = 4
"""Rows that a core should have at the least: below that the reading of the weights outweighs the work."""


def row_slices(rows: int) -> list[slice]:
    """The rows of a batch that each core takes, in numbers as equal as can be."""
    number = 1 if tf.config.list_physical_devices("GPU") else max(1, min(cores(), rows // MIN_ROWS))
    return [slice(rows * part // number, rows * (part + 1) // number) for part in range(number)]


def row_parallel_nats(
    layers: Layers, x: Tensor, y: Tensor, states: States, masks: Masks | None = None
) -> tuple[Tensor, States]:
    """The negative log-likelihood of every target, each core taking its share of the rows.

    Args:
        layers: The network.
        x: Normalised windows: ``[B, T, 1]``.
        y: Targets: ids ``[B]`` for ``--targets last``, ``[B, T]`` for ``every``.
        states: ``h`` and ``c`` of every layer before the first character.
        masks: As for :func:`charlstm.nn.network.forward`.

    Returns:
        Nats, in the shape of ``y``, and the states after the last character.
    """
    losses, after = [], []
    for part in row_slices(x.shape[0]):
        states_here = tuple((h[part], c[part]) for h, c in states)
        masks_here = None if masks is None else tuple(each.rows(part) for each in masks)
        read, states_after = features(layers, x[part], states_here, masks_here)
        losses.append(cross_entropy(layers, read, y[part]))
        after.append(states_after)
    return tf.concat(losses, 0), tf.nest.map_structure(lambda *each: tf.concat(each, 0), *after)
