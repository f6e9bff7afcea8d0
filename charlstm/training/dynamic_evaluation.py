"""Dynamic evaluation: a model that goes on learning from the text that it is scored on (Krause et al. 2018).

Each segment of the text is scored first and learnt from afterwards, so that no character counts after it has been seen. With
the root mean square r of every weight's gradient over a part of the training text, and m the mean of r over a matrix, a step on
a segment's gradient g is::

    weight += min(decay * r / m, 1) * (start - weight) - rate * g / (r + epsilon * m)

towards what the segment shows and, the more so the more the weight matters, back to where training left it.
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
    """How much a model learns while it is scored.

    Attributes:
        rate: Of the gradient.
        decay: Of the difference from the trained weights.
        segment: Characters between two steps.
        measured: Segments of the training text over which gradients are measured.
        epsilon: Added to r, as a part of its mean; it holds back weights that training hardly ever changed.
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
    """The surprise of every character given all those before it, the weights adapting to them too.

    Args:
        config: The network.
        weights: Its weights by name.
        learnt: The text it was trained on; its end is read.
        ids: The text: ``[N]``, at least two characters.
        progress: Told how many more of the text's characters have been read.
        dynamics: How much is learnt.
        naming: From :meth:`charlstm.text.vocabulary.Vocabulary.naming_nats`, ``[N]``; None for a model without a placeholder.

    Returns:
        Nats of all characters but the first: ``[N - 1]``.
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
    states, number = layers.zero_states(1), 0
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

    states, nats = layers.zero_states(1), []
    for x, y in _segments(ids, config.vocabulary_size, dynamics.segment):
        losses, states, gradients = read(x, y, states)
        adapt(gradients)
        nats.append(losses.numpy())
        progress(len(nats[-1]))
    found = clip_nats(np.concatenate(nats).astype(np.float64))
    return found if naming is None else found + naming[1:]


def _segments(ids: Ids, vocabulary_size: int, length: int) -> Iterator[tuple[Tensor, Tensor]]:
    """A text cut into segments: normalised characters ``[1, T, 1]`` and the character after each, ``[1, T]``."""
    for start in range(0, len(ids) - 1, length):
        end = min(start + length, len(ids) - 1)
        x = normalise(ids[None, start:end], vocabulary_size)
        yield tf.constant(x), tf.constant(model_ids(ids[None, start + 1 : end + 1], vocabulary_size))
