"""Conversion of a configuration's strings to Keras objects."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from charlstm.config import ModelConfig
from charlstm.planning.layer_options import CONSTRAINTS, REGULARIZERS, no_initializer, parse_initializer, parse_penalty

_INITIALIZERS: dict[str, Callable[[float], Any]] = {
    "random_normal": lambda deviation: keras.initializers.RandomNormal(stddev=deviation),
    "random_uniform": lambda limit: keras.initializers.RandomUniform(-limit, limit),
    "orthogonal": keras.initializers.Orthogonal,
    "constant": keras.initializers.Constant,
}
"""Initialisers that take a number after a colon."""

_PENALTIES: dict[str, Callable[..., Any]] = {
    "l1": keras.regularizers.L1,
    "l2": keras.regularizers.L2,
    "l1_l2": keras.regularizers.L1L2,
    "max_norm": keras.constraints.MaxNorm,
    "min_max_norm": keras.constraints.MinMaxNorm,
    "unit_norm": keras.constraints.UnitNorm,
    "non_neg": keras.constraints.NonNeg,
}
"""Regularisers and constraints by name."""


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
        **{name: _penalty(getattr(config, name), name, REGULARIZERS) for name in _names("regularizer")},
        **{name: _penalty(getattr(config, name), name, CONSTRAINTS) for name in _names("constraint")},
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
    name, number = parse_initializer(text, setting)
    initializer = keras.initializers.get(name) if number is None else _INITIALIZERS[name](number)
    if not np.isfinite(initializer((4,) if setting.startswith("bias") else (4, 4))).all():
        raise no_initializer(text, setting)
    # Return its configuration, since two layers that share an initialiser object would get the same numbers.
    return keras.initializers.serialize(initializer)


def _penalty(text: str | None, setting: str, kinds: Mapping[str, int]) -> Any:
    """Return the Keras object of a string, such as ``L2(0.001)`` for ``l2:0.001``."""
    parsed = parse_penalty(text, setting, kinds)
    return None if parsed is None else _PENALTIES[parsed[0]](*parsed[1])
