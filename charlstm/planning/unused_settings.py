"""Settings that the user gave and that would have no effect: refused, or said where that does no harm."""

from collections.abc import Mapping
from typing import Any

from charlstm.config import ModelConfig, TrainingConfig
from charlstm.errors import ConfigError
from charlstm.planning.settings import flag


def check_unused_settings(
    given: Mapping[str, Any], model: ModelConfig, training: TrainingConfig, held_out: int
) -> tuple[str, ...]:
    """Refuse settings without effect.

    Args:
        given: The settings that the user chose.
        model: The network, with these settings.
        training: The recipe, likewise.
        held_out: Characters that are held out.

    Returns:
        What the user should know of the others, a sentence each.

    Raises:
        ConfigError: If a setting has no effect together with the others.
    """
    first_kernel_alone = len(model.units) == 1 and model.encoding != "embedding"
    # Of each setting: whether it has no effect, together with what, and what would give it one.
    idle = {
        "embedding_size": (model.encoding != "embedding", f"--encoding {model.encoding}", "--encoding embedding"),
        "kernel_initializer": (
            first_kernel_alone and model.input_initializer is not None,
            "--input-initializer, which is for the only kernel there is",
            "that one alone",
        ),
        "warmup": (training.schedule == "constant" and training.warmup > 0, "--schedule constant", "--schedule cosine"),
        "state_reset": (
            training.batches == "windows" and training.state_reset < 1,
            "--batches windows, which all start from a zero state",
            "--batches streams",
        ),
        "unit_forget_bias": (model.unit_forget_bias and not model.use_bias, "--no-use-bias", "--use-bias"),
        "bias_initializer": (not model.use_bias, "--no-use-bias", "--use-bias"),
        "bias_regularizer": (not model.use_bias, "--no-use-bias", "--use-bias"),
        "bias_constraint": (not model.use_bias, "--no-use-bias", "--use-bias"),
        "patience": (held_out < 2, f"--validation {training.validation:g}: nothing is scored", "a larger --validation"),
    }
    for name in given.keys() & idle.keys():
        without_effect, cause, remedy = idle[name]
        if without_effect:
            raise ConfigError(f"{flag(name)} has no effect with {cause}; leave it out, or give {remedy}")
    if training.patience is not None and training.patience >= training.evaluations and "patience" in given:
        return (
            f"--patience {training.patience} cannot end this training early, which has {training.evaluations} evaluations; "
            "give more --evaluations.",
        )
    return ()
