"""Division of a batch's rows among the processor's cores.

TensorFlow uses several cores by splitting every operation into pieces and waiting for the slowest piece. The operations of an
LSTM step are too small for this: at 256 units, waiting costs more than the split gains. Rows do not depend on each other, so
each core instead runs its own rows through the whole network, with one thread for each operation. The cores synchronise only
when their gradients are summed.
"""

import tensorflow as tf

from charlstm.machine import cores
from charlstm.nn.masks import Masks
from charlstm.nn.network import Layers, States, Tensor, cross_entropy, features

MIN_ROWS = 4
"""Minimum number of rows for a core; with fewer, reading the weights takes longer than computing."""


def row_slices(rows: int) -> list[slice]:
    """Return the rows of a batch for each core, divided as evenly as possible."""
    number = 1 if tf.config.list_physical_devices("GPU") else max(1, min(cores(), rows // MIN_ROWS))
    return [slice(rows * part // number, rows * (part + 1) // number) for part in range(number)]


def row_parallel_nats(
    layers: Layers, x: Tensor, y: Tensor, states: States, masks: Masks | None = None
) -> tuple[Tensor, States]:
    """Return the negative log-likelihood of every target, computed on all cores.

    Args:
        layers: The network.
        x: Normalised windows: ``[B, T, 1]``.
        y: Targets: ids ``[B]`` for ``targets="last"``, ``[B, T]`` for ``"every"``.
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
