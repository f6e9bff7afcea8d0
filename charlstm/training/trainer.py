"""The training step, and everything that it changes."""

from collections.abc import Mapping
from typing import Any

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
    """Weights, their average, optimiser, carried states, and the step that advances them all.

    The step always runs under a ``tf.distribute`` strategy: a batch is cut into as many parts as the strategy has replicas,
    gradients are summed, and every replica makes the same update. With one device that is one part. What is random is drawn
    for the whole batch, so that the numbers do not depend on how many share it.

    Attributes:
        rows: The rows of a batch that this process reads.
        stop_asked: Whether any process asked to stop at the last step.
    """

    def __init__(self, model: ModelConfig, training: TrainingConfig, group: WorkerGroup | None = None) -> None:
        """Initialise from the recipe's random seed.

        Args:
            model: The network.
            training: The recipe.
            group: Who trains; this process alone, on one device, if None.

        Raises:
            TrainingError: If the group cannot share a batch, or the masks of a layer.
        """
        self.steps = 0
        self.stop_asked = False
        self._training = training
        self._group = group or WorkerGroup()
        self._strategy = self._group.strategy
        self._replicas = self._group.replicas
        self.rows = self._group.rows(training.batch_size)
        with self._group.watched(), self._strategy.scope():  # every variable is made by all workers together
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
                f"--recurrent-dropout needs one worker on one device here, since the layers run in Keras's own loop "
                f"({self.layers.lstms[0].keras_path_because()}); use --drop-connect in its place, or CUDA_VISIBLE_DEVICES=0"
            )
        self._states = self._divided(self.layers.zero_states(training.batch_size))
        self._run = tf.function(self._all_replicas, autograph=False)

    def step(self, batch: Batch, learning_rate: float, *, ask_to_stop: bool = False) -> float:
        """Make one update.

        Args:
            batch: The windows to learn: this process's ``rows`` of the batch.
            learning_rate: Of this step.
            ask_to_stop: Ask all processes to stop; what they asked is ``stop_asked`` then.

        Returns:
            Mean nats per character over the whole batch, before the update, without regularisers.

        Raises:
            GroupError: If another process is gone.
        """
        # The average's momentum rises to its value, so that it does not remember the initial weights.
        momentum = min(self._training.weight_average, (1 + self.steps) / (10 + self.steps))
        shared = (self._spread(array) for array in (*batch, np.full(self._group.replicas_here, ask_to_stop, np.float32)))
        with self._group.watched():
            (loss, asked), self._states = self._run(
                *shared, self._states, tf.constant(learning_rate, tf.float32), tf.constant(momentum, tf.float32)
            )
            self.stop_asked = float(asked) > 0
        self.steps += 1
        return float(loss)

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """The model as it stands: the average of the weights where the recipe asks for one."""
        return {name: array_of(variable) for name, variable in (self._averages or self.layers.weights).items()}

    def assign(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Start from given weights in place of random ones."""
        self.layers.assign(weights)
        for name, average in self._averages.items():
            average.assign(self.layers.weights[name].value)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Everything that the next step depends on, as arrays by name."""
        arrays = {name: array_of(variable) for name, variable in self._kept().items()}
        for number, (h, c) in enumerate(self._states):
            arrays |= {f"states/{number}/h": self._whole(h), f"states/{number}/c": self._whole(c)}
        return arrays

    def layout(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """The shape and type of each array of a snapshot."""
        layout = {name: (tuple(variable.shape), tf.as_dtype(variable.dtype).name) for name, variable in self._kept().items()}
        for number, lstm in enumerate(self.layers.lstms):
            layout |= {f"states/{number}/{name}": ((self._training.batch_size, lstm.units), "float32") for name in "hc"}
        return layout

    def restore(self, arrays: Mapping[str, NDArray[Any]], steps: int) -> None:
        """Take up where :meth:`snapshot` was made.

        Args:
            arrays: What it returned.
            steps: How many steps had been made.

        Raises:
            CheckpointError: If they are those of another network or recipe.
        """
        found, expected = {name: (array.shape, array.dtype.name) for name, array in arrays.items()}, self.layout()
        if odd := sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)):
            raise CheckpointError(
                f"the saved state does not fit this training: {odd[0]} is {found.get(odd[0], 'missing')} and should be "
                f"{expected.get(odd[0], 'left out')}; train its model further with --from"
            )
        for name, variable in self._kept().items():
            variable.assign(arrays[name])
        states = ((arrays[f"states/{number}/h"], arrays[f"states/{number}/c"]) for number in range(len(self.layers.lstms)))
        self._states = self._divided(tuple(states))
        self.steps = steps

    def _kept(self) -> dict[str, Any]:
        """The variables, by name; the states are not among them."""
        named = {f"weights/{name}": variable for name, variable in self.layers.weights.items()}
        named |= {f"average/{name}": average for name, average in self._averages.items()}
        named |= {f"optimizer/{number}": variable for number, variable in enumerate(self._optimizer.variables)}
        return named | {f"noise/{number}": variable for number, variable in enumerate(self.layers.noise.states)}

    def _divided(self, states: States) -> States:
        """The states of all rows as those that each replica carries."""
        return tuple((self._spread(h[self.rows]), self._spread(c[self.rows])) for h, c in states)

    def _whole(self, state: Tensor) -> NDArray[np.float32]:
        """A state's rows in every replica of every process."""
        if self._replicas == 1:
            return array_of(state)
        here = np.concatenate([part.numpy() for part in self._strategy.experimental_local_results(state)])
        whole = np.zeros((self._training.batch_size, here.shape[1]), np.float32)
        whole[self.rows] = here
        return self._group.sum(whole.view(np.int32)).view(np.float32)

    def _spread(self, array: Any) -> Tensor:
        """The rows of this process, a part of them for each of its replicas."""
        if self._group.replicas_here == 1:
            return tf.constant(array)
        parts = np.split(np.asarray(array), self._group.replicas_here)
        return self._strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(parts[context.replica_id_in_sync_group % self._group.replicas_here])
        )

    def _all_replicas(
        self, x: Tensor, y: Tensor, kept: Tensor, ask: Tensor, states: States, learning_rate: Tensor, momentum: Tensor
    ) -> tuple[tuple[Tensor, Tensor], States]:
        masks = self.layers.noise.masks(self._training.batch_size)
        arguments = (x, y, kept, ask, states, masks, learning_rate, momentum)
        loss, asked, states = self._strategy.run(self._replica_step, args=arguments)
        loss, asked = (self._strategy.experimental_local_results(value)[0] for value in (loss, asked))
        return (loss, asked), states

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
    ) -> tuple[Tensor, Tensor, States]:
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
            *gradients, loss, asked = _total(context, [*map(tf.convert_to_tensor, gradients), loss, asked])
        self._optimizer.apply(gradients, learning_rate, momentum)
        return loss, asked, states


def _total(context: tf.distribute.ReplicaContext, tensors: list[Tensor]) -> list[Tensor]:
    """The sums of tensors over all replicas, in one exchange: the fewer there are, the less is waited for."""
    shapes = [tensor.shape for tensor in tensors]
    flat = context.all_reduce(tf.distribute.ReduceOp.SUM, tf.concat([tf.reshape(tensor, [-1]) for tensor in tensors], 0))
    parts = tf.split(flat, [shape.num_elements() for shape in shapes])
    return [tf.reshape(part, shape) for part, shape in zip(parts, shapes, strict=True)]
