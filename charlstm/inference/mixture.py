"""A mixture of networks: the weighted geometric mean of their next-character distributions, each with its own state.

A mixture is a :class:`charlstm.inference.network.Network`, so it generates and is scored like any other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from charlstm.config import ModelConfig
from charlstm.errors import ConfigError
from charlstm.formatting import exactly
from charlstm.inference.lstm import Array, LayerState
from charlstm.inference.network import LstmNetwork, Network, State, Workspace
from charlstm.text.vocabulary import Ids, Vocabulary


@dataclass(frozen=True)
class Component:
    """A network of a mixture.

    Attributes:
        network: The network, with V characters of its own.
        weight: The exponent of its distribution; the weights of a mixture sum to 1.
        ids: Its ids of the common characters: ``[K]``.
    """

    network: LstmNetwork
    weight: float
    ids: NDArray[np.int64]


@dataclass(frozen=True)
class Mixture(Network):
    """Networks that read the same text and choose its next character together.

    The probability of a character is proportional to ``p_1 ** w_1 * p_2 ** w_2 ...`` (a product of experts, Hinton 2002): its
    logit is the weighted sum of the networks' logits. The characters are those that all networks know.

    The state has the layers of all networks, the first one's first, and a last layer whose ``h`` holds the last ``h`` of each,
    side by side: ``[B, u_1 + u_2 ...]``.

    Attributes:
        components: The networks, with their weights.
    """

    components: tuple[Component, ...]

    @cached_property
    def _ends(self) -> list[int]:
        """The columns of the joint ``h`` at which each component's part ends."""
        units = [component.network.config.units[-1] for component in self.components]
        return [sum(units[: number + 1]) for number in range(len(units))]

    def initial_state(self, batch: int) -> State:
        """See :meth:`charlstm.inference.network.Network.initial_state`."""
        layers = [layer for component in self.components for layer in component.network.initial_state(batch)]
        joint = LayerState(np.zeros((batch, self._ends[-1]), np.float32), np.zeros((batch, 0), np.float32))
        return (*layers, joint)

    def workspace(self, batch: int) -> Workspace:
        """See :meth:`charlstm.inference.network.Network.workspace`."""
        return tuple(scratch for component in self.components for scratch in component.network.workspace(batch))

    def step(self, ids: Ids, state: State, workspace: Workspace | None = None) -> Array:
        """See :meth:`charlstm.inference.network.Network.step`; the ids number the common characters."""
        workspace = workspace or self.workspace(len(ids))
        first, joint = 0, state[-1].h
        for component, end in zip(self.components, self._ends, strict=True):
            layers = slice(first, first + len(component.network.layers))
            h = component.network.step(component.ids[ids], state[layers], workspace[layers])
            joint[:, end - h.shape[1] : end] = h
            first = layers.stop
        return joint

    def logits(self, h: Array) -> Array:
        """Return the weighted sum of the networks' logits: ``[B, u_1 + u_2 ...] -> [B, K]``."""
        parts = np.split(h, self._ends[:-1], axis=-1)
        mixed = [
            np.float32(component.weight) * component.network.logits(part)[..., component.ids]
            for component, part in zip(self.components, parts, strict=True)
        ]
        result: Array = np.sum(mixed, axis=0)
        return result


def mixture(networks: Sequence[tuple[LstmNetwork, Vocabulary, float]]) -> tuple[Mixture, Vocabulary]:
    """Return a mixture and its vocabulary: the characters that all networks know.

    Args:
        networks: Networks with their vocabularies and weights. The first one gives the window.

    Raises:
        ConfigError: If a weight is not between 0 and 1, they do not sum to 1, or fewer than two characters are common.
    """
    weights = [weight for *_, weight in networks]
    if not (min(weights) > 0 and abs(sum(weights) - 1) <= 1e-9):  # False for NaN
        raise ConfigError(setting="models", expected="weights above 0 whose sum is 1", found=weights)
    common = "".join(sorted(set.intersection(*(set(vocabulary.characters) for _, vocabulary, _ in networks))))
    if len(common) < 2:
        found = exactly(len(common), "character")
        raise ConfigError(setting="models", reason=f"they have {found} in common; a mixture needs two")
    components = tuple(
        Component(network, weight, vocabulary.encode(common).astype(np.int64)) for network, vocabulary, weight in networks
    )
    return Mixture(_config(components, len(common)), components), Vocabulary(common)


def _config(components: Sequence[Component], characters: int) -> ModelConfig:
    """Return the configuration of a mixture: the first network's, with the layers of all, for estimates of time and memory."""
    configs = [component.network.config for component in components]
    units = tuple(units for config in configs for units in config.units)
    return replace(configs[0], vocabulary_size=characters, units=units, encoding="one-hot")
