"""Random weights, a text, and layers with planted cells for the inspection tests."""

import numpy as np
import pytest

from charlstm.config import ModelConfig
from charlstm.inspection.activations import Activations
from charlstm.inspection.readable_cells import PROPERTIES

TEXT = 'He said: "No (not now)." Then\n\nshe left, "open\n\nagain. In 1984 and 7 Xs'


def random_weights(config: ModelConfig, random_seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(random_seed)
    return {name: random.normal(0, 0.5, shape).astype(np.float32) for name, shape in config.weight_shapes.items()}


def planted_cells() -> tuple[str, tuple[Activations, ...]]:
    """Return two layers of noise in which one cell follows the quotes and another the line, negatively."""
    text = "".join(TEXT + "\n" + "and so on " * number for number in (1, 4, 2, 7, 3, 5, 0, 6))  # not periodic
    random = np.random.default_rng(0)
    layers = [random.normal(0, 1, (6, len(text), units)).astype(np.float32) for units in (9, 7)]
    layers[1][4, :, 3] = 2 + 5 * np.array(PROPERTIES["inside quotes"](text)) + random.normal(0, 0.5, len(text))
    layers[0][4, :, 8] = -np.array(PROPERTIES["characters since the line began"](text)) + np.arange(len(text))  # with a trend
    layers[1][4, :, 0] = np.arange(len(text))  # a trend alone
    return text, tuple(Activations(values) for values in layers)


@pytest.fixture
def planted() -> tuple[str, tuple[Activations, ...]]:
    return planted_cells()
