"""The grammar of initialisers, regularisers and constraints, checked without Keras."""

import math
from collections.abc import Mapping

from charlstm.config import ModelConfig
from charlstm.errors import ConfigError, suggestion

_MATRIX_ONLY = frozenset({"Identity", "IdentityInitializer", "Orthogonal", "OrthogonalInitializer", "identity", "orthogonal"})
INITIALIZERS = _MATRIX_ONLY | {
    *("GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LecunNormal", "LecunUniform", "Ones", "RandomNormal"),
    *("RandomUniform", "TruncatedNormal", "VarianceScaling", "Zeros", "glorot_normal", "glorot_uniform", "he_normal"),
    *("he_uniform", "lecun_normal", "lecun_uniform", "normal", "one", "ones", "random_normal", "random_uniform"),
    *("truncated_normal", "uniform", "variance_scaling", "zero", "zeros"),
}
"""Names of Keras's initialisers that make weights without arguments."""

NUMBERED = ("random_normal", "random_uniform", "orthogonal", "constant")
"""Initialisers that take a number after a colon."""

REGULARIZERS = {"l1": 1, "l2": 1, "l1_l2": 2}
CONSTRAINTS = {"max_norm": 1, "min_max_norm": 2, "unit_norm": 0, "non_neg": 0}
"""Constraints by name, each with the number of its arguments."""

_FLOAT32 = 3.4028235e38


def check_layer_options(model: ModelConfig) -> None:
    """Refuse initialisers, regularisers and constraints that no layer can have.

    Raises:
        ConfigError: If a name is unknown or a number is invalid.
    """
    if model.input_initializer is not None:
        parse_initializer(model.input_initializer, "input_initializer")
    for weight in ("kernel", "recurrent", "bias"):
        parse_initializer(getattr(model, f"{weight}_initializer"), f"{weight}_initializer")
        parse_penalty(getattr(model, f"{weight}_regularizer"), f"{weight}_regularizer", REGULARIZERS)
        parse_penalty(getattr(model, f"{weight}_constraint"), f"{weight}_constraint", CONSTRAINTS)


def parse_initializer(text: str, setting: str) -> tuple[str, float | None]:
    """Return the name of an initialiser and its number, if it has one.

    >>> parse_initializer("random_normal:0.5", "kernel_initializer"), parse_initializer("zeros", "bias_initializer")
    (('random_normal', 0.5), ('zeros', None))
    """
    name, colon, number = text.partition(":")
    vector = setting.startswith("bias")
    names = INITIALIZERS - _MATRIX_ONLY if vector else INITIALIZERS
    if name not in {*names, "constant"} or (name == "constant" and not colon):
        raise no_initializer(text, setting, suggestion(name, sorted(names)))
    if not colon:
        return name, None
    if name not in NUMBERED:
        raise ConfigError(setting=setting, expected=f"{name} without a number", found=text)
    value = _number(number)
    if value is None or abs(value) > _FLOAT32:
        raise ConfigError(setting=setting, expected=f"{name}:F with a finite float32 number in place of F", found=text)
    return name, value


def no_initializer(text: str, setting: str, hint: str = "") -> ConfigError:
    """Return the error of an initialiser that Keras does not have for weights of this kind."""
    vector = setting.startswith("bias")
    examples = "zeros, ones or random_normal" if vector else "glorot_uniform, orthogonal or random_normal:0.1"
    return ConfigError(f"Keras has no initialiser {text!r} for weights of this kind{hint}; try {examples}", setting=setting)


def parse_penalty(text: str | None, setting: str, kinds: Mapping[str, int]) -> tuple[str, list[float]] | None:
    """Return the name of a regulariser or constraint and its numbers; None for none.

    >>> parse_penalty("l1_l2:0.1,0.2", "kernel_regularizer", REGULARIZERS)
    ('l1_l2', [0.1, 0.2])
    """
    if text is None:
        return None
    name, _, rest = text.partition(":")
    numbers = [_number(number) for number in rest.split(",") if number]
    if name not in kinds or len(numbers) != kinds[name]:
        forms = ", ".join(kind + (":" if count else "") + ",".join(["F"] * count) for kind, count in kinds.items())
        raise ConfigError(setting=setting, expected=f"one of {forms}, with numbers in place of F", found=text)
    found = [number for number in numbers if number is not None and 0 <= number <= _FLOAT32]
    if len(found) < len(numbers):
        raise ConfigError(setting=setting, expected=f"finite numbers of at least 0 after {name}:", found=text)
    if kinds is CONSTRAINTS and found and not found[-1] > 0:
        raise ConfigError(
            setting=setting, expected=f"a largest norm above 0 after {name}:, since weights of norm 0 learn nothing", found=text
        )
    return name, found


def _number(text: str) -> float | None:
    """Return a finite number; None if the text is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
