"""Tests of layers, shapes and parameter counts against Keras."""

import keras
import pytest

from charlstm.config import ModelConfig
from charlstm.inspection.blocks import shape
from charlstm.inspection.layer_shapes import layers, layers_view, lstm_parameters, lstm_shapes, shapes, shapes_view, units
from charlstm.nn.network import build_layers, keras_model

MODELS = [
    {},
    {"encoding": "scalar", "targets": "last", "units": (4,)},
    {"encoding": "embedding", "embedding_size": 3, "units": (4, 6, 2)},
    {"use_bias": False, "targets": "last", "dropout": 0.3},
]


def config_of(options: dict) -> ModelConfig:
    return ModelConfig(**{"vocabulary_size": 7, "seq_len": 9, "units": (5, 4), **options})


@pytest.mark.parametrize("options", MODELS)
def test_layers_match_the_keras_model(options):
    config = config_of(options)
    model = keras_model(build_layers(config), config.seq_len)
    told = layers(config)
    assert [(layer.name, layer.type) for layer in told] == [(layer.name, type(layer).__name__) for layer in model.layers]
    for mine, its in zip(told, model.layers, strict=True):
        output = its.output[0] if isinstance(its.output, list) else its.output
        assert mine.output_shape == list(output.shape)
        assert mine.parameters == its.count_params()
        assert mine.weights == {weight.name: list(weight.shape) for weight in its.weights if weight.trainable}
    assert sum(layer.parameters for layer in told) == model.count_params()


@pytest.mark.parametrize("options", MODELS)
def test_weights_have_their_names_in_the_file(options):
    config = config_of(options)
    _, weights = layers_view(layers(config))
    assert weights.rows == [[name, shape(list(of))] for name, of in config.weight_shapes.items()]


@pytest.mark.parametrize(("features", "size"), [(1, 1), (2, 1), (8, 10), (3, 7)])
@pytest.mark.parametrize("bias", [True, False])
def test_parameter_formula_matches_keras(features, size, bias):
    layer = keras.layers.LSTM(size, use_bias=bias)
    layer.build((None, 8, features))
    assert lstm_parameters(features, size, bias=bias) == layer.count_params()
    if bias:
        assert lstm_shapes(features, size).to_dict() == {weight.name: list(weight.shape) for weight in layer.weights}


def test_one_unit_has_12_and_16_parameters_and_one_cell_state():
    found = shapes(config_of({}), 1_000)
    assert [(each.features, each.parameters) for each in found.one_unit] == [(1, 12), (2, 16)]
    assert all(each.cell_state == [1] for each in found.one_unit)
    assert found.windows == [991, 9, 1]
    told = "\n".join(getattr(block, "text", "") for block in shapes_view(found))
    assert "lstm_1: 4 (7·5 + 5·5 + 5) = 260\nlstm_2: 4 (5·4 + 4·4 + 4) = 160" in told


def test_arithmetic_without_bias():
    (_, _, _, _, lines) = shapes_view(shapes(config_of({"use_bias": False, "units": (5,)}), 1_000))
    assert lines.text == "lstm_1: 4 (7·5 + 5·5) = 240"


def test_shapes_by_return_sequences_match_keras():
    found = units(config_of({}))
    x = keras.Input((9, 7))
    first, second = found.stack
    below = keras.layers.LSTM(128, return_sequences=True)(x)
    assert first.last_shape == list(keras.layers.LSTM(128)(x).shape)
    assert first.sequence_shape == second.input_shape == list(below.shape)
    assert second.last_shape == list(keras.layers.LSTM(256)(below).shape)
    assert [layer.return_sequences for layer in found.layers] == [True, True]
    for options in ({}, {"use_bias": False}):
        config = config_of(options)
        counted = [lstm.count_params() for lstm in build_layers(config).lstms]
        assert [layer.parameters for layer in units(config).layers] == counted
    assert [layer.return_sequences for layer in units(config_of({"targets": "last"})).layers] == [True, False]
