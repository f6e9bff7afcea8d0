"""Conversion of a configuration's strings to Keras objects."""

from collections.abc import Callable, Mapping
from typing import Any, TypedDict

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


Serialized = Mapping[str, object]
"""Serialised form of a Keras object, from which layers make objects of their own."""


class LstmOptions(TypedDict):
    """Arguments of ``keras.layers.LSTM``."""

    activation: str
    recurrent_activation: str
    use_bias: bool
    unit_forget_bias: bool
    recurrent_dropout: float
    kernel_initializer: Serialized
    recurrent_initializer: Serialized
    bias_initializer: Serialized
    kernel_regularizer: keras.regularizers.Regularizer | None
    recurrent_regularizer: keras.regularizers.Regularizer | None
    bias_regularizer: keras.regularizers.Regularizer | None
    kernel_constraint: keras.constraints.Constraint | None
    recurrent_constraint: keras.constraints.Constraint | None
    bias_constraint: keras.constraints.Constraint | None


def lstm_options(config: ModelConfig) -> LstmOptions:
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
        "kernel_initializer": _initializer(config.kernel_initializer, "kernel_initializer"),
        "recurrent_initializer": _initializer(config.recurrent_initializer, "recurrent_initializer"),
        "bias_initializer": _initializer(config.bias_initializer, "bias_initializer"),
        "kernel_regularizer": _penalty(config.kernel_regularizer, "kernel_regularizer", REGULARIZERS),
        "recurrent_regularizer": _penalty(config.recurrent_regularizer, "recurrent_regularizer", REGULARIZERS),
        "bias_regularizer": _penalty(config.bias_regularizer, "bias_regularizer", REGULARIZERS),
        "kernel_constraint": _penalty(config.kernel_constraint, "kernel_constraint", CONSTRAINTS),
        "recurrent_constraint": _penalty(config.recurrent_constraint, "recurrent_constraint", CONSTRAINTS),
        "bias_constraint": _penalty(config.bias_constraint, "bias_constraint", CONSTRAINTS),
    }


def input_options(config: ModelConfig) -> dict[str, Serialized]:
    """Return the additional arguments of the first layer: of the embedding, or else of the first LSTM.

    Raises:
        ConfigError: If a string is not a known initialiser.
    """
    if config.input_initializer is None:
        return {}
    name = "embeddings_initializer" if config.encoding == "embedding" else "kernel_initializer"
    return {name: _initializer(config.input_initializer, "input_initializer")}


def _initializer(text: str, setting: str) -> Serialized:
    """Return Keras's form of ``random_normal:0.5``, ``RandomNormal(stddev=0.5)``, or of a name that Keras knows."""
    name, number = parse_initializer(text, setting)
    initializer = keras.initializers.get(name) if number is None else _INITIALIZERS[name](number)
    if not np.isfinite(initializer((4,) if setting.startswith("bias") else (4, 4))).all():
        raise no_initializer(text, setting)
    # Return its configuration, since two layers that share an initialiser object would get the same numbers.
    serialized: Serialized = keras.initializers.serialize(initializer)
    return serialized


def _penalty(text: str | None, setting: str, kinds: Mapping[str, int]) -> Any:
    """Return the Keras object of a string, such as ``L2(0.001)`` for ``l2:0.001``."""
    parsed = parse_penalty(text, setting, kinds)
    return None if parsed is None else _PENALTIES[parsed[0]](*parsed[1])
