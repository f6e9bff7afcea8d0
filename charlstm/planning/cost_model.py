"""A cost model of training on the two cores that the presets were measured on: epochs and minutes."""

import math
from dataclasses import dataclass

from charlstm.config import ModelConfig, TrainingConfig
from charlstm.formatting import count_parameters

STARTUP_SECONDS = 7.0
"""Seconds from the start of the command to the end of the first step."""
FLOAT32_SLOWDOWN = 1.5
"""Time of a step in float32, relative to bfloat16."""


@dataclass(frozen=True)
class Speed:
    """The speed of a machine.

    Attributes:
        slowdown: Time of a step, relative to that on the two cores.
        phrase: The machine as the subject of a sentence, with the verb, such as "two fast cores train".
    """

    slowdown: float
    phrase: str


TWO_FAST_CORES = Speed(1.0, "two fast cores train")


def training_extent(
    model: ModelConfig, training: TrainingConfig, learned: int, speed: Speed = TWO_FAST_CORES
) -> tuple[float, float]:
    """Estimate the epochs and the minutes that a training run takes.

    Args:
        model: The network.
        training: The recipe.
        learned: Characters to learn.
        speed: The machine's.

    Returns:
        Epochs, and minutes with the start-up.
    """
    reads = model.seq_len if training.batches == "windows" and model.targets == "last" else 1  # a window from each character
    seconds_per_epoch = max(1, learned) * reads * 1e-9 * speed.slowdown * nanoseconds_per_character(model, training)
    seconds = math.inf if training.minutes is None else max(0.0, 60 * training.minutes - STARTUP_SECONDS)
    epochs = math.inf if training.epochs is None else training.epochs
    epochs = min(epochs, seconds / seconds_per_epoch)
    return epochs, (STARTUP_SECONDS + epochs * seconds_per_epoch) / 60


def nanoseconds_per_character(model: ModelConfig, training: TrainingConfig) -> float:
    """Estimate the nanoseconds per character on two cores of an AMD EPYC with bfloat16 instructions.

    Every weight is multiplied for each character, read once for all rows at each position, and updated once for each batch.
    The other terms are the arithmetic of each unit and a constant cost of each position. The estimate was within a third of the
    measured time for the presets on texts of 9 kB to 1 MB, for 1 x 64 to 1 x 1,024 units and for 4 to 64 rows.
    """
    rows, characters = training.batch_size, training.batch_size * model.seq_len
    weights = count_parameters(model.weight_shapes) * (0.006 + 0.1 / rows + 8 / characters)
    bfloat16 = weights + 7 * sum(model.units) + 100_000 / rows
    return bfloat16 if training.precision == "bfloat16" else FLOAT32_SLOWDOWN * bfloat16
