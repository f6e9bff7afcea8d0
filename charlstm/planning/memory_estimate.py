"""How much memory a training needs, estimated before any of it is allocated."""

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from charlstm.checkpoint.memory import total_memory
from charlstm.config import ModelConfig, TrainingConfig
from charlstm.errors import ConfigError
from charlstm.formatting import about, count_parameters
from charlstm.planning.environment import has_gpu
from charlstm.text.scoring import scoring_pass
from charlstm.text.vocabulary import id_dtype

PROCESS = 0.8e9
"""Bytes of Python with TensorFlow before anything is built."""
LARGE = 0.25
"""Part of the machine's memory above which the user is told."""
LOGITS = 1.25
"""Copies of a batch's logits: the softmax and the gradient take over their memory, but for a part of it."""
_FLOAT = 4


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes of memory that a training needs, by what they are for.

    Attributes:
        process: Python, TensorFlow and the text.
        weights: All copies of the weights that are there all the time.
        gradients: What a step adds for each weight.
        activations: What a step adds for each position of a batch.
        evaluation: The most that a piece of an evaluation adds.
        saving: The most that a save adds.
    """

    process: float
    weights: float
    gradients: float
    activations: float
    evaluation: float
    saving: float

    @property
    def peak(self) -> float:
        """The most that is there at one time."""
        return self.process + self.weights + max(self.gradients + self.activations, self.evaluation, self.saving)


def estimate_memory(
    model: ModelConfig,
    training: TrainingConfig,
    characters: int,
    *,
    cores: int,
    workers: int = 1,
    fine_tuning: bool = False,
    id_bytes: int | None = None,
) -> MemoryEstimate:
    """Estimate the memory of a training, in bytes.

    With W weights, of which the largest array has M, B rows of T positions, V characters, u units of each layer, and all
    numbers in float32:

    - process: :data:`PROCESS`, and one, two or four bytes for each character of the text;
    - weights: W for each of the weights, Adam's two moments, the average (if there is one), the evaluator's copy (if a text is
      held out), the best weights, and those that fine-tuning starts from;
    - gradients: W for those of each core, for their sum, and for the clipped ones; 3 M while the optimiser updates an array;
    - activations: :data:`LOGITS` times V for each target; 24 u for each position of each layer (its inputs, gates and states,
      the gradients of these, and their transposes);
    - evaluation: the same times V for each position of a piece, 12 u for each layer, and W for the weights that are scored;
    - saving: a copy of the weights, moments and average, two of these with the best weights in the file's format, and W for
      the weights that were scored.

    Measured on two cores (``python -m benchmarks.memory``), this came to 0.94 to 1.14 of the peak, for 65 to 20,000 characters,
    64 to 1,024 units and 32 to 6,400 targets.

    Args:
        model: The network.
        training: The recipe.
        characters: Of the whole text.
        cores: That share a batch.
        workers: That share a batch, each in a memory of its own.
        fine_tuning: Whether it starts from a trained model's weights.
        id_bytes: Of each character of the text; as many as V needs if None.
    """
    weights = count_parameters(model.weight_shapes)
    largest = max(map(prod, model.weight_shapes.values()))
    saved = (3 + bool(training.weight_average)) * weights
    held_out = round(training.validation * characters)
    rows, units = -(-training.batch_size // workers), sum(model.units)
    targets = rows * (model.seq_len if model.targets == "every" else 1)
    evaluation = 0.0
    if held_out > 1:
        scoring = scoring_pass(np.broadcast_to(np.uint8(0), held_out), model.vocabulary_size)
        evaluation = weights + scoring.rows * scoring.chunk * (LOGITS * model.vocabulary_size + 12 * units)
    return MemoryEstimate(
        process=PROCESS + characters * (id_bytes or id_dtype(model.vocabulary_size).itemsize),
        weights=_FLOAT * (saved + weights * (1 + (held_out > 1) + fine_tuning)),
        gradients=_FLOAT * (weights * (min(cores, max(1, rows // 4)) + 1 + bool(training.clip_norm)) + 3 * largest),
        activations=_FLOAT * (LOGITS * targets * model.vocabulary_size + 24 * rows * model.seq_len * units),
        evaluation=_FLOAT * evaluation,
        saving=_FLOAT * (saved + 2 * (saved + weights) + weights),
    )


def check_memory(
    model: ModelConfig,
    training: TrainingConfig,
    characters: int,
    *,
    cores: int,
    workers: int = 1,
    fine_tuning: bool = False,
    resumed: bool = False,
    id_bytes: int | None = None,
) -> str | None:
    """Refuse a training for which this machine has too little memory.

    A GPU has a memory of its own for steps and evaluations, of which nothing is known here: then the rest alone counts.

    Args:
        model: The network.
        training: The recipe.
        characters: Of the whole text.
        cores: That share a batch.
        workers: That share a batch, each in a memory of its own.
        fine_tuning: Whether it starts from a trained model's weights.
        resumed: Whether it is resumed, so that no setting can be another.
        id_bytes: As for :func:`estimate_memory`.

    Returns:
        What it needs, a sentence, if that is much; otherwise None.

    Raises:
        ConfigError: If it needs more than there is; the message says what to make smaller.
    """
    needs = estimate_memory(
        model, training, characters, cores=cores, workers=workers, fine_tuning=fine_tuning, id_bytes=id_bytes
    )
    peak = needs.process + needs.weights + needs.saving if has_gpu() else needs.peak
    if peak <= LARGE * total_memory():
        return None
    if peak <= total_memory():
        return f"This training needs about {about(peak / 1e9)} GB of memory; this machine has {about(total_memory() / 1e9)}."
    for_characters = sum(prod(shape) for shape in model.weight_shapes.values() if model.vocabulary_size in shape)
    if resumed:
        advice = "resume it where there is more"
    elif replace(needs, activations=0).peak <= total_memory():
        advice = "lower --batch-size or --seq-len"
    elif fine_tuning:
        advice = "choose a smaller model"
    elif 2 * for_characters > count_parameters(model.weight_shapes):
        advice = f"lower --units, or use a text with fewer distinct characters than {model.vocabulary_size:,}"
    else:
        advice = "lower --units"
    raise ConfigError(
        f"this training needs about {about(peak / 1e9)} GB of memory, and this machine has {about(total_memory() / 1e9)}; "
        f"{advice}"
    )
