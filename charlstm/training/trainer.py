"""The training step and its state: weights, optimiser, carried states, random masks."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from charlstm.config import ModelConfig, TrainingConfig
from charlstm.errors import CheckpointError, TrainingError
from charlstm.nn.adam import Adam
from charlstm.nn.masks import Masks
from charlstm.nn.network import States, Tensor, array_of, build_layers
from charlstm.nn.row_parallelism import row_parallel_nats
from charlstm.text.batches import Batch
from charlstm.training.distributed.worker_group import WorkerGroup


class Trainer:
    """The weights, their EMA, the optimiser and the carried states, with the step that updates them.

    The step always runs under a ``tf.distribute`` strategy. A batch is split into one part per replica, gradients are summed,
    and every replica makes the same update. Random masks are drawn for the whole batch, so that the results do not depend on
    the number of replicas.

    Attributes:
        rows: The rows of a batch that this process reads.
        stop_asked: True if any process asked to stop at the last step.
        gradient_norm: Global norm of the last step's gradient, before it was clipped; 0 before the first step.
    """

    def __init__(self, model: ModelConfig, training: TrainingConfig, group: WorkerGroup | None = None) -> None:
        """Initialise from the recipe's random seed.

        Args:
            model: The network.
            training: The recipe.
            group: The workers that train; this process on one device if None.

        Raises:
            TrainingError: If the group cannot share a batch or a layer's masks evenly.
        """
        self.steps = 0
        self.stop_asked = False
        self.gradient_norm = 0.0
        self._training = training
        self._group = group or WorkerGroup()
        self._strategy = self._group.strategy
        self._replicas = self._group.replicas
        self.rows = self._group.rows(training.batch_size)
        with self._group.watched(), self._strategy.scope():  # all workers create every variable together
            self.layers = build_layers(model, training.precision, training.random_seed)
            self._variables = list(self.layers.weights.values())
            averaged = self.layers.weights if training.weight_average else {}
            self._averages = {name: tf.Variable(weight.value, trainable=False) for name, weight in averaged.items()}
            self._optimizer = Adam(
                self._variables,
                list(self._averages.values()),
                weight_decay=training.weight_decay,
                clip_norm=training.clip_norm,
            )
        if self._replicas > 1 and model.recurrent_dropout and self.layers.lstms[0].keras_path_because():
            raise TrainingError(
                f"`recurrent_dropout` needs one worker on one device here, since the layers run in Keras's own loop "
                f"({self.layers.lstms[0].keras_path_because()}); use `drop_connect` instead, or set CUDA_VISIBLE_DEVICES=0"
            )
        self._states = self._split_states(self.layers.initial_states(training.batch_size))
        self._run = tf.function(self._all_replicas, autograph=False)

    def step(self, batch: Batch, learning_rate: float, *, ask_to_stop: bool = False) -> float:
        """Make one update.

        Args:
            batch: The windows to learn: this process's ``rows`` of the batch.
            learning_rate: Learning rate of this step.
            ask_to_stop: Ask all processes to stop. If any process asks, ``stop_asked`` is True in all of them afterwards.

        Returns:
            Mean nats per character over the whole batch, before the update, without regularisers.

        Raises:
            GroupError: If another process is lost.
        """
        # The momentum of the EMA rises to its final value, so that the EMA forgets the initial weights.
        momentum = min(self._training.weight_average, (1 + self.steps) / (10 + self.steps))
        shared = (self._distribute(array) for array in (*batch, np.full(self._group.replicas_here, ask_to_stop, np.float32)))
        with self._group.watched():
            (loss, asked, norm), self._states = self._run(
                *shared, self._states, tf.constant(learning_rate, tf.float32), tf.constant(momentum, tf.float32)
            )
            self.stop_asked, self.gradient_norm = float(asked) > 0, float(norm)
        self.steps += 1
        return float(loss)

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Return the weights of the model: their EMA if the recipe uses one."""
        return {name: array_of(variable) for name, variable in (self._averages or self.layers.weights).items()}

    def assign(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Replace the random initial weights by other ones."""
        self.layers.assign(weights)
        for name, average in self._averages.items():
            average.assign(self.layers.weights[name].value)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Return everything that the next step depends on, as arrays by name."""
        arrays = {name: array_of(variable) for name, variable in self._variables_by_name().items()}
        for number, (h, c) in enumerate(self._states):
            arrays |= {f"states/{number}/h": self._gather(h), f"states/{number}/c": self._gather(c)}
        return arrays

    def layout(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Return the shape and the type of each array of a snapshot."""
        layout = {
            name: (tuple(variable.shape), tf.as_dtype(variable.dtype).name)
            for name, variable in self._variables_by_name().items()
        }
        for number, lstm in enumerate(self.layers.lstms):
            layout |= {f"states/{number}/{name}": ((self._training.batch_size, lstm.units), "float32") for name in "hc"}
        return layout

    def restore(self, arrays: Mapping[str, NDArray[Any]], steps: int) -> None:
        """Restore the state of a :meth:`snapshot`.

        Args:
            arrays: The snapshot.
            steps: Number of steps made before the snapshot.

        Raises:
            CheckpointError: If the arrays belong to another network or recipe.
        """
        found, expected = {name: (array.shape, array.dtype.name) for name, array in arrays.items()}, self.layout()
        if mismatched := sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)):
            name = mismatched[0]
            raise CheckpointError(
                f"the saved state does not fit this training: {name} is {found.get(name, 'missing')} and should be "
                f"{expected.get(name, 'left out')}; train its model further with `base`"
            )
        for name, variable in self._variables_by_name().items():
            variable.assign(arrays[name])
        states = ((arrays[f"states/{number}/h"], arrays[f"states/{number}/c"]) for number in range(len(self.layers.lstms)))
        self._states = self._split_states(tuple(states))
        self.steps = steps

    def _variables_by_name(self) -> dict[str, keras.Variable]:
        """Return the variables by name, without the carried states."""
        named = {f"weights/{name}": variable for name, variable in self.layers.weights.items()}
        named |= {f"average/{name}": average for name, average in self._averages.items()}
        named |= {f"optimizer/{number}": variable for number, variable in enumerate(self._optimizer.variables)}
        return named | {f"noise/{number}": variable for number, variable in enumerate(self.layers.noise.states)}

    def _split_states(self, states: States) -> States:
        """Split the states of all rows into those that each replica carries."""
        return tuple((self._distribute(h[self.rows]), self._distribute(c[self.rows])) for h, c in states)

    def _gather(self, state: Tensor) -> NDArray[np.float32]:
        """Return a state's rows from every replica of every process."""
        here = np.concatenate([part.numpy() for part in self._strategy.experimental_local_results(state)])
        whole = np.zeros((self._training.batch_size, here.shape[1]), np.float32)
        whole[self.rows] = here
        return self._group.sum(whole.view(np.int32)).view(np.float32)

    def _distribute(self, array: Any) -> Tensor:
        """Split the rows of this process among its replicas."""
        if self._group.replicas_here == 1:
            return tf.constant(array)
        parts = np.split(np.asarray(array), self._group.replicas_here)
        return self._strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(parts[context.replica_id_in_sync_group % self._group.replicas_here])
        )

    def _all_replicas(
        self, x: Tensor, y: Tensor, kept: Tensor, ask: Tensor, states: States, learning_rate: Tensor, momentum: Tensor
    ) -> tuple[tuple[Tensor, Tensor, Tensor], States]:
        masks = self.layers.noise.masks(self._training.batch_size)
        arguments = (x, y, kept, ask, states, masks, learning_rate, momentum)
        *values, states = self._strategy.run(self._replica_step, args=arguments)
        loss, asked, norm = (self._strategy.experimental_local_results(value)[0] for value in values)
        return (loss, asked, norm), states

    def _replica_step(
        self,
        x: Tensor,
        y: Tensor,
        kept: Tensor,
        ask: Tensor,
        states: States,
        masks: Masks,
        learning_rate: Tensor,
        momentum: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, States]:
        context = tf.distribute.get_replica_context()
        states = tf.nest.map_structure(lambda state: state * kept, states)
        first = context.replica_id_in_sync_group * x.shape[0]
        masks = tuple(each.rows(slice(first, first + x.shape[0])) for each in masks)
        with tf.GradientTape() as tape:
            losses, states = row_parallel_nats(self.layers, x, y, states, masks)
            loss = tf.reduce_mean(losses) / self._replicas
            penalties = [penalty for lstm in self.layers.lstms for penalty in lstm.losses]
            objective = loss + tf.add_n(penalties) / self._replicas if penalties else loss
        gradients = tape.gradient(objective, [variable.value for variable in self._variables])
        asked = tf.reduce_sum(ask)
        if self._replicas > 1:
            *gradients, loss, asked = _all_reduce(context, [*map(tf.convert_to_tensor, gradients), loss, asked])
        norm = self._optimizer.apply(gradients, learning_rate, momentum)
        return loss, asked, norm, states


def _all_reduce(context: tf.distribute.ReplicaContext, tensors: list[Tensor]) -> list[Tensor]:
    """Return the sums of tensors over all replicas, in a single all-reduce to keep the waiting time low."""
    shapes = [tensor.shape for tensor in tensors]
    flat = context.all_reduce(tf.distribute.ReduceOp.SUM, tf.concat([tf.reshape(tensor, [-1]) for tensor in tensors], 0))
    parts = tf.split(flat, [shape.num_elements() for shape in shapes])
    return [tf.reshape(part, shape) for part, shape in zip(parts, shapes, strict=True)]
