"""Random networks without TensorFlow."""

from collections.abc import Callable

import numpy as np
import pytest

from charlstm.config import ModelConfig
from charlstm.inference.lstm import Array
from charlstm.inference.network import Network, build_network

Weights = dict[str, Array]


def random_weights(config: ModelConfig, random_seed: int = 0, scale: float = 0.5) -> Weights:
    random = np.random.default_rng(random_seed)
    return {name: random.normal(0, scale, shape).astype(np.float32) for name, shape in config.weight_shapes.items()}


@pytest.fixture
def make_network() -> Callable[..., Network]:
    def make(random_seed: int = 0, **options: object) -> Network:
        config = ModelConfig(**{"vocabulary_size": 7, "seq_len": 6, "units": (5, 4), **options})
        return build_network(config, random_weights(config, random_seed))

    return make
