"""Keras objects from the strings of a configuration."""

from collections.abc import Callable
from typing import Any

import keras

from charlstm.config import ModelConfig
from charlstm.errors import ConfigError

_REGULARIZERS: dict[str, Callable[..., Any]] = {
    "l1": keras.regularizers.L1,
    "l2": keras.regularizers.L2,
    "l1_l2": keras.regularizers.L1L2,
}
_CONSTRAINTS: dict[str, Callable[..., Any]] = {
    "max_norm": keras.constraints.MaxNorm,
    "min_max_norm": keras.constraints.MinMaxNorm,
    "unit_norm": keras.constraints.UnitNorm,
    "non_neg": keras.constraints.NonNeg,
}


def lstm_options(config: ModelConfig) -> dict[str, Any]:
    """The arguments of ``keras.layers.LSTM`` that a model's layers have in common.

    Raises:
        ConfigError: If a string names no initialiser, regulariser or constraint.
    """
    return {
        "activation": config.activation,
        "recurrent_activation": config.recurrent_activation,
        "use_bias": config.use_bias,
        "unit_forget_bias": config.unit_forget_bias,
        "recurrent_dropout": config.recurrent_dropout,
        **{name: _initializer(getattr(config, name), name) for name in _names("initializer")},
        **{name: _parsed(getattr(config, name), name, _REGULARIZERS) for name in _names("regularizer")},
        **{name: _parsed(getattr(config, name), name, _CONSTRAINTS) for name in _names("constraint")},
    }


def _names(kind: str) -> list[str]:
    return [f"{weight}_{kind}" for weight in ("kernel", "recurrent", "bias")]


def _initializer(name: str, setting: str) -> str:
    try:
        keras.initializers.get(name)
    except ValueError:
        raise ConfigError(
            f"{setting}: Keras has no initialiser {name!r}; try glorot_uniform, orthogonal, he_normal or random_normal"
        ) from None
    return name


def _parsed(text: str | None, setting: str, kinds: dict[str, Callable[..., Any]]) -> Any:
    """``l2:0.001`` as ``L2(0.001)``."""
    if text is None:
        return None
    name, _, numbers = text.partition(":")
    try:
        return kinds[name](*(float(number) for number in numbers.split(",") if number))
    except (KeyError, ValueError, TypeError):
        raise ConfigError(
            f"{setting}: expected one of {', '.join(kinds)}, with its numbers after a colon (l2:0.001), found {text!r}"
        ) from None
