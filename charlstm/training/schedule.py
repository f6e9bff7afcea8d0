"""How far a training run is, and the learning rate there."""

import math
from dataclasses import dataclass

from charlstm.config import TrainingConfig
from charlstm.errors import ConfigError


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


def learning_rate(training: TrainingConfig, fraction: float) -> float:
    """The learning rate when this part of the budget is used up.

    ``cosine``: linear from a hundredth to the peak during warm-up, then ``peak * (1 + cos(pi * t)) / 2`` down to zero
    (Loshchilov & Hutter 2017).
    """
    if training.schedule == "constant":
        return training.learning_rate
    if fraction < training.warmup:
        return training.learning_rate * max(0.01, fraction / training.warmup)
    annealed = (fraction - training.warmup) / (1 - training.warmup)
    return training.learning_rate * (1 + math.cos(math.pi * annealed)) / 2
