"""Names and numbers of initialisers, regularisers and constraints, checked without Keras."""

import keras
import numpy as np
import pytest
from keras.src.initializers import ALL_OBJECTS_DICT

from charlstm.config import ModelConfig
from charlstm.errors import ConfigError
from charlstm.planning.layer_options import check_layer_options, parse_initializer


def works(name: str, shape: tuple[int, ...]) -> bool:
    try:
        return bool(np.isfinite(keras.initializers.get(name)(shape)).all())
    except (KeyError, ValueError, TypeError, NotImplementedError, ImportError):
        return False


def accepted(name: str, setting: str) -> bool:
    try:
        return parse_initializer(name, setting) == (name, None)
    except ConfigError:
        return False


@pytest.mark.parametrize(("setting", "shape"), [("kernel_initializer", (4, 4)), ("bias_initializer", (4,))])
def test_names_are_those_of_keras(setting, shape):
    for name in filter(lambda key: isinstance(key, str), ALL_OBJECTS_DICT):
        assert accepted(name, setting) == works(name, shape), name


@pytest.mark.parametrize(
    ("setting", "text", "said"),
    [
        ("kernel_initializer", "nonsense", "has no initialiser 'nonsense'"),
        ("kernel_initializer", "random_normall", "did you mean random_normal"),
        ("kernel_initializer", "random_normal:nan", "random_normal:F with a finite"),
        ("kernel_initializer", "random_normal:1e39", "random_normal:F with a finite"),
        ("input_initializer", "constant", "has no initialiser"),
        ("bias_initializer", "orthogonal", "has no initialiser 'orthogonal'"),
        ("bias_initializer", "orthogonal:1", "has no initialiser"),
        ("recurrent_initializer", "identity:0.5", "identity without a number"),
        ("kernel_regularizer", "l2:-1", "finite numbers of at least 0 after l2:"),
        ("kernel_regularizer", "l2:x", "finite numbers of at least 0 after l2:"),
        ("kernel_regularizer", "l3:1", "one of l1:F"),
        ("recurrent_constraint", "max_norm:0", "a largest norm above 0"),
        ("bias_constraint", "min_max_norm:0,0", "a largest norm above 0"),
    ],
)
def test_invalid_values_are_refused_with_the_setting(setting, text, said):
    with pytest.raises(ConfigError, match=said) as error:
        check_layer_options(ModelConfig(vocabulary_size=5, **{setting: text}))
    assert error.value.setting == setting


@pytest.mark.parametrize(
    ("setting", "text"),
    [("kernel_constraint", "max_norm:2"), ("bias_constraint", "non_neg"), ("kernel_regularizer", "l1_l2:0,0")],
)
def test_valid_values_pass(setting, text):
    check_layer_options(ModelConfig(vocabulary_size=5, **{setting: text}))
