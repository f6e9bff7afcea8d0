"""What a model is and how it was trained: the two frozen records that a checkpoint keeps.

Both are plain data. They are checked when they are built from outside (a file, the command line) by :func:`build`, which
compares every value with the type and the bounds written beside the field.
"""

import re
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from charlstm.errors import ConfigError, join_alternatives, range_phrase, short_repr, suggestion

Encoding = Literal["scalar", "one-hot", "embedding"]
Targets = Literal["last", "every"]
Batches = Literal["windows", "streams"]
Precision = Literal["float32", "bfloat16"]
Schedule = Literal["cosine", "constant"]
Activation = Literal["tanh", "sigmoid", "hard_sigmoid", "relu", "softsign", "linear"]
Mode = Literal["stateless", "stateful"]

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
        seq_len: Characters in a window; what a stateless prediction may look back on.
        encoding: What the first layer makes of a character: ``scalar`` (the normalised id, 1 feature), ``one-hot``
            (V features) or ``embedding`` (``embedding_size`` features, learnt).
        embedding_size: E, the features of ``embedding``; unused by the other encodings.
        units: Units of each LSTM layer, the first layer first.
        targets: ``last``: the model predicts after a whole window (``return_sequences=False``); ``every``: at every
            position (``return_sequences=True`` and ``TimeDistributed(Dense)``).
        activation: Of the candidate and of the cell state on its way out.
        recurrent_activation: Of the gates i, f and o.
        use_bias: Whether the LSTM layers have biases.
        unit_forget_bias: Whether the forget gate's bias starts at 1 (Jozefowicz et al. 2015).
        input_initializer: For what the network makes of a character, the embeddings or else the first layer's kernel: like
            ``kernel_initializer``, which it is where this is None (and Keras's own for embeddings).
        kernel_initializer: A Keras initialiser's name, like the two below; ``random_normal:F`` (standard deviation),
            ``random_uniform:F`` (limit), ``orthogonal:F`` (gain) and ``constant:F`` take a number.
        recurrent_initializer: For the recurrent kernel.
        bias_initializer: For the bias.
        kernel_regularizer: ``l1:F``, ``l2:F`` or ``l1_l2:F,F``, like the two below; None for none.
        recurrent_regularizer: For the recurrent kernel.
        bias_regularizer: For the bias.
        kernel_constraint: ``max_norm:F``, ``unit_norm``, ``non_neg`` or ``min_max_norm:F,F``, like the two below.
        recurrent_constraint: For the recurrent kernel.
        bias_constraint: For the bias.
        dropout: Share of features dropped between the layers and before the softmax, one mask for all positions of a
            window (Gal & Ghahramani 2016).
        recurrent_dropout: The Keras layer's option of that name: share of ``h`` dropped on its way to the next step.
        drop_connect: Share of the recurrent kernels' weights dropped, others for every batch, the same for all its rows and
            steps (DropConnect, Wan et al. 2013; on an LSTM's recurrent kernel, Merity et al. 2018).
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
    """How a model is trained: data order, budget, optimiser.

    Attributes:
        batches: ``windows``: shuffled windows, each from a zero state; ``streams``: contiguous streams, the state carried
            from batch to batch (truncated back-propagation through time).
        batch_size: Windows, or streams, in a batch.
        state_reset: Probability that a stream starts a batch from a zero state; what keeps stateless generation good.
        epochs: Budget in passes over the training part; None for no limit.
        minutes: Budget in wall-clock minutes; None for no limit. The budget that is used up first ends the training, and the
            learning rate anneals to that end.
        learning_rate: Peak learning rate of Adam (Kingma & Ba 2015).
        schedule: ``cosine``: linear warm-up, then half a cosine down to zero; ``constant``.
        warmup: Share of the budget, from the first step on, in which the learning rate rises.
        weight_decay: Share of every kernel that is taken off at each step, times the learning rate: decoupled from Adam's
            moments (AdamW, Loshchilov & Hutter 2019).
        clip_norm: Greatest global norm of the gradient; 0 for no clipping.
        weight_average: Momentum of the exponential moving average of the weights, which is then the model; 0 for none.
        validation: Share of the text, its tail, that is never trained on.
        evaluations: How many passes over the held-out tail are spread over the budget.
        patience: Evaluations without improvement after which training stops; None for never.
        precision: Of the LSTM layers' products, and of the softmax layer's above 256 characters; cell states, gates, weights
            and the softmax itself are float32 in any case.
        save_every: Minutes between two saves of what resuming needs; None for one, or more where saving would otherwise take
            more than 2 % of the time. Every evaluation saves too.
        random_seed: Start of everything random.
    """

    batches: Batches = "streams"
    batch_size: _Size = 32
    state_reset: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.05
    epochs: Annotated[float, Meta(gt=0.0, le=1e9)] | None = 20
    minutes: Annotated[float, Meta(gt=0.0, le=1e7)] | None = None
    learning_rate: _Positive = 2e-3
    schedule: Schedule = "cosine"
    warmup: _Fraction = 0.02
    weight_decay: Annotated[float, Meta(ge=0.0, le=1e100)] = 0.0
    clip_norm: Annotated[float, Meta(ge=0.0, le=1e100)] = 1.0
    weight_average: _Fraction = 0.0
    validation: Annotated[float, Meta(ge=0.0, le=0.9)] = 0.1
    evaluations: Annotated[int, Meta(ge=1, le=10_000)] = 10  # a line of the history each, of which resume/ has a copy
    patience: _Size | None = None
    precision: Precision = "float32"
    save_every: Annotated[float, Meta(ge=0.0, le=1e7)] | None = None
    random_seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0


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
    if unknown := set(values) - set(known):
        raise ConfigError(f"{kind.__name__} has no setting {short_repr(min(unknown))}; it has {', '.join(sorted(known))}")
    missing = [name for name, field in known.items() if field.default is MISSING and name not in values]
    if missing:
        raise ConfigError(f"{kind.__name__} lacks the setting {missing[0]}")
    try:
        return msgspec.convert(dict(values), kind)
    except UnicodeEncodeError as error:  # msgspec refuses lone surrogates without saying where
        name = next((key for key, value in values.items() if value == error.object), kind.__name__)
        raise ConfigError(setting=name, expected="text without lone surrogates", found=error.object) from None
    except msgspec.ValidationError as error:
        name = re.split(r"[`.[]", str(error).partition("`$.")[2])[0]
        hint = get_type_hints(kind, include_extras=True)[name]
        choices = get_args(hint) if get_origin(hint) is Literal else ()
        raise ConfigError(
            setting=name, expected=_described(hint), found=values[name], hint=suggestion(values[name], choices)
        ) from None


_WORDS = {
    int: ("an integer", "integers"),
    float: ("a number", "numbers"),
    str: ("a string", "strings"),
    bool: ("true or false", ""),
}


def _described(hint: Any, *, several: bool = False) -> str:
    """Return what the values of a type are, in words.

    >>> _described(_Fraction), _described(Targets), _described(tuple[_Size, ...])
    ('a number of at least 0 and below 1', 'last or every', 'integers from 1 to 1,000,000, separated by commas')
    """
    meta: dict[str, Any] = {}
    if get_origin(hint) in (Union, UnionType):  # with None, which no message needs to offer
        hint = get_args(hint)[0]
    if get_origin(hint) is Annotated:
        hint, bounds = get_args(hint)
        meta = {name: getattr(bounds, name) for name in ("ge", "gt", "le", "lt", "min_length", "max_length")}
    least, most = meta.pop("min_length", None), meta.pop("max_length", None)
    if get_origin(hint) is Literal:
        return join_alternatives(get_args(hint))
    if get_origin(hint) is tuple:
        number = f"{least} to {most} " if most else f"{least} or more " if least else ""
        return f"{number}{_described(get_args(hint)[0], several=True)}, separated by commas"
    what = range_phrase(_WORDS.get(hint, ("an object", "objects"))[several], **meta)
    return f"{what} of at most {most:,} characters" if hint is str and most else what


def to_dict(record: Any) -> dict[str, Any]:
    """The inverse of :func:`build`: a dictionary that JSON can hold."""
    return asdict(record)
