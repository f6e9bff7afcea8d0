"""What a training run goes on from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from msgspec import Meta
from numpy.typing import NDArray

from charlstm.checkpoint.history import Finite, HistoryEntry
from charlstm.checkpoint.weights import Weights

_Short = Annotated[str, Meta(max_length=1_000)]

MAX_HALVINGS = 3
"""How often a learning rate is halved before a training whose loss is no number is given up."""


@dataclass(frozen=True, kw_only=True)
class TrainingProgress:
    """Where a training run is, besides what is in its arrays.

    Attributes:
        steps: Training steps made.
        seconds: Wall clock so far.
        loss_sum: Sum of the training losses since the last evaluation, nats per character.
        loss_count: How many they are.
        poor: Evaluations since the best one.
        halvings: How often the learning rate has been halved because the loss was no number.
        began: Wall clock at the end of the first step, in seconds.
        evaluated: The number of the state that was saved at the last evaluation, or before the first step; 0: this one.
        reserve: Seconds that an evaluation takes, which a budget in minutes keeps free at its end; 0: not known.
        paths: Where the corpus was read from.
        text_encoding: In which encoding.
        surroundings: Versions, the processor, its cores: what the last digits of the numbers may depend on.
    """

    steps: Annotated[int, Meta(ge=0, le=2**53)]
    seconds: Annotated[float, Meta(ge=0.0, le=1e10)]
    loss_sum: Finite
    loss_count: Annotated[int, Meta(ge=0, le=2**53)]
    poor: Annotated[int, Meta(ge=0, le=2**53)]
    halvings: Annotated[int, Meta(ge=0, le=MAX_HALVINGS)]
    began: Annotated[float, Meta(ge=0.0, le=1e10)]
    evaluated: Annotated[int, Meta(ge=0, lt=10**18)] = 0
    reserve: Annotated[float, Meta(ge=0.0, le=1e10)] = 0.0
    paths: Annotated[tuple[Annotated[str, Meta(max_length=1 << 15)], ...], Meta(min_length=1, max_length=1 << 20)]
    text_encoding: _Short
    surroundings: Annotated[dict[_Short, _Short], Meta(max_length=100)]


@dataclass(frozen=True, kw_only=True)
class TrainingState:
    """Everything that a training run goes on from.

    Attributes:
        arrays: What its trainer holds.
        best: The weights of its best evaluation; none before the first.
        history: Its evaluations.
        progress: Its other numbers.
        number: Of its file; 0 before it has one.
    """

    arrays: Mapping[str, NDArray[Any]]
    best: Weights
    history: tuple[HistoryEntry, ...]
    progress: TrainingProgress
    number: int = field(default=0, compare=False)
