"""Tests of the weights by gate."""

import numpy as np
import pytest

from charlstm.config import ModelConfig
from charlstm.inspection.gate_weights import weights
from tests.inspection.conftest import random_weights


@pytest.fixture
def config():
    return ModelConfig(vocabulary_size=7, seq_len=9, units=(5, 4))


def test_every_part_matches_its_columns(config):
    values = random_weights(config)
    second = weights(config, values).layers[1]
    parts = {part.name: part for part in second.parts}
    assert list(parts) == ["W_i", "W_f", "W_c", "W_o", "U_i", "U_f", "U_c", "U_o", "b_i", "b_f", "b_c", "b_o"]
    for letter, name in (("W", "kernel"), ("U", "recurrent_kernel"), ("b", "bias")):
        for at, gate in enumerate("ifco"):
            block, part = values[f"lstm_2/{name}"][..., 4 * at : 4 * at + 4], parts[f"{letter}_{gate}"]
            assert part.columns == [4 * at, 4 * at + 4]
            assert part.shape == list(block.shape)
            assert part.norm == pytest.approx(np.sqrt((block.astype(float) ** 2).sum()))
            assert (part.least, part.greatest) == (block.min(), block.max())
            assert part.mean == pytest.approx(block.mean(), abs=1e-6)
            assert sum(part.histogram) == block.size


def test_histogram_is_centred_on_zero(config):
    values = random_weights(config)
    values["lstm_1/bias"][:] = 0
    values["lstm_1/bias"][0] = 3.0
    part = weights(config, values).layers[0].parts[8]
    assert part.histogram == [0] * 7 + [4] + [0] * 6 + [1]
    assert part.histogram_reaches == 3


def test_example_has_the_shapes_of_an_lstm_of_10_units(config):
    example = weights(config, random_weights(config)).example
    assert [example.kernel, example.recurrent_kernel, example.bias] == [[8, 40], [10, 40], [40]]


def test_no_bias_parts_without_bias():
    config = ModelConfig(vocabulary_size=7, units=(5,), use_bias=False)
    assert len(weights(config, random_weights(config)).layers[0].parts) == 8
