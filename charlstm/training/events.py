"""What happens in a training run, for whoever shows its progress."""

from dataclasses import dataclass
from pathlib import Path

from charlstm.checkpoint.history import HistoryEntry
from charlstm.checkpoint.weights import Weights


@dataclass(frozen=True)
class Started:
    """Everything is built and checked, and the checkpoint's folder is there.

    Attributes:
        folder: The checkpoint's.
        parameters: Of the network.
        keras_loop_because: Why the LSTM layers run in Keras's own loop and not in the fast one; None if they do not.
    """

    folder: Path
    parameters: int
    keras_loop_because: str | None


@dataclass(frozen=True)
class Stepped:
    """After one training step.

    Attributes:
        step: Steps so far.
        fraction: Part of the budget used up.
        nats_per_char: Mean training loss since the last evaluation.
        characters_per_second: Of training alone, since the run began or was resumed.
        seconds_left: To the end of the budget, estimated.
    """

    step: int
    fraction: float
    nats_per_char: float
    characters_per_second: float
    seconds_left: float


@dataclass(frozen=True)
class SpeedMeasured:
    """Once, when it is known how fast this machine is.

    Attributes:
        characters_per_second: Of training alone.
        seconds_left: To the end of the budget, estimated.
        epochs: Passes over the text in the whole of the budget, estimated.
    """

    characters_per_second: float
    seconds_left: float
    epochs: float


@dataclass(frozen=True)
class Evaluating:
    """A pass over the held-out tail begins."""


@dataclass(frozen=True)
class Evaluated:
    """After a pass over the held-out tail.

    Attributes:
        evaluation: Its line in the history.
        weights: The model at that moment.
    """

    evaluation: HistoryEntry
    weights: Weights


@dataclass(frozen=True)
class RolledBack:
    """The loss was no number any more; the state of the last evaluation is taken up again, with half the learning rate.

    Attributes:
        at: The step at which that was seen.
        step: The step of that state.
        learning_rate: The peak from now on.
        warnings: What is wrong with it, if another one had to be taken.
    """

    at: int
    step: int
    learning_rate: float
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckpointRewritten:
    """A part of the checkpoint had been removed while the training ran, and was written anew at a save.

    Attributes:
        path: Of that part, or of the whole folder.
    """

    path: str


@dataclass(frozen=True)
class Finished:
    """The run is over and everything is on disk.

    Attributes:
        best: The evaluation whose weights are the model.
        steps: Training steps in all.
        seconds: Wall clock in all, of every part of a resumed run.
        characters_per_second: Of training alone.
        interrupted: Whether it was asked to stop before its end.
        stopped_early: Whether patience ran out.
    """

    best: HistoryEntry
    steps: int
    seconds: float
    characters_per_second: float
    interrupted: bool
    stopped_early: bool


Event = Started | Stepped | SpeedMeasured | Evaluating | Evaluated | RolledBack | CheckpointRewritten | Finished
