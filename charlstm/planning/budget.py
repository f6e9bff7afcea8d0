"""The extent of a training run in steps and seconds, and whether a saved run has come to its end."""

import math
from dataclasses import dataclass

from charlstm.checkpoint.training_state import TrainingProgress
from charlstm.config import TrainingConfig
from charlstm.errors import ConfigError
from charlstm.formatting import counted, exactly
from charlstm.planning.cost_model import STARTUP_SECONDS


@dataclass(frozen=True)
class Budget:
    """The extent of a run, in steps, in wall-clock seconds or in both: then it ends with the first that is used up.

    Attributes:
        steps: Steps in all; infinite without a budget in epochs.
        seconds: Seconds in all; infinite without a budget in minutes.
    """

    steps: float
    seconds: float

    def fraction(self, step: int, seconds: float, reserve: float = 0.0) -> float:
        """The part of the budget that is used up, 0 ... 1.

        Args:
            step: Steps done.
            seconds: Seconds gone.
            reserve: Seconds at the end that are needed for something else (the last evaluation).
        """
        if self.seconds == math.inf:
            return min(1.0, step / self.steps)
        on_the_clock = seconds / (self.seconds - reserve) if reserve < self.seconds else 1.0
        return min(1.0, max(step / self.steps, on_the_clock))

    def seconds_left(self, step: int, seconds: float, seconds_per_step: float) -> float:
        """Seconds to the end, if a step goes on to take so long, with its share of the evaluations."""
        return min(max(0.0, self.steps - step) * seconds_per_step, max(0.0, self.seconds - seconds))


def budget(training: TrainingConfig, steps_per_epoch: float) -> Budget:
    """The budget of a recipe.

    Raises:
        ConfigError: If it has none.
    """
    if training.epochs is None and training.minutes is None:
        raise ConfigError("a training needs an end; give --epochs or --minutes")
    return Budget(
        steps=math.inf if training.epochs is None else max(1, math.ceil(training.epochs * steps_per_epoch)),
        seconds=math.inf if training.minutes is None else 60 * training.minutes,
    )


def why_finished(name: str, training: TrainingConfig, progress: TrainingProgress, steps_per_epoch: float) -> str | None:
    """Return a sentence on why nothing is left to train for a saved run, or None if something is.

    A run is finished when its budget or its patience is used up and its last evaluation has been made. Of a budget in minutes
    nothing is left when the rest would go into starting and into the last evaluation.

    Args:
        name: Of the checkpoint.
        training: Its recipe, with the budget and the patience that it is to be resumed with.
        progress: Its saved state.
        steps_per_epoch: Batches in a pass over the text.
    """
    if not progress.steps or progress.loss_count:
        return None
    if training.patience is not None and progress.poor >= training.patience:
        return (
            f"{name} has ended early, without a better score in {counted(progress.poor, 'evaluation')}; "
            f"--patience {2 * progress.poor} trains on."
        )
    extent = budget(training, steps_per_epoch)
    if progress.steps >= extent.steps:
        made = float(f"{progress.steps / steps_per_epoch:.3g}")
        epochs = (training.epochs or 0.0) if progress.steps == extent.steps else made
        return f"{name} has finished its {exactly(epochs, 'epoch')}; --epochs {2 * epochs:g} trains {epochs:g} more."
    if progress.seconds + STARTUP_SECONDS + progress.reserve >= extent.seconds:
        minutes = max(extent.seconds / 60, round(progress.seconds / 60, 1))
        return f"{name} has used up its {exactly(minutes, 'minute')}; --minutes {2 * minutes:g} trains {minutes:g} more."
    return None
