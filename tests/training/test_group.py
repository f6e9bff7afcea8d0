"""Several processes, or several devices, against one: real processes over the loopback."""

import numpy as np
import pytest

from tests.together import trained_together

SETTINGS = {
    "model": {
        "vocabulary_size": 30,
        "seq_len": 12,
        "units": [24, 16],
        "dropout": 0.2,
        "drop_connect": 0.3,
        "recurrent_dropout": 0.1,
    },
    "training": {
        "batch_size": 64,
        "weight_average": 0.9,
        "weight_decay": 0.01,
        "clip_norm": 0.05,
        "state_reset": 0.1,
        "precision": "float32",
    },
    "steps": 50,
}


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    (result,) = trained_together(SETTINGS, 1, tmp_path_factory.mktemp("alone"))
    return result


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        size = np.linalg.norm(value.astype(np.float64))
        assert np.linalg.norm(found[name].astype(np.float64) - value) <= 1e-5 * size, name


def test_two_workers_of_32_are_one_of_64(alone, tmp_path):
    first, second = trained_together(SETTINGS, 2, tmp_path)
    assert_same(first, alone)
    for name, value in first.items():  # states and all, to the bit
        np.testing.assert_array_equal(value, second[name])


def test_two_devices_of_one_process_are_one(alone, tmp_path):
    (mirrored,) = trained_together({**SETTINGS, "devices": 2}, 1, tmp_path)
    assert_same(mirrored, alone)
