"""The training step, and everything that it changes."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from charlstm.config import ModelConfig, TrainingConfig
from charlstm.errors import CheckpointError
from charlstm.text.batches import Batch
from charlstm.training.cores import nats
from charlstm.training.model import States, Tensor, array_of, build_layers, weight_values


class Trainer:
    """Weights, their average, optimiser, carried states, and the step that advances them all.

    The step always runs under a ``tf.distribute`` strategy: a batch is cut into as many parts as the strategy has replicas,
    gradients are summed, and every replica makes the same update. With one device that is one part.
    """

    def __init__(self, model: ModelConfig, training: TrainingConfig, strategy: tf.distribute.Strategy | None = None) -> None:
        """Initialise from the recipe's random seed.

        Args:
            model: The network.
            training: The recipe.
            strategy: Where to train; TensorFlow's default, one device, if None.
        """
        self.steps = 0
        self._training = training
        self._strategy = strategy or tf.distribute.get_strategy()
        self._replicas = self._strategy.num_replicas_in_sync
        with self._strategy.scope():
            self.layers = build_layers(model, training.precision, training.random_seed)
            self._variables = list(self.layers.weights.values())
            self._optimizer = keras.optimizers.Adam(training.learning_rate, weight_decay=training.weight_decay or None)
            self._optimizer.exclude_from_weight_decay([variable for variable in self._variables if len(variable.shape) < 2])
            self._optimizer.build(self._variables)
            self._averages = (
                [tf.Variable(variable.value, trainable=False) for variable in self._variables]
                if training.weight_average
                else []
            )
        self._states = self._zero_states()
        self._run = tf.function(self._all_replicas, reduce_retracing=False)

    def step(self, batch: Batch, learning_rate: float) -> float:
        """Make one update.

        Args:
            batch: The windows to learn.
            learning_rate: Of this step.

        Returns:
            Mean nats per character over the batch, before the update, without regularisers.
        """
        self._optimizer.learning_rate.assign(learning_rate)
        # The average's momentum rises to its value, so that it does not remember the initial weights.
        momentum = min(self._training.weight_average, (1 + self.steps) / (10 + self.steps))
        loss, self._states = self._run(*map(self._shared, batch), self._states, tf.constant(momentum))
        self.steps += 1
        return float(loss)

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """The model as it stands: the average of the weights where the recipe asks for one."""
        if not self._averages:
            return weight_values(self.layers)
        return {name: array_of(average) for name, average in zip(self.layers.weights, self._averages, strict=True)}

    def assign(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Start from given weights in place of random ones."""
        self.layers.assign(weights)
        for average, variable in zip(self._averages, self._variables, strict=False):
            average.assign(variable.value)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Everything that the next step depends on, as arrays by name."""
        return {name: array_of(value) for name, value in self._everything().items()}

    def restore(self, arrays: Mapping[str, NDArray[Any]], steps: int) -> None:
        """Take up where :meth:`snapshot` was made.

        Args:
            arrays: What it returned.
            steps: How many steps had been made.

        Raises:
            CheckpointError: If they are those of another network or recipe.
        """
        found, expected = (
            {name: (array.shape, array.dtype.name) for name, array in held.items()} for held in (arrays, self.snapshot())
        )
        if odd := sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)):
            raise CheckpointError(
                f"the saved state does not fit this training: {odd[0]} is {found.get(odd[0], 'missing')} and should be "
                f"{expected.get(odd[0], 'left out')}; train its model further with --from"
            )
        for name, variable in self._everything().items():
            if not name.startswith("states/"):
                variable.assign(arrays[name])
        self._states = tuple(
            (tf.constant(arrays[f"states/{number}/h"]), tf.constant(arrays[f"states/{number}/c"]))
            for number in range(len(self.layers.lstms))
        )
        self.steps = steps

    def _everything(self) -> dict[str, Any]:
        named = {f"weights/{name}": variable for name, variable in self.layers.weights.items()}
        named |= {f"average/{name}": average for name, average in zip(self.layers.weights, self._averages, strict=False)}
        slots = (variable for variable in self._optimizer.variables if variable is not self._optimizer.learning_rate)
        named |= {f"optimizer/{number}": variable for number, variable in enumerate(slots)}
        named |= {f"noise/{number}": variable for number, variable in enumerate(self.layers.noise.states)}
        for number, (h, c) in enumerate(self._states):
            named |= {f"states/{number}/h": h, f"states/{number}/c": c}
        return named

    def _zero_states(self) -> States:
        each = self._training.batch_size // self._replicas
        if self._replicas == 1:
            return self.layers.zero_states(each)
        states: States = self._strategy.run(lambda: self.layers.zero_states(each))
        return states

    def _shared(self, array: NDArray[Any]) -> Tensor:
        """A batch's array as one part for every replica."""
        if self._replicas == 1:
            return tf.constant(array)
        parts = np.split(array, self._replicas)
        return self._strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(parts[context.replica_id_in_sync_group])
        )

    def _all_replicas(self, x: Tensor, y: Tensor, kept: Tensor, states: States, momentum: Tensor) -> tuple[Tensor, States]:
        loss, states = self._strategy.run(self._replica_step, args=(x, y, kept, states, momentum))
        return self._strategy.reduce(tf.distribute.ReduceOp.SUM, loss, axis=None), states

    def _replica_step(self, x: Tensor, y: Tensor, kept: Tensor, states: States, momentum: Tensor) -> tuple[Tensor, States]:
        states = tf.nest.map_structure(lambda state: state * kept, states)
        with tf.GradientTape() as tape:
            losses, states = nats(self.layers, x, y, states, self.layers.noise.masks(x.shape[0]))
            loss = tf.reduce_mean(losses) / self._replicas
            penalties = [penalty for lstm in self.layers.lstms for penalty in lstm.losses]
            objective = loss + tf.add_n(penalties) / self._replicas if penalties else loss
        gradients = tape.gradient(objective, [variable.value for variable in self._variables])
        gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
        if self._replicas > 1:
            # The norm to clip by is that of the whole batch's gradient, so the sum comes first. The optimiser sums once
            # more, over equal parts, hence the division.
            context = tf.distribute.get_replica_context()
            gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        if self._training.clip_norm:
            gradients, _ = tf.clip_by_global_norm(gradients, self._training.clip_norm)
        if self._replicas > 1:
            gradients = [gradient / self._replicas for gradient in gradients]
        self._optimizer.apply(gradients, self._variables)
        for average, variable in zip(self._averages, self._variables, strict=False):
            average.assign_add((1 - momentum) * (variable.value - average))
        return loss, states
