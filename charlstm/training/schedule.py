"""How far a training run is, and the learning rate there."""

import math
from dataclasses import dataclass

from charlstm.config import TrainingConfig


@dataclass(frozen=True)
class Budget:
    """The extent of a run: wall-clock seconds if given, else steps.

    Attributes:
        steps: Steps in all, for a budget in epochs.
        seconds: Seconds in all, for a budget in minutes.
    """

    steps: int
    seconds: float | None

    def fraction(self, step: int, seconds: float, reserve: float = 0.0) -> float:
        """The part of the budget that is used up, 0 ... 1.

        Args:
            step: Steps done.
            seconds: Seconds gone.
            reserve: Seconds at the end that are needed for something else (the last evaluation).
        """
        if self.seconds is None:
            return min(1.0, step / self.steps)
        # At least a hundredth is left for training: an evaluation that fills the whole budget must not end it at once.
        return min(1.0, seconds / max(self.seconds - reserve, self.seconds / 100))

    def seconds_left(self, fraction: float, seconds: float, reserve: float) -> float:
        """Seconds to the end, estimated; infinite while nothing is known."""
        if self.seconds is not None:
            return max(0.0, self.seconds - seconds)
        return seconds * (1 - fraction) / fraction + reserve if fraction else math.inf


def budget(training: TrainingConfig, steps_per_epoch: float) -> Budget:
    """The budget of a recipe."""
    steps = max(1, math.ceil(training.epochs * steps_per_epoch))
    return Budget(steps, None if training.minutes is None else 60 * training.minutes)


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
