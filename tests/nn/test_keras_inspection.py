"""Tests of the answers that Keras gives to ``inspect``."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from charlstm.config import ModelConfig
from charlstm.inspection.outputs import kernel
from charlstm.inspection.step import one_step
from charlstm.nn.keras_inspection import (
    keras_activations,
    keras_kernel,
    keras_shapes,
    keras_state,
    keras_step,
    keras_time_distributed,
    keras_units,
    keras_weights,
)
from tests.inspection.conftest import random_weights

WINDOW = np.random.default_rng(0).integers(0, 7, 9).astype(np.uint8)


@pytest.fixture(
    params=[
        pytest.param({}, marks=pytest.mark.slow),
        pytest.param({"encoding": "embedding", "embedding_size": 3}, marks=pytest.mark.slow),
        {"encoding": "scalar", "targets": "last"},
    ],
    ids=str,
)
def config(request):
    return ModelConfig(**{"vocabulary_size": 7, "seq_len": 9, "units": (5, 4), **request.param})


def test_parameter_counts(config):
    found = keras_shapes(config)
    assert found.one_unit == {1: 12, 2: 16}
    assert found.parameters == sum(np.prod(shape) for shape in config.weight_shapes.values())
    assert keras_weights() == {"kernel": [8, 40], "recurrent_kernel": [10, 40], "bias": [40]}


def test_step_equals_keras_and_a_wrong_step_is_reported(config):
    values, random = random_weights(config), np.random.default_rng(1)
    before = [tuple(random.normal(0, 1, (2, size)).astype(np.float32)) for size in config.units]
    found = one_step(config, values, before, 3)
    for layer in keras_step(config, values, found).layers:
        assert max(layer.largest_difference.to_dict().values()) < 1e-6
    found.layers[1].c[0] += 0.5
    assert keras_step(config, values, found).layers[1].largest_difference.c == pytest.approx(0.5)


def test_only_a_stateful_layer_carries_its_state_until_reset(config):
    found = keras_state(config, random_weights(config), WINDOW)
    assert found.ordinary_layer_again == 0
    assert found.stateful_layer_again > 1e-4
    assert found.stateful_layer_after_reset_state == 0
    assert found.predict_again == pytest.approx(found.stateful_layer_again, rel=1e-3)
    assert found.predict_after_fit == pytest.approx(found.stateful_layer_again, rel=1e-3)
    assert found.batches_of_one_against_rows_of_three < 1e-6
    once, twice, reset = found.norms_of_c
    assert 0 == reset < once != twice
    if tuple(map(int, keras.__version__.split(".")[:2])) >= (3, 15):  # 3.10 accepts such a batch
        assert "batch size of the input sequences must be the same" in found.another_batch_size
        assert found.another_batch_size.endswith("Expected batch size: 1 - Received batch size: 2")


def test_output_shapes(config):
    found = keras_units(config)
    assert (found.last_shape, found.sequence_shape) == ([None, 128], [None, 9, 128])
    assert found.stacked == [None, 256]
    assert "expected ndim=3, found ndim=2" in found.stacked_without_sequences


def test_time_distributed_equals_dense(config):
    found = keras_time_distributed(config, random_weights(config), WINDOW)
    assert max(found.largest_difference.to_dict().values()) < 1e-6
    assert found.parameters == 4 * 7 + 7


def test_activations():
    assert keras_activations([-3.0, 0.0, 3.0]).hard_sigmoid == [0, 0.5, 1]


@pytest.mark.parametrize(
    ("options", "gpu", "runs"),
    [
        ({}, False, "charlstm's fast layer, since there is no GPU"),
        ({}, True, "cuDNN, by way of Keras, since there is a GPU"),
        ({"use_bias": False}, False, "charlstm's fast layer, since there is no GPU"),
        ({"use_bias": False}, True, "Keras's own loop, since use_bias is False"),
    ],
)
def test_running_loop_is_named(monkeypatch, options, gpu, runs):
    cpu = tf.config.list_physical_devices("CPU")
    named = tf.config.PhysicalDevice("/physical_device:GPU:0", "GPU")
    devices = {"GPU": [named] if gpu else [], "CPU": cpu, None: cpu + [named] * gpu}
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: devices[kind])
    config = ModelConfig(vocabulary_size=7, units=(5,), **options)
    found = keras_kernel(config, kernel(config).not_cudnn_because)
    assert found.runs == runs
    assert found.devices == (["CPU:0", "GPU:0"] if gpu else ["CPU:0"])
