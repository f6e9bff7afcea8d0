"""Conversion of a configuration's strings to Keras objects."""

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from charlstm.config import ModelConfig
from charlstm.errors import ConfigError

_INITIALIZERS: dict[str, Callable[[float], Any]] = {
    "random_normal": lambda deviation: keras.initializers.RandomNormal(stddev=deviation),
    "random_uniform": lambda limit: keras.initializers.RandomUniform(-limit, limit),
    "orthogonal": keras.initializers.Orthogonal,
    "constant": keras.initializers.Constant,
}
"""Initialisers that take a number after a colon."""

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
"""Constraints by name, each with the number of its arguments."""


def lstm_options(config: ModelConfig) -> dict[str, Any]:
    """Return the arguments of ``keras.layers.LSTM`` that all layers of a model share.

    Raises:
        ConfigError: If a string is not a known initialiser, regulariser or constraint.
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


def input_options(config: ModelConfig) -> dict[str, Any]:
    """Return the additional arguments of the first layer: of the embedding, or else of the first LSTM.

    Raises:
        ConfigError: If a string is not a known initialiser.
    """
    if config.input_initializer is None:
        return {}
    name = "embeddings_initializer" if config.encoding == "embedding" else "kernel_initializer"
    return {name: _initializer(config.input_initializer, "input_initializer")}


def _names(kind: str) -> list[str]:
    return [f"{weight}_{kind}" for weight in ("kernel", "recurrent", "bias")]


def _initializer(text: str, setting: str) -> Any:
    """Return Keras's form of ``random_normal:0.5``, ``RandomNormal(stddev=0.5)``, or of a name that Keras knows."""
    shape = (4,) if setting.startswith("bias") else (4, 4)
    name, colon, number = text.partition(":")
    try:
        initializer = _INITIALIZERS[name](float(number)) if colon else keras.initializers.get(name)
        if not np.isfinite(initializer(shape)).all():
            raise ValueError
    except (KeyError, ValueError, TypeError, NotImplementedError):
        examples = "zeros, ones or random_normal" if len(shape) == 1 else "glorot_uniform, orthogonal or random_normal:0.1"
        raise ConfigError(
            f"Keras has no initialiser {text!r} for weights of this kind; try {examples}", setting=setting
        ) from None
    # Return its configuration, since two layers that share an initialiser object would get the same numbers.
    return keras.initializers.serialize(initializer)


def _parsed(text: str | None, setting: str, kinds: dict[str, tuple[Callable[..., Any], int]]) -> Any:
    """Return the Keras object of a string, such as ``L2(0.001)`` for ``l2:0.001``."""
    if text is None:
        return None
    name, _, rest = text.partition(":")
    try:
        make, count = kinds[name]
        numbers = [float(number) for number in rest.split(",") if number]
        if len(numbers) != count or not all(0 <= number < math.inf for number in numbers):
            raise ValueError
        return make(*numbers)
    except (KeyError, ValueError):
        forms = ", ".join(kind + (":" if count else "") + ",".join(["F"] * count) for kind, (_, count) in kinds.items())
        raise ConfigError(setting=setting, expected=f"one of {forms}, with numbers in place of F", found=text) from None
