"""Detection of settings that the user chose and that would have no effect."""

from collections.abc import Mapping

from charlstm.config import ModelConfig, TrainingConfig
from charlstm.errors import ConfigError
from charlstm.formatting import counted


def check_unused_settings(
    given: Mapping[str, object], model: ModelConfig, training: TrainingConfig, held_out: int
) -> tuple[str, ...]:
    """Check that every setting that the user chose has an effect.

    Args:
        given: The settings that the user chose.
        model: The network, with these settings.
        training: The recipe, with these settings.
        held_out: Number of held-out characters.

    Returns:
        Notes on settings that have an effect but not the expected one, one sentence each.

    Raises:
        ConfigError: If a setting has no effect in combination with the others.
    """
    first_kernel_alone = len(model.units) == 1 and model.encoding != "embedding"
    # For each setting: True if it has no effect; the cause; the setting that would give it an effect.
    checks = {
        "embedding_size": (
            model.encoding != "embedding",
            f"`input_encoding={model.encoding!r}`",
            "`input_encoding='embedding'`",
        ),
        "kernel_initializer": (
            first_kernel_alone and model.input_initializer is not None,
            "`input_initializer`, which initialises the only kernel of this network",
            "`input_initializer` alone",
        ),
        "warmup": (training.schedule == "constant" and training.warmup > 0, "`schedule='constant'`", "`schedule='cosine'`"),
        "state_reset": (
            training.batches == "windows" and training.state_reset < 1,
            "`batches='windows'`, which all start from a zero state",
            "`batches='streams'`",
        ),
        "unit_forget_bias": (model.unit_forget_bias and not model.use_bias, "`use_bias=False`", "`use_bias=True`"),
        "bias_initializer": (not model.use_bias, "`use_bias=False`", "`use_bias=True`"),
        "bias_regularizer": (not model.use_bias, "`use_bias=False`", "`use_bias=True`"),
        "bias_constraint": (not model.use_bias, "`use_bias=False`", "`use_bias=True`"),
        "patience": (
            held_out < 2,
            f"`validation_split={training.validation:g}`: nothing is scored",
            "a larger `validation_split`",
        ),
    }
    for name in given.keys() & checks.keys():
        without_effect, cause, remedy = checks[name]
        if without_effect:
            raise ConfigError(f"`{name}` has no effect with {cause}; leave it out, or give {remedy}")
    notes = []
    if training.patience is not None and training.patience >= training.evaluations and "patience" in given:
        notes.append(
            f"`patience={training.patience}` cannot end this training early, which has "
            f"{counted(training.evaluations, 'evaluation')}; give more `num_evaluations`."
        )
    if training.gradient_precision != "float32" and "gradient_precision" in given:
        notes.append("`gradient_precision` changes what several workers or GPUs exchange, and nothing for a single one.")
    return tuple(notes)
