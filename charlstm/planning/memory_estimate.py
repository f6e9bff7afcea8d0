"""An estimate of the memory that training needs, made before any of it is allocated."""

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from charlstm.config import ModelConfig, TrainingConfig
from charlstm.errors import ConfigError
from charlstm.formatting import about, count_parameters
from charlstm.machine import total_memory
from charlstm.planning.environment import has_gpu
from charlstm.text.scoring import scoring_pass
from charlstm.text.vocabulary import id_dtype

PROCESS = 0.8e9
"""Bytes of Python with TensorFlow before anything is built."""
LARGE = 0.25
"""Fraction of the machine's memory above which a note states the need."""
LOGITS = 1.25
"""Copies of a batch's logits. The softmax and the gradient reuse most of their memory."""
_FLOAT = 4


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes of memory that training needs, by purpose.

    Attributes:
        process: Python, TensorFlow and the text.
        weights: All permanent copies of the weights.
        gradients: Gradients during a step, and the optimiser's buffers.
        activations: Activations of all positions of a batch during a step.
        evaluation: Peak addition of an evaluation.
        saving: Peak addition of a save.
    """

    process: float
    weights: float
    gradients: float
    activations: float
    evaluation: float
    saving: float

    @property
    def peak(self) -> float:
        """Peak memory."""
        return self.process + self.weights + max(self.gradients + self.activations, self.evaluation, self.saving)

    @property
    def on_machine(self) -> float:
        """Peak memory of this machine. A GPU has its own memory, of unknown size, for steps and evaluations."""
        return self.process + self.weights + self.saving if has_gpu() else self.peak


def estimate_memory(
    model: ModelConfig,
    training: TrainingConfig,
    characters: int,
    *,
    cores: int,
    workers: int = 1,
    fine_tuning: bool = False,
    id_bytes: int | None = None,
    held_out: int | None = None,
) -> MemoryEstimate:
    """Estimate the memory of training, in bytes.

    The letters: W weights, of which the largest array has M; B rows of T positions; V characters; u units in a layer. All
    numbers are float32. The parts:

    - process: :data:`PROCESS`, and one, two or four bytes for each character of the text;
    - weights: W each for the weights, Adam's two moments, the EMA (if used), the evaluator's copy (if text is held out), the
      best weights, and the base's weights in fine-tuning;
    - gradients: W for each core, for the sum, and for the clipped gradients; 3 M while the optimiser updates an array;
    - activations: :data:`LOGITS` times V for each target; 24 u for each position of each layer (its inputs, gates and states,
      their gradients, and their transposes);
    - evaluation: :data:`LOGITS` times V for each position of a chunk, 12 u for each layer, and W for the weights to score;
    - saving: one copy of the weights, moments and EMA, two copies of these with the best weights in the file's format, and W
      for the scored weights.

    Measured on two cores (``python -m benchmarks.memory``), the estimate was 0.94 to 1.14 of the peak, for 65 to 20,000
    characters, 64 to 1,024 units and 32 to 6,400 targets.

    Args:
        model: The network.
        training: The recipe.
        characters: Length of the whole text.
        cores: Number of cores that share a batch.
        workers: Number of workers that share a batch, each with its own memory.
        fine_tuning: True if training starts from a trained model's weights.
        id_bytes: Bytes of memory per character id of the text; the size that V needs if None.
        held_out: Length of the text that is scored; the held-out end's length if None.
    """
    weights = count_parameters(model.weight_shapes)
    largest = max(map(prod, model.weight_shapes.values()))
    saved = (3 + bool(training.weight_average)) * weights
    held_out = round(training.validation * characters) if held_out is None else held_out
    rows, units = -(-training.batch_size // workers), sum(model.units)
    targets = rows * (model.seq_len if model.targets == "every" else 1)
    evaluation = 0.0
    if held_out > 1:
        scoring = scoring_pass(np.broadcast_to(np.uint8(0), held_out), model.vocabulary_size)
        evaluation = weights + scoring.rows * scoring.chunk * (LOGITS * model.vocabulary_size + 12 * units)
    return MemoryEstimate(
        process=PROCESS + characters * (id_dtype(model.vocabulary_size).itemsize if id_bytes is None else id_bytes),
        weights=_FLOAT * (saved + weights * (1 + (held_out > 1) + fine_tuning)),
        gradients=_FLOAT * (weights * (min(cores, max(1, rows // 4)) + 1 + bool(training.clip_norm)) + 3 * largest),
        activations=_FLOAT * (LOGITS * targets * model.vocabulary_size + 24 * rows * model.seq_len * units),
        evaluation=_FLOAT * evaluation,
        saving=_FLOAT * (saved + 2 * (saved + weights) + weights),
    )


def check_training_memory(
    model: ModelConfig,
    training: TrainingConfig,
    characters: int,
    *,
    cores: int,
    workers: int = 1,
    fine_tuning: bool = False,
    resumed: bool = False,
    id_bytes: int | None = None,
    held_out: int | None = None,
) -> str | None:
    """Check that this machine has enough memory for training.

    Args:
        model: The network.
        training: The recipe.
        characters: Length of the whole text.
        cores: Number of cores that share a batch.
        workers: Number of workers that share a batch, each with its own memory.
        fine_tuning: True if training starts from a trained model's weights.
        resumed: True for a resumed run, whose settings cannot change.
        id_bytes: As for :func:`estimate_memory`.
        held_out: As for :func:`estimate_memory`.

    Returns:
        A sentence with the estimate if it exceeds ``LARGE`` of the memory; otherwise None.

    Raises:
        ConfigError: If the estimate exceeds the memory; the message names the settings to lower.
    """
    needs = estimate_memory(
        model,
        training,
        characters,
        cores=cores,
        workers=workers,
        fine_tuning=fine_tuning,
        id_bytes=id_bytes,
        held_out=held_out,
    )
    peak = needs.on_machine
    if peak <= LARGE * total_memory():
        return None
    if peak <= total_memory():
        return f"This training needs about {about(peak / 1e9)} GB of memory; this machine has {about(total_memory() / 1e9)}."
    for_characters = sum(prod(shape) for shape in model.weight_shapes.values() if model.vocabulary_size in shape)
    if resumed:
        advice = "resume it on a machine with more memory"
    elif replace(needs, activations=0).peak <= total_memory():
        advice = "lower `batch_size` or `seq_len`"
    elif fine_tuning:
        advice = "choose a smaller model"
    elif 2 * for_characters > count_parameters(model.weight_shapes):
        advice = f"lower `units`, or use a text with fewer distinct characters than {model.vocabulary_size:,}"
    else:
        advice = "lower `units`"
    raise ConfigError(
        f"this training needs about {about(peak / 1e9)} GB of memory, and this machine has {about(total_memory() / 1e9)}; "
        f"{advice}"
    )
