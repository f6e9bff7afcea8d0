"""Configuration of a model and of its training: the two frozen records that a checkpoint stores.

Both are plain data. :func:`build` checks values that come from a file or from the command line: it compares each one with the
type and the bounds in the field's annotation.
"""

import re
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from charlstm.choices import Activation, Batches, Encoding, Precision, Schedule, Targets
from charlstm.errors import ConfigError, join_alternatives, range_phrase, short_repr, suggestion

_Size = Annotated[int, Meta(ge=1, le=1_000_000)]
_Fraction = Annotated[float, Meta(ge=0.0, lt=1.0)]
_Spec = Annotated[str, Meta(max_length=1_000)]  # a name with a number or two
_Positive = Annotated[float, Meta(gt=0.0, le=1e100)]

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The network ``Input(seq_len, 1) -> encoding -> LSTM x layers -> softmax Dense(V)``.

    Attributes:
        vocabulary_size: V, the number of characters.
        seq_len: Characters in a window: the context of a stateless prediction.
        encoding: Input encoding of a character: ``scalar`` (the normalised id, 1 feature), ``one-hot`` (V features) or
            ``embedding`` (a learned vector of ``embedding_size`` features).
        embedding_size: E, the number of features of an ``embedding``; unused by the other encodings.
        units: Units of each LSTM layer, the first layer first.
        targets: ``last``: predict the character after the window (``return_sequences=False``); ``every``: predict the
            next one at every position (``return_sequences=True`` and ``TimeDistributed(Dense)``).
        activation: Activation of the candidate and of the cell state's output.
        recurrent_activation: Activation of the gates i, f and o.
        use_bias: True if the LSTM layers have biases.
        unit_forget_bias: True if the forget gate's bias starts at 1 (Jozefowicz et al. 2015).
        input_initializer: Initialiser of the embeddings, or of the first layer's kernel where there are none. None means
            ``kernel_initializer`` for that kernel, and Keras's default for embeddings.
        kernel_initializer: Keras initialiser of the kernels, by name. ``random_normal:F`` (standard deviation),
            ``random_uniform:F`` (limit), ``orthogonal:F`` (gain) and ``constant:F`` take a number.
        recurrent_initializer: The same for the recurrent kernels.
        bias_initializer: The same for the biases.
        kernel_regularizer: Regulariser of the kernels: ``l1:F``, ``l2:F`` or ``l1_l2:F,F``; None for none.
        recurrent_regularizer: The same for the recurrent kernels.
        bias_regularizer: The same for the biases.
        kernel_constraint: Constraint on the kernels: ``max_norm:F``, ``unit_norm``, ``non_neg`` or ``min_max_norm:F,F``;
            None for none.
        recurrent_constraint: The same for the recurrent kernels.
        bias_constraint: The same for the biases.
        dropout: Fraction of the features dropped between the layers and before the softmax, with one mask for all positions
            of a window (Gal & Ghahramani 2016).
        recurrent_dropout: Fraction of ``h`` dropped on its way to the next time step; the Keras layer's option.
        drop_connect: Fraction of the recurrent kernels' weights dropped. A batch has one mask for all its rows and steps
            (DropConnect, Wan et al. 2013; on an LSTM's recurrent kernel, Merity et al. 2018).
    """

    vocabulary_size: Annotated[int, Meta(ge=2, le=1_114_112)]
    seq_len: _Size = 100
    encoding: Encoding = "one-hot"
    embedding_size: _Size = 64
    units: Annotated[tuple[_Size, ...], Meta(min_length=1, max_length=64)] = (512,)
    targets: Targets = "every"
    activation: Activation = "tanh"
    recurrent_activation: Activation = "sigmoid"
    use_bias: bool = True
    unit_forget_bias: bool = True
    input_initializer: _Spec | None = None
    kernel_initializer: _Spec = "glorot_uniform"
    recurrent_initializer: _Spec = "orthogonal"
    bias_initializer: _Spec = "zeros"
    kernel_regularizer: _Spec | None = None
    recurrent_regularizer: _Spec | None = None
    bias_regularizer: _Spec | None = None
    kernel_constraint: _Spec | None = None
    recurrent_constraint: _Spec | None = None
    bias_constraint: _Spec | None = None
    dropout: _Fraction = 0.0
    recurrent_dropout: _Fraction = 0.0
    drop_connect: _Fraction = 0.0

    @property
    def features(self) -> int:
        """``input_dim`` of the first LSTM layer: 1, V or E."""
        return {"scalar": 1, "one-hot": self.vocabulary_size, "embedding": self.embedding_size}[self.encoding]

    @property
    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every weight, in the order of the layers; the names in ``model.safetensors``.

        >>> ModelConfig(vocabulary_size=8, encoding="one-hot", units=(10,)).weight_shapes["lstm_1/kernel"]
        (8, 40)
        """
        shapes: dict[str, tuple[int, ...]] = {}
        if self.encoding == "embedding":
            shapes["embedding/embeddings"] = (self.vocabulary_size, self.embedding_size)
        features = self.features
        for number, units in enumerate(self.units, start=1):
            shapes[f"lstm_{number}/kernel"] = (features, 4 * units)
            shapes[f"lstm_{number}/recurrent_kernel"] = (units, 4 * units)
            if self.use_bias:
                shapes[f"lstm_{number}/bias"] = (4 * units,)
            features = units
        shapes["dense/kernel"] = (features, self.vocabulary_size)
        shapes["dense/bias"] = (self.vocabulary_size,)
        return shapes


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """The settings of a training: data order, budget and optimiser.

    Attributes:
        batches: ``windows``: shuffled windows, each from a zero state; ``streams``: contiguous streams that carry the state
            from batch to batch (truncated back-propagation through time).
        batch_size: Windows or streams in a batch.
        state_reset: Probability that a stream starts a batch from a zero state. Stateless generation, which starts from a
            zero state for every character, needs it.
        epochs: Budget in epochs (passes over the training set); None for no limit.
        minutes: Budget in wall-clock minutes; None for no limit. The budget that is used up first ends the training, and the
            learning-rate schedule ends with it.
        learning_rate: Peak learning rate of Adam (Kingma & Ba 2015).
        input_rate_multiplier: Multiple of the learning rate for the weights that read the characters: the embedding, or else
            the first layer's kernel.
        schedule: Learning-rate schedule: ``cosine`` (linear warm-up, then half a cosine down to zero) or ``constant``.
        warmup: Fraction of the budget used for learning-rate warm-up.
        weight_decay: Decay of every kernel per step, relative to the learning rate and decoupled from Adam's moments (AdamW,
            Loshchilov & Hutter 2019).
        clip_norm: Largest global norm of the gradient; 0 for no clipping.
        weight_average: Momentum of the exponential moving average (EMA) of the weights, which then is the model; 0 for none.
        validation: Fraction of the text, at its end, that is held out.
        evaluations: Number of evaluations on the held-out text, spread over the budget.
        patience: Evaluations without improvement before training stops early; None for no early stopping.
        precision: Precision of the LSTM layers' products, and of the softmax layer's product above 256 characters. Cell
            states, gates, weights and the softmax itself are always float32.
        gradient_precision: Precision of the gradients that several workers or GPUs exchange. ``bfloat16`` halves their bytes.
        save_every: Minutes between saves of the training state. None means 1, or more where saving would take over 2 % of
            the time. Every evaluation saves too.
        random_seed: Number that determines everything random.
    """

    batches: Batches = "streams"
    batch_size: _Size = 32
    state_reset: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.05
    epochs: Annotated[float, Meta(gt=0.0, le=1e9)] | None = 20
    minutes: Annotated[float, Meta(gt=0.0, le=1e7)] | None = None
    learning_rate: _Positive = 2e-3
    input_rate_multiplier: _Positive = 1.0
    schedule: Schedule = "cosine"
    warmup: _Fraction = 0.02
    weight_decay: Annotated[float, Meta(ge=0.0, le=1e100)] = 0.0
    clip_norm: Annotated[float, Meta(ge=0.0, le=1e100)] = 1.0
    weight_average: _Fraction = 0.0
    validation: Annotated[float, Meta(ge=0.0, le=0.9)] = 0.1
    evaluations: Annotated[int, Meta(ge=1, le=10_000)] = 10  # bounded, since resume/ has a copy of each history line
    patience: _Size | None = None
    precision: Precision = "float32"
    gradient_precision: Precision = "float32"
    save_every: Annotated[float, Meta(ge=0.0, le=1e7)] | None = None
    random_seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0


SETTING_OF_FIELD = {
    "encoding": "input_encoding",
    "weight_average": "ema",
    "validation": "validation_split",
    "evaluations": "num_evaluations",
}
"""Names of settings that differ from the fields, whose names the files of checkpoints have."""


def setting_name(field: str) -> str:
    """Return the name of the setting of a field.

    >>> setting_name("validation"), setting_name("units")
    ('validation_split', 'units')
    """
    return SETTING_OF_FIELD.get(field, field)


def build(kind: type[T], values: Mapping[str, Any]) -> T:
    """Build a record from plain values, checking each against its field.

    >>> build(TrainingConfig, {"batch_size": 0})
    Traceback (most recent call last):
        ...
    charlstm.errors.ConfigError: batch_size: expected an integer from 1 to 1,000,000; found 0

    Raises:
        ConfigError: If a field is missing, unknown, of another type or out of bounds.
    """
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    named = setting_name if kind in (ModelConfig, TrainingConfig) else str
    if unknown := set(values) - set(known):
        name, settings = min(unknown), sorted(map(named, known))
        raise ConfigError(
            f"there is no setting {short_repr(name)}{suggestion(name, settings)}; there are {', '.join(settings)}"
        )
    missing = [name for name, field in known.items() if field.default is MISSING and name not in values]
    if missing:
        raise ConfigError(f"{kind.__name__} lacks the setting {missing[0]}")
    try:
        return msgspec.convert(dict(values), kind)
    except UnicodeEncodeError as error:  # msgspec does not name the field of a lone surrogate
        name = next((key for key, value in values.items() if value == error.object), kind.__name__)
        raise ConfigError(setting=named(name), expected="text without lone surrogates", found=error.object) from None
    except msgspec.ValidationError as error:
        name = re.split(r"[`.[]", str(error).partition("`$.")[2])[0]
        hint = get_type_hints(kind, include_extras=True)[name]
        choices = get_args(hint) if get_origin(hint) is Literal else ()
        raise ConfigError(
            setting=named(name), expected=_described(hint), found=values[name], hint=suggestion(values[name], choices)
        ) from None


_WORDS = {
    int: ("an integer", "integers"),
    float: ("a number", "numbers"),
    str: ("a string", "strings"),
    bool: ("true or false", ""),
}


def _described(hint: Any, *, several: bool = False) -> str:
    """Return a description of a type's valid values.

    >>> _described(_Fraction), _described(Targets), _described(tuple[_Size, ...])
    ('a number of at least 0 and below 1', 'last or every', 'a list of integers from 1 to 1,000,000')
    """
    bounds = Meta()
    if get_origin(hint) in (Union, UnionType):  # drop None: no message needs to offer it
        hint = get_args(hint)[0]
    if get_origin(hint) is Annotated:
        hint, bounds = get_args(hint)
    least, most = bounds.min_length, bounds.max_length
    if get_origin(hint) is Literal:
        return join_alternatives(get_args(hint))
    if get_origin(hint) is tuple:
        number = f"{least} to {most} " if most else f"{least} or more " if least else ""
        return f"a list of {number}{_described(get_args(hint)[0], several=True)}"
    words = _WORDS.get(hint, ("an object", "objects"))[several]
    what = range_phrase(words, ge=bounds.ge, gt=bounds.gt, le=bounds.le, lt=bounds.lt)
    return f"{what} of at most {most:,} characters" if hint is str and most else what


def to_dict(record: Any) -> dict[str, Any]:
    """Return a record as a dictionary that JSON can hold; the inverse of :func:`build`."""
    return asdict(record)
