"""Dynamic evaluation: scoring a model that keeps learning from the text it is scored on (Krause et al. 2018).

Each segment of the text is scored before the model learns from it, so every character is scored unseen. Let r be the root mean
square of each weight's gradient over a part of the training text, and m the mean of r over a matrix. A step on a segment's
gradient g is::

    weight += min(decay * r / m, 1) * (start - weight) - rate * g / (r + epsilon * m)

It moves the weights towards the segment and pulls them back to their trained values, the more the larger r is.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from charlstm.config import ModelConfig
from charlstm.nn.network import States, Tensor, build_layers, forward
from charlstm.text.scoring import clip_nats
from charlstm.text.vocabulary import Ids
from charlstm.text.windows import model_ids, normalise


@dataclass(frozen=True)
class DynamicEvaluation:
    """The settings of dynamic evaluation.

    Attributes:
        rate: Learning rate.
        decay: Rate of the pull towards the trained weights.
        segment: Characters in a segment.
        measured: Segments of the training text over which gradients are measured.
        epsilon: Added to r, as a fraction of its mean. It limits the steps of weights that have small gradients.
    """

    rate: float = 3e-4
    decay: float = 1e-3
    segment: int = 20
    measured: int = 500
    epsilon: float = 0.1


def dynamic_surprisal(
    config: ModelConfig,
    weights: Mapping[str, NDArray[np.float32]],
    learnt: Ids,
    ids: Ids,
    progress: Callable[[int], object] = lambda _: None,
    dynamics: DynamicEvaluation = DynamicEvaluation(),
    naming: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return the surprisal of every character given all characters before it, while the weights adapt to them.

    Args:
        config: The network.
        weights: Its weights by name.
        learnt: The text it was trained on, of which the end is read: ``[M]``.
        ids: The text: ``[N]``, at least two characters.
        progress: Called with the number of characters of each segment after it is scored.
        dynamics: The settings.
        naming: From :meth:`charlstm.text.vocabulary.Vocabulary.naming_nats`, ``[N]``; None for a model without a placeholder.

    Returns:
        Nats of each character but the first: ``[N - 1]``.
    """
    layers = build_layers(replace(config, targets="every", dropout=0.0, recurrent_dropout=0.0))
    layers.assign(weights)
    variables = [variable.value for variable in layers.weights.values()]

    @tf.function(autograph=False)
    def read(x: Tensor, y: Tensor, states: States) -> tuple[Tensor, States, list[Tensor]]:
        with tf.GradientTape() as tape:
            logits, states = forward(layers, x, states)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
            loss = tf.reduce_mean(losses)
        return losses[0], states, [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, variables)]

    @tf.function(autograph=False)
    def adapt(gradients: list[Tensor]) -> None:
        for variable, start, gradient, step, pull in zip(variables, starts, gradients, steps, pulls, strict=True):
            variable.assign_add(pull * (start - variable) - step * gradient)

    squares = [np.zeros(variable.shape, np.float32) for variable in variables]
    states, number = layers.initial_states(1), 0
    for x, y in _segments(learnt[-dynamics.measured * dynamics.segment - 1 :], config.vocabulary_size, dynamics.segment):
        _, states, gradients = read(x, y, states)
        squares = [square + gradient.numpy() ** 2 for square, gradient in zip(squares, gradients, strict=True)]
        number += 1
    starts, steps, pulls = [tf.identity(variable) for variable in variables], [], []
    for square in squares:
        root = np.sqrt(square / number)
        mean = float(root.mean()) or 1.0
        steps.append(tf.constant(dynamics.rate / (root + dynamics.epsilon * mean)))
        pulls.append(tf.constant(np.minimum(dynamics.decay * root / mean, 1.0)))

    states, nats = layers.initial_states(1), []
    for x, y in _segments(ids, config.vocabulary_size, dynamics.segment):
        losses, states, gradients = read(x, y, states)
        adapt(gradients)
        nats.append(losses.numpy())
        progress(len(nats[-1]))
    found = clip_nats(np.concatenate(nats).astype(np.float64))
    return found if naming is None else found + naming[1:]


def _segments(ids: Ids, vocabulary_size: int, length: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the segments of a text: normalised characters ``[1, T, 1]`` and the character after each, ``[1, T]``."""
    for start in range(0, len(ids) - 1, length):
        end = min(start + length, len(ids) - 1)
        x = normalise(ids[None, start:end], vocabulary_size)
        yield tf.constant(x), tf.constant(model_ids(ids[None, start + 1 : end + 1], vocabulary_size))
