"""Keras objects from the strings of a configuration."""

import math
from collections.abc import Callable
from typing import Any

import keras

from charlstm.config import ModelConfig
from charlstm.errors import ConfigError

_REGULARIZERS: dict[str, tuple[Callable[..., Any], int]] = {
    "l1": (keras.regularizers.L1, 1),
    "l2": (keras.regularizers.L2, 1),
    "l1_l2": (keras.regularizers.L1L2, 2),
}
_CONSTRAINTS: dict[str, tuple[Callable[..., Any], int]] = {
    "max_norm": (keras.constraints.MaxNorm, 1),
    "min_max_norm": (keras.constraints.MinMaxNorm, 2),
    "unit_norm": (keras.constraints.UnitNorm, 0),
    "non_neg": (keras.constraints.NonNeg, 0),
}
"""What can be named, and how many numbers it takes."""


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
    shape = (4,) if setting.startswith("bias") else (4, 4)
    try:
        keras.initializers.get(name)(shape)
    except (ValueError, TypeError, NotImplementedError):
        good = "zeros, ones or random_normal" if len(shape) == 1 else "glorot_uniform, orthogonal or he_normal"
        raise ConfigError(f"{setting}: Keras has no initialiser {name!r} for weights of this kind; try {good}") from None
    return name


def _parsed(text: str | None, setting: str, kinds: dict[str, tuple[Callable[..., Any], int]]) -> Any:
    """``l2:0.001`` as ``L2(0.001)``."""
    if text is None:
        return None
    name, _, rest = text.partition(":")
    try:
        make, wanted = kinds[name]
        numbers = [float(number) for number in rest.split(",") if number]
        if len(numbers) != wanted or not all(0 <= number < math.inf for number in numbers):
            raise ValueError
        return make(*numbers)
    except (KeyError, ValueError):
        forms = ", ".join(kind + (":" if count else "") + ",".join(["F"] * count) for kind, (_, count) in kinds.items())
        raise ConfigError(f"{setting}: expected one of {forms}, with numbers in place of F, found {text!r}") from None
