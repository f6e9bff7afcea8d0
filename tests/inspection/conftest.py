"""Random weights for the inspection tests."""

import numpy as np

from charlstm.config import ModelConfig


def random_weights(config: ModelConfig, random_seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(random_seed)
    return {name: random.normal(0, 0.5, shape).astype(np.float32) for name, shape in config.weight_shapes.items()}
