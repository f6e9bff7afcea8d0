"""The learning-rate schedule: warm-up and annealing over the budget of a training run."""

import math

from charlstm.config import TrainingConfig


def learning_rate(training: TrainingConfig, fraction: float) -> float:
    """Return the learning rate at a point of the budget.

    With the schedule ``cosine`` the rate rises linearly from 1 % of the peak during warm-up. It then falls to zero as
    ``peak * (1 + cos(pi * t)) / 2`` (Loshchilov & Hutter 2017).

    Args:
        training: The recipe.
        fraction: Fraction of the budget used up, from 0 to 1.
    """
    if training.schedule == "constant":
        return training.learning_rate
    if fraction < training.warmup:
        return training.learning_rate * max(0.01, fraction / training.warmup)
    annealed = (fraction - training.warmup) / (1 - training.warmup)
    return training.learning_rate * (1 + math.cos(math.pi * annealed)) / 2
