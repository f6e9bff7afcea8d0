"""The state of a training run: all that is needed to resume it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from msgspec import Meta
from numpy.typing import NDArray

from charlstm.checkpoint.history import Finite, HistoryEntry
from charlstm.checkpoint.points import TrainingCurves
from charlstm.checkpoint.weights import Weights

_Short = Annotated[str, Meta(max_length=1_000)]

MAX_HALVINGS = 3
"""Most times that the learning rate is halved after a NaN or infinite loss, before the training run stops."""


@dataclass(frozen=True, kw_only=True)
class TrainingProgress:
    """The progress of a training run: its counters, clocks and inputs, without its arrays.

    Attributes:
        steps: Training steps so far.
        seconds: Wall-clock time so far, in seconds.
        loss_sum: Sum of the training losses since the last evaluation, in nats per character.
        loss_count: Number of losses in that sum.
        poor: Number of evaluations since the best one.
        halvings: Number of times that the learning rate was halved after a NaN or infinite loss.
        began: Wall-clock time at the end of the first step, in seconds.
        evaluated: Number of the state saved at the last evaluation, or before the first step; 0 for this state.
        reserve: Duration of an evaluation in seconds, which a budget in minutes reserves; 0 if unknown.
        paths: Paths of the corpus's files.
        text_encoding: Text encoding of the files.
        validation_paths: Paths of the files of a validation text of the user's own; empty if there is none.
        surroundings: The environment, on which the last digits may depend: versions, processor, number of cores.
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
    validation_paths: Annotated[tuple[Annotated[str, Meta(max_length=1 << 15)], ...], Meta(max_length=1 << 20)] = ()
    surroundings: Annotated[dict[_Short, _Short], Meta(max_length=100)]


@dataclass(frozen=True, kw_only=True)
class TrainingState:
    """The complete state of a training run.

    Attributes:
        arrays: Arrays of the trainer: weights, their average, optimiser slots, carried states, mask counters.
        best: Weights of the best evaluation; empty before the first.
        history: The evaluations so far.
        progress: The counters, clocks and inputs.
        curves: The training curves so far.
        number: Number of its file; 0 before it is written.
    """

    arrays: Mapping[str, NDArray[Any]]
    best: Weights
    history: tuple[HistoryEntry, ...]
    progress: TrainingProgress
    curves: TrainingCurves = field(default_factory=TrainingCurves)
    number: int = field(default=0, compare=False)
