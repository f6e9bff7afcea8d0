"""How far a training will come on two cores like those that the presets were measured on: passes over the text, minutes."""

import math

from charlstm.config import ModelConfig, TrainingConfig
from charlstm.formatting import count_parameters

STARTUP_SECONDS = 7.0
"""Seconds before the first step has been made."""
FLOAT32_SLOWDOWN = 1.5
"""How much longer everything takes in float32 than in bfloat16."""


def training_extent(model: ModelConfig, training: TrainingConfig, learnt: int) -> tuple[float, float]:
    """How often a text will be read, and in how many minutes, on two cores like those that the presets were measured on."""
    again = model.seq_len if training.batches == "windows" and model.targets == "last" else 1  # windows from every character
    seconds_per_pass = max(1, learnt) * again * 1e-9 * nanoseconds_per_character(model, training)
    seconds = math.inf if training.minutes is None else max(0.0, 60 * training.minutes - STARTUP_SECONDS)
    epochs = math.inf if training.epochs is None else training.epochs
    passes = min(epochs, seconds / seconds_per_pass)
    return passes, (STARTUP_SECONDS + passes * seconds_per_pass) / 60


def nanoseconds_per_character(model: ModelConfig, training: TrainingConfig) -> float:
    """What learning a character takes on two cores of an AMD EPYC with bfloat16 instructions.

    Every weight is multiplied for each character, read once for a batch's rows at each position, and updated once for a batch;
    there is the arithmetic of each unit, and what a position takes whatever its size. Within a third of what the presets came
    to on texts of 9 kB to 1 MB, on some days faster and on some slower, and for 1 x 64 to 1 x 1,024 units and 4 to 64 rows.
    """
    rows, characters = training.batch_size, training.batch_size * model.seq_len
    weights = count_parameters(model.weight_shapes) * (0.006 + 0.1 / rows + 8 / characters)
    bfloat16 = weights + 7 * sum(model.units) + 100_000 / rows
    return bfloat16 if training.precision == "bfloat16" else FLOAT32_SLOWDOWN * bfloat16
