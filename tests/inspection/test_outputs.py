"""Tests of the softmax layer, activations and kernels against Keras."""

import keras
import numpy as np
import pytest
from keras.src.backend.tensorflow.rnn import _do_lstm_arguments_support_cudnn as keras_would_use_cudnn

from charlstm.config import ModelConfig
from charlstm.inspection.outputs import activations, activations_view, kernel, kernel_view, time_distributed
from tests.evaluation.conftest import random_text


@pytest.mark.parametrize("targets", ["last", "every"])
def test_time_distributed_is_one_dense_layer(make_network, targets):
    found = time_distributed(make_network(targets=targets), random_text(6, 4))
    dense = keras.layers.TimeDistributed(keras.layers.Dense(7))
    dense.build((None, 6, 4))
    assert found.parameters == dense.count_params() == 35
    assert found.parameters_if_every_position_had_its_own == 6 * 35
    assert found.output_shape == [None, 6, 7]
    assert found.largest_difference < 1e-5


def test_activations_match_keras_and_the_keras_2_definition():
    found = activations(ModelConfig(vocabulary_size=7, recurrent_activation="hard_sigmoid"))
    for name in ("sigmoid", "hard_sigmoid"):
        its = np.asarray(keras.activations.get(name)(np.array(found.z, np.float32)))
        np.testing.assert_allclose(getattr(found, name), its, atol=1e-6)
    assert found.hard_sigmoid_keras_2 == [max(0.0, min(1.0, 0.2 * z + 0.5)) for z in found.z]
    assert found.hard_sigmoid != pytest.approx(found.hard_sigmoid_keras_2, abs=0.01)
    assert "gates use hard_sigmoid, candidate and output tanh" in activations_view(found)[0].text


@pytest.mark.parametrize(
    "options",
    [{}, {"use_bias": False}, {"activation": "relu"}, {"recurrent_activation": "hard_sigmoid"}, {"recurrent_dropout": 0.1}],
)
def test_cudnn_is_reported_if_keras_would_use_it(options):
    config = ModelConfig(vocabulary_size=7, **options)
    found = kernel(config)
    of = keras.activations.get
    its = keras_would_use_cudnn(
        activation=of(config.activation),
        recurrent_activation=of(config.recurrent_activation),
        unroll=False,
        use_bias=config.use_bias,
    )
    assert (found.not_cudnn_because == []) == bool(its and not config.recurrent_dropout)
    assert ("cuDNN" in found.train_on_a_gpu) == (found.not_cudnn_because == [])
    assert len(kernel_view(found)) == (2 if options == {} else 3)
