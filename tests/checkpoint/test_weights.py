"""Round trips of the weights, which any safetensors reader can read."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from charlstm.checkpoint.weights import WEIGHTS, read_weights, write_weights


def test_weights_round_trip_with_any_safetensors_reader(tmp_path, config, weights):
    write_weights(tmp_path, weights)
    for found in (read_weights(tmp_path, config.model), load_file(tmp_path / WEIGHTS)):
        assert set(found) == set(config.model.weight_shapes)
        for name, value in weights.items():
            assert found[name].dtype == np.float32
            np.testing.assert_array_equal(found[name], value)


def test_weights_are_read_in_layer_order(tmp_path, config, weights):
    write_weights(tmp_path, dict(reversed(weights.items())))
    assert list(read_weights(tmp_path, config.model)) == list(config.model.weight_shapes)


@pytest.mark.parametrize("name", ["lstm_1/kernel", "dense/kernel"])
@pytest.mark.parametrize(
    "arranged",
    [np.asfortranarray, lambda value: np.repeat(value, 2, axis=1)[:, ::2], lambda value: value.astype(">f4")],
    ids=["column-major", "with gaps", "big-endian"],
)
def test_weights_round_trip_from_any_memory_layout(tmp_path, config, weights, name, arranged):
    write_weights(tmp_path, {**weights, name: arranged(weights[name])})
    np.testing.assert_array_equal(read_weights(tmp_path, config.model)[name], weights[name])
