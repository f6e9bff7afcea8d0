"""Validation: the nats per character of a network on a text, in one pass with carried state."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from charlstm.config import ModelConfig
from charlstm.nn.network import States, Tensor, build_layers
from charlstm.nn.row_parallelism import row_parallel_nats
from charlstm.text.scoring import ScoringPass, clip_nats, scoring_pass
from charlstm.text.vocabulary import Ids


class Validator:
    """A scorer of weights on one text.

    It has its own layers, which predict at every position whatever the model's targets are. Scoring therefore does not change
    the weights, the carried states or the counters of the dropout masks in training.
    """

    def __init__(self, config: ModelConfig, ids: Ids, naming: NDArray[np.float64] | None = None) -> None:
        """Prepare to score networks of a configuration on a text.

        Args:
            config: Configuration of the networks.
            ids: The text: ``[N]``, at least two characters.
            naming: From :meth:`charlstm.text.vocabulary.Vocabulary.naming_nats`; None for a model without a placeholder.
        """
        self._naming = 0.0 if naming is None else float(naming[1:].mean())
        self._layers = build_layers(replace(config, targets="every"))
        self._pass = scoring_pass(ids, config.vocabulary_size)

    def nats_per_char(self, weights: Mapping[str, NDArray[np.float32]]) -> float:
        """Return the mean negative log-likelihood of each character given all characters before it.

        The result is NaN or infinite if the network's outputs are. If only a state that is carried through the whole text grows
        without bound, the text is read again in one piece, and each character costs at most
        :data:`charlstm.text.scoring.MAX_NATS`.
        """
        self._layers.assign(weights)
        total, nats, _ = self._read(self._pass)
        if not math.isfinite(total) or self._pass.agrees(nats):
            return total / self._pass.characters + self._naming
        _, nats, counted = self._read(self._pass.in_one_piece())
        return float(clip_nats(nats)[counted].mean(dtype=np.float64)) + self._naming

    def _read(self, scoring: ScoringPass) -> tuple[float, NDArray[np.float32], NDArray[np.bool_]]:
        """Return the sum of the counted nats of a pass, all nats, and a mask of the counted ones, both ``[S, T]``."""
        states, total = self._layers.initial_states(scoring.rows), 0.0
        nats, counted = [], []
        for chunk in scoring.chunks():
            sum_of_losses, losses, states = self._chunk(*map(tf.constant, chunk), states)
            total += float(sum_of_losses)
            nats.append(losses.numpy())
            counted.append(chunk.counted == 1)
        return total, np.concatenate(nats, 1), np.concatenate(counted, 1)

    def rehearse(self, clock: Callable[[], float]) -> float:
        """Estimate the seconds of a pass from the time of its first chunk, the faster of two runs after compiling."""
        states, looks = self._layers.initial_states(self._pass.rows), [clock()]
        for _ in range(3):
            sum_of_losses, _, _ = self._chunk(*map(tf.constant, next(self._pass.chunks())), states)
            float(sum_of_losses)
            looks.append(clock())
        return min(looks[2] - looks[1], looks[3] - looks[2]) * self._pass.pieces

    @tf.function(autograph=False)
    def _chunk(self, x: Tensor, y: Tensor, counted: Tensor, kept: Tensor, states: States) -> tuple[Tensor, Tensor, States]:
        states = tf.nest.map_structure(lambda state: tf.math.multiply_no_nan(state, kept), states)
        losses, states = row_parallel_nats(self._layers, x, y, states)
        return tf.reduce_sum(tf.math.multiply_no_nan(losses, counted)), losses, states
