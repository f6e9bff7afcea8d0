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
from charlstm.training.distributed.all_reduce import all_reduce
from charlstm.training.distributed.worker_group import WorkerGroup

MESSAGE = 3
"""Number of float32 that a process adds to the exchange of a step: see ``distributed/agreement.py``."""


class Trainer:
    """The weights, their EMA, the optimiser and the carried states, with the step that updates them.

    The step always runs under a ``tf.distribute`` strategy. A batch is split into one part per replica, gradients are summed,
    and every replica makes the same update. Random masks are drawn for the whole batch, so that the results do not depend on
    the number of replicas.

    Attributes:
        group: The workers that train.
        rows: The rows of a batch that this process reads.
        received: Sum of all processes' messages at the last step.
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
        self.received = np.zeros(MESSAGE, np.float32)
        self.gradient_norm = 0.0
        self._training = training
        self.group = group or WorkerGroup()
        self._strategy = self.group.strategy
        self._replicas = self.group.replicas
        self.rows = self.group.rows(training.batch_size)
        with self.group.watched(), self._strategy.scope():  # all workers create every variable together
            self.layers = build_layers(model, training.precision, training.random_seed)
            self._variables = list(self.layers.weights.values())
            averaged = self.layers.weights if training.weight_average else {}
            self._averages = {name: tf.Variable(weight.value, trainable=False) for name, weight in averaged.items()}
            self._optimizer = Adam(
                self._variables,
                list(self._averages.values()),
                weight_decay=training.weight_decay,
                clip_norm=training.clip_norm,
                # The first weight reads the characters.
                rate_multipliers=[training.input_rate_multiplier, *[1.0] * (len(self._variables) - 1)],
            )
        if self._replicas > 1 and model.recurrent_dropout and self.layers.lstms[0].keras_path_because():
            raise TrainingError(
                f"`recurrent_dropout` needs one worker on one device here, since the layers run in Keras's own loop "
                f"({self.layers.lstms[0].keras_path_because()}); use `drop_connect` instead, or set CUDA_VISIBLE_DEVICES=0"
            )
        self._states = self._split_states(self.layers.initial_states(training.batch_size))
        self._run = tf.function(self._all_replicas, autograph=False)

    def step(self, batch: Batch, learning_rate: float, message: NDArray[np.float32] | None = None) -> float:
        """Make one update.

        Args:
            batch: The windows to learn: this process's ``rows`` of the batch.
            learning_rate: Learning rate of this step.
            message: Numbers of this process that travel with its gradients, ``[MESSAGE]``. Their sum over all processes is
                in ``received`` afterwards. None for zeros.

        Returns:
            Mean nats per character over the whole batch, before the update, without regularisers.

        Raises:
            GroupError: If another process is lost.
        """
        # The momentum of the EMA rises to its final value, so that the EMA forgets the initial weights.
        momentum = min(self._training.weight_average, (1 + self.steps) / (10 + self.steps))
        messages = np.zeros((self.group.replicas_here, MESSAGE), np.float32)
        messages[0] = 0.0 if message is None else message
        shared = (self._distribute(array) for array in (*batch, messages))
        with self.group.watched():
            (loss, received, norm), self._states = self._run(
                *shared, self._states, tf.constant(learning_rate, tf.float32), tf.constant(momentum, tf.float32)
            )
            self.received, self.gradient_norm = received.numpy(), float(norm)
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
        return arrays | self._gathered_states()

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
        """Restore the state of a :meth:`snapshot`, in every worker that of the chief; all workers call this together.

        Args:
            arrays: The snapshot; only the chief's is used.
            steps: Number of steps made before the snapshot.

        Raises:
            CheckpointError: If the arrays belong to another network or recipe.
        """
        layout = self.layout()
        if not self.group.cluster.is_chief:
            arrays = {name: np.zeros(shape, kind) for name, (shape, kind) in layout.items()}
        found = {name: (array.shape, array.dtype.name) for name, array in arrays.items()}
        if mismatched := sorted(name for name in found.keys() | layout.keys() if found.get(name) != layout.get(name)):
            name = mismatched[0]
            raise CheckpointError(
                f"the saved state does not fit this training: {name} is {found.get(name, 'missing')} and should be "
                f"{layout.get(name, 'left out')}; train its model further with `base`"
            )
        if self.group.size > 1:
            arrays = {name: self.group.broadcast(arrays[name]) for name in layout}
        for name, variable in self._variables_by_name().items():
            variable.assign(arrays[name])
        states = ((arrays[f"states/{number}/h"], arrays[f"states/{number}/c"]) for number in range(len(self.layers.lstms)))
        self._states = self._split_states(tuple(states))
        self.steps = self.group.share(steps)

    def _variables_by_name(self) -> dict[str, keras.Variable]:
        """Return the variables by name, without the carried states."""
        named = {f"weights/{name}": variable for name, variable in self.layers.weights.items()}
        named |= {f"average/{name}": average for name, average in self._averages.items()}
        named |= {f"optimizer/{number}": variable for number, variable in enumerate(self._optimizer.variables)}
        return named | {f"noise/{number}": variable for number, variable in enumerate(self.layers.noise.states)}

    def _split_states(self, states: States) -> States:
        """Split the states of all rows into those that each replica carries."""
        return tuple((self._distribute(h[self.rows]), self._distribute(c[self.rows])) for h, c in states)

    def _gathered_states(self) -> dict[str, NDArray[np.float32]]:
        """Return the carried states by name, with the rows of every replica of every process."""
        found = {}
        for number, pair in enumerate(self._states):
            for name, state in zip("hc", pair, strict=True):
                here = np.concatenate([part.numpy() for part in self._strategy.experimental_local_results(state)])
                found[f"states/{number}/{name}"] = whole = np.zeros((self._training.batch_size, here.shape[1]), np.float32)
                whole[self.rows] = here
        # One exchange for all of them: their columns side by side.
        total = self.group.sum(np.concatenate(list(found.values()), 1).view(np.int32)).view(np.float32)
        columns = np.cumsum([whole.shape[1] for whole in found.values()])[:-1]
        return {name: np.ascontiguousarray(part) for name, part in zip(found, np.split(total, columns, 1), strict=True)}

    def _distribute(self, array: Any) -> Tensor:
        """Split the rows of this process among its replicas."""
        if self.group.replicas_here == 1:
            return tf.constant(array)
        parts = np.split(np.asarray(array), self.group.replicas_here)
        return self._strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(parts[context.replica_id_in_sync_group % self.group.replicas_here])
        )

    def _all_replicas(
        self, x: Tensor, y: Tensor, kept: Tensor, message: Tensor, states: States, learning_rate: Tensor, momentum: Tensor
    ) -> tuple[tuple[Tensor, Tensor, Tensor], States]:
        masks = self.layers.noise.masks(self._training.batch_size)
        arguments = (x, y, kept, message, states, masks, learning_rate, momentum)
        *values, states = self._strategy.run(self._replica_step, args=arguments)
        loss, received, norm = (self._strategy.experimental_local_results(value)[0] for value in values)
        return (loss, received, norm), states

    def _replica_step(
        self,
        x: Tensor,
        y: Tensor,
        kept: Tensor,
        message: Tensor,
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
        received = tf.reduce_sum(message, 0)
        if self._replicas > 1:
            gradients, exact = all_reduce(
                [*map(tf.convert_to_tensor, gradients)], tf.concat([[loss], received], 0), self._training.gradient_precision
            )
            loss, received = exact[0], exact[1:]
        norm = self._optimizer.apply(gradients, learning_rate, momentum)
        return loss, received, norm, states
