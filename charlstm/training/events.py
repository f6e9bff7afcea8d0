"""The events of a training run, for showing its progress."""

from dataclasses import dataclass
from pathlib import Path

from charlstm.checkpoint.history import HistoryEntry
from charlstm.checkpoint.weights import Weights


@dataclass(frozen=True)
class Started:
    """The first event: everything is built and checked, and the checkpoint's folder exists.

    Attributes:
        folder: Folder of the checkpoint.
        parameters: Number of the network's parameters.
        keras_loop_because: The reason why the LSTM layers run in Keras's own loop; None if they run in the fast one.
    """

    folder: Path
    parameters: int
    keras_loop_because: str | None


@dataclass(frozen=True)
class Stepped:
    """The event after each training step.

    Attributes:
        step: Steps so far.
        fraction: Fraction of the budget used up.
        nats_per_char: Mean training loss since the last evaluation.
        characters_per_second: Throughput of training without evaluations, since the run began or was resumed.
        seconds_left: To the end of the budget, estimated.
        loss: Training loss of the step, in nats per character.
        learning_rate: Learning rate of the step.
        gradient_norm: Norm of its gradient before clipping.
    """

    step: int
    fraction: float
    nats_per_char: float
    characters_per_second: float
    seconds_left: float
    loss: float
    learning_rate: float
    gradient_norm: float


@dataclass(frozen=True)
class SpeedMeasured:
    """The event that reports the measured speed of this machine, once in a run.

    Attributes:
        characters_per_second: Throughput of training without evaluations.
        seconds_left: To the end of the budget, estimated.
        epochs: Epochs in the whole budget, estimated.
        evaluations: Evaluations in the whole budget, made and planned.
    """

    characters_per_second: float
    seconds_left: float
    epochs: float
    evaluations: int


@dataclass(frozen=True)
class Evaluating:
    """The event before an evaluation on the held-out text."""


@dataclass(frozen=True)
class Evaluated:
    """The event after an evaluation on the held-out text.

    Attributes:
        evaluation: The entry in the history.
        weights: The weights that were evaluated.
    """

    evaluation: HistoryEntry
    weights: Weights


@dataclass(frozen=True)
class RolledBack:
    """The event after a NaN or infinite loss: training is back at the last evaluation, with half the learning rate.

    Attributes:
        at: Step at which the loss became NaN or infinite.
        step: Step of the state that was restored.
        learning_rate: Peak learning rate from now on.
        warnings: Damage of newer states, if an older one had to be restored.
    """

    at: int
    step: int
    learning_rate: float
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckpointRewritten:
    """The event after a save that has restored a removed or damaged part of the checkpoint.

    Attributes:
        path: Path of that part, or of the whole folder.
    """

    path: str


@dataclass(frozen=True)
class SummariesFailed:
    """The event after a failure to write event files for TensorBoard; the run continues without them.

    Attributes:
        path: Their folder.
        reason: The reason.
    """

    path: str
    reason: str


@dataclass(frozen=True)
class Finished:
    """The last event: the run has ended and everything is on disk.

    Attributes:
        best: The evaluation whose weights are the model.
        steps: Total training steps.
        seconds: Total wall-clock seconds, over all parts of a resumed run.
        characters_per_second: Throughput of training without evaluations.
        interrupted: True if the run was asked to stop before the end of its budget.
        stopped_early: True if the patience was used up.
        nothing_trained: True if no step was made because starting used up the rest of a budget in minutes.
    """

    best: HistoryEntry
    steps: int
    seconds: float
    characters_per_second: float
    interrupted: bool
    stopped_early: bool
    nothing_trained: bool = False


Event = (
    Started | Stepped | SpeedMeasured | Evaluating | Evaluated | RolledBack | CheckpointRewritten | SummariesFailed | Finished
)
