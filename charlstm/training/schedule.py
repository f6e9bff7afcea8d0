"""The learning rate along the budget of a training run."""

import math

from charlstm.config import TrainingConfig


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
