"""Adam with decoupled weight decay (Kingma & Ba 2015; Loshchilov & Hutter 2019), in one pass over each large weight.

At step t, for a weight w with gradient g, moments m and v and moving average a::

    w -= learning_rate * weight_decay * w                                               (kernels only)
    m += (1 - BETA_1) * (g - m)
    v += (1 - BETA_2) * (g * g - v)
    w -= multiplier * learning_rate * sqrt(1 - BETA_2^t) / (1 - BETA_1^t) * m / (sqrt(v) + EPSILON)
    w  = constraint(w)
    a += (1 - momentum) * (w - a)

TensorFlow makes a pass over memory for every operator of these lines. XLA makes one pass for all of them.

The gradient of a ``[V, 4u]`` kernel has one row for each distinct character of the batch. These rows are added to the moments
one by one, so no ``[V, 4u]`` gradient is allocated. The update still changes all rows.
"""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

Tensor = Any

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
COMPILED = 1 << 20
"""Number of elements from which a weight's update is compiled. It takes 0.2 s; a million elements save 3 ms a step."""


class Adam:
    """An optimiser for gradients that are already summed over all replicas.

    Attributes:
        variables: The variables of a training state: the number of updates, then m and v of each weight.
    """

    def __init__(
        self,
        weights: Sequence[keras.Variable],
        averages: Sequence[tf.Variable],
        *,
        weight_decay: float = 0.0,
        clip_norm: float = 0.0,
        rate_multipliers: Sequence[float] | None = None,
    ) -> None:
        """Create the moments, in the scope of the strategy.

        Args:
            weights: The weights to update.
            averages: The exponential moving average (EMA) of each weight; empty for no averages.
            weight_decay: Fraction of every kernel that each step subtracts, times the learning rate.
            clip_norm: Maximum global norm of the gradient; 0 for no clipping.
            rate_multipliers: Multiple of the learning rate for each weight, without effect on its decay; None for 1.
        """
        self._weights = weights
        self._averages = list(averages) or [None] * len(weights)
        self._weight_decay = weight_decay
        self._clip_norm = clip_norm
        self._rate_multipliers = rate_multipliers or [1.0] * len(weights)
        self._steps = tf.Variable(
            0, trainable=False, dtype=tf.int64, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA, name="iteration"
        )
        self._moments = [
            (tf.Variable(tf.zeros(weight.shape), trainable=False), tf.Variable(tf.zeros(weight.shape), trainable=False))
            for weight in weights
        ]
        self.variables = [self._steps, *(moment for pair in self._moments for moment in pair)]

    def apply(self, gradients: Sequence[Tensor], learning_rate: Tensor, momentum: Tensor) -> Tensor:
        """Update every weight and its moving average; call this in a replica context.

        Args:
            gradients: One for each weight, tensors or ``tf.IndexedSlices``.
            learning_rate: Scalar.
            momentum: Decay rate of the moving averages; scalar.

        Returns:
            Global norm of the gradients before clipping; scalar. Without clipping it costs one more pass over the gradients.
        """
        context = tf.distribute.get_replica_context()
        one_device = context.num_replicas_in_sync == 1 or len(context.strategy.extended.worker_devices) == 1
        compiled = [one_device and weight.shape.num_elements() >= COMPILED for weight in (each.value for each in self._weights)]
        gradients = [
            _distinct(gradient) if by_row and isinstance(gradient, tf.IndexedSlices) else tf.convert_to_tensor(gradient)
            for gradient, by_row in zip(gradients, compiled, strict=True)
        ]
        norm = tf.linalg.global_norm(gradients)
        scale = _clip_scale(norm, self._clip_norm) if self._clip_norm else None
        context.merge_call(self._update_all, args=(gradients, compiled, scale, learning_rate, momentum))
        return norm

    def _update_all(
        self,
        strategy: tf.distribute.Strategy,
        gradients: Sequence[Tensor],
        compiled: Sequence[bool],
        scale: Tensor | None,
        learning_rate: Tensor,
        momentum: Tensor,
    ) -> None:
        step = tf.cast(self._steps + 1, tf.float32)
        rate = learning_rate * tf.sqrt(1 - tf.pow(BETA_2, step)) / (1 - tf.pow(BETA_1, step))
        for weight, moments, average, multiplier, gradient, one_pass in zip(
            self._weights, self._moments, self._averages, self._rate_multipliers, gradients, compiled, strict=True
        ):
            decay = self._weight_decay if len(weight.shape) > 1 else 0.0
            arguments = (
                *moments,
                average,
                gradient,
                scale,
                learning_rate,
                rate * multiplier,
                momentum,
                decay,
                weight.constraint,
            )
            strategy.extended.update(weight.value, _in_one_pass if one_pass else _update, args=arguments, group=False)
        strategy.extended.update(self._steps, lambda steps: steps.assign_add(1), group=False)


def _clip_scale(norm: Tensor, clip_norm: float) -> Tensor:
    """Return the factor by which :func:`tf.clip_by_global_norm` multiplies gradients; NaN if the norm is not finite."""
    return clip_norm * tf.minimum(1 / norm, 1 / clip_norm) + (norm - norm)


def _distinct(gradient: tf.IndexedSlices) -> tf.IndexedSlices:
    """Return a gradient with the values of repeated rows added up."""
    rows, places = tf.unique(gradient.indices)
    values = tf.math.unsorted_segment_sum(gradient.values, places, tf.size(rows))
    return tf.IndexedSlices(values, rows, gradient.dense_shape)


def _update(
    weight: tf.Variable,
    m: tf.Variable,
    v: tf.Variable,
    average: tf.Variable | None,
    gradient: Tensor,
    scale: Tensor | None,
    learning_rate: Tensor,
    rate: Tensor,
    momentum: Tensor,
    decay: float,
    constraint: Any,
) -> None:
    """Update one weight; a ``gradient`` of 0.0 stands for a tensor of zeros."""
    gradient = gradient if scale is None else gradient * scale
    new_m = m + (gradient - m) * (1 - BETA_1)
    new_v = v + (tf.square(gradient) - v) * (1 - BETA_2)
    decayed = weight - weight * decay * learning_rate if decay else weight
    new = decayed - new_m * rate / (tf.sqrt(new_v) + EPSILON)
    new = new if constraint is None else constraint(new)
    m.assign(new_m)
    v.assign(new_v)
    weight.assign(new)
    if average is not None:
        average.assign_add((1 - momentum) * (new - average))


_compiled_update = tf.function(_update, autograph=False, jit_compile=True)


def _in_one_pass(
    weight: tf.Variable, m: tf.Variable, v: tf.Variable, average: Any, gradient: Tensor, scale: Tensor | None, *others: Any
) -> None:
    """Update one weight with one compiled call."""
    if isinstance(gradient, tf.IndexedSlices):
        # The update below multiplies the moments by BETA: (m + g * (1 - BETA) / BETA) * BETA equals the m of the definition.
        values = gradient.values if scale is None else gradient.values * scale
        m.scatter_add(tf.IndexedSlices(values * ((1 - BETA_1) / BETA_1), gradient.indices))
        v.scatter_add(tf.IndexedSlices(tf.square(values) * ((1 - BETA_2) / BETA_2), gradient.indices))
        gradient, scale = 0.0, None
    _compiled_update(weight, m, v, average, gradient, scale, *others)
