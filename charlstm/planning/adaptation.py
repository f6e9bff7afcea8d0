"""Adaptation of a recipe to a text: to its length, its vocabulary and the number of epochs that the budget allows."""

import math
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from charlstm.config import ModelConfig, TrainingConfig
from charlstm.formatting import about, count_parameters, counted
from charlstm.planning.cost_model import TWO_FAST_CORES, Speed, training_extent
from charlstm.planning.environment import fastest_precision
from charlstm.planning.presets import Preset

MAX_HELD_OUT = 200_000
"""Most characters to hold out. The standard error of the score is then about 0.005 nats/char."""
FEW_HELD_OUT = 10_000
"""Held-out characters below which a note states the standard error, about ``2.2 / sqrt(characters)`` nats/char."""
LARGE_VOCABULARY = 256
"""Vocabulary size above which the input encoding is an embedding.

With one-hot encoding each character has 4u weights of the first kernel. Measurements: docs/results/recipes.md.
"""
DECAY_EPOCHS = 8.0
"""Epochs in which weight decay reduces a weight to 1/e at the peak learning rate, for a short text with a large vocabulary.

Source: Wang & Aitchison (2024, arXiv:2405.13698), who read weight decay as the time scale of an average. Measurements:
docs/results/recipes.md.
"""

SHORT_TEXT = 300_000
"""Characters to learn below which at least ``MIN_EVALUATIONS`` evaluations are planned."""
MIN_EVALUATIONS = 10
MOST_EPOCHS_FOR_INPUT_RATE = 8.0
"""Epochs up to which the input encoding has a higher learning rate than other weights.

What that gains shrinks with the number of epochs, and from about 12 on it harms. In fine-tuning it harms on short texts.
Measurements: docs/results/recipes.md.
"""

QUICK_BELOW, BEST_FROM = 2.0, 30.0
"""Budgets in minutes below which ``quick`` and from which ``best`` is better than ``standard``."""
NOT_FOR_BEST = 20_000
"""Characters to learn below which ``best`` gains nothing over ``standard``."""

T = TypeVar("T", ModelConfig, TrainingConfig)


@dataclass(frozen=True)
class AdaptedSettings:
    """A recipe for one text.

    Attributes:
        model: The network.
        training: The recipe.
        notes: The choices made for this text and their reasons, one sentence each.
    """

    model: ModelConfig
    training: TrainingConfig
    notes: tuple[str, ...]


def adapt(
    preset: Preset,
    model: ModelConfig,
    training: TrainingConfig,
    characters: int,
    chosen: frozenset[str],
    *,
    fine_tuning: bool = False,
    speed: Speed = TWO_FAST_CORES,
) -> AdaptedSettings:
    """Fit a recipe to a text.

    Settings that the user chose do not change. If the text is too short for them, preparing the batches fails later.

    Args:
        preset: The preset of the recipe. ``classic`` changes in its precision only.
        model: The network, with the user's own settings.
        training: The recipe, with the user's own settings.
        characters: Length of the whole text.
        chosen: Names of the settings that must not change, such as those that the user chose.
        fine_tuning: True if the training starts from a trained model.
        speed: The machine's, which a budget in minutes is planned with.

    Returns:
        The fitted settings, with a note for each choice.
    """
    notes: list[str] = []

    def changed(record: T, note: str, **values: Any) -> T:
        new = {name: value for name, value in values.items() if name not in chosen and getattr(record, name) != value}
        notes.extend([note] if new and note else [])
        return replace(record, **new)

    if preset == "classic":
        training = _with_fastest_precision(model, training, chosen)
        learned = _learned_characters(training, characters)
        return AdaptedSettings(model, training, (_forecast(model, training, learned, speed),))
    note = f"The last {MAX_HELD_OUT:,} characters are enough to score the model on."
    training = changed(training, note, validation=fitted_validation(preset, training.validation, characters, chosen))
    learned = _learned_characters(training, characters)
    held_out = characters - learned
    minutes = training.minutes if "minutes" in chosen else None
    better = better_preset(preset, minutes, learned)
    if better != preset and "units" not in chosen:
        where = "a text this short" if minutes is None else counted(minutes, "minute")
        notes.append(f"For {where}, `preset={better!r}` is the better start.")
    if 1 < held_out < FEW_HELD_OUT:
        error = about(2.2 / math.sqrt(held_out))
        notes.append(f"Only the last {held_out:,} characters are scored: the standard error is about {error} nats/char.")
    if model.encoding == "one-hot" and model.vocabulary_size > LARGE_VOCABULARY:
        note = f"The vocabulary is large: each character is encoded as an embedding of {model.embedding_size} numbers."
        model = changed(model, note, encoding="embedding")
    if training.batches == "streams" or model.targets == "every":  # other batches start a window at every character
        batch_size, seq_len = batch_shape(training.batch_size, model.seq_len, learned, chosen)
        note = "The text is short for this recipe: `{}` is {} instead of {}."
        training = changed(training, note.format("batch_size", batch_size, training.batch_size), batch_size=batch_size)
        model = changed(model, note.format("seq_len", seq_len, model.seq_len), seq_len=seq_len)
        if learned < SHORT_TEXT and model.vocabulary_size > LARGE_VOCABULARY:
            steps = max(1.0, learned / (batch_size * seq_len))
            exact = 1 / (DECAY_EPOCHS * steps * training.learning_rate)
            decay = float(f"{min(1e6, exact):.3g}")  # a tiny learning rate would give a decay that is not a valid setting
            each = counted(round(learned / model.vocabulary_size), "occurrence")
            note = f"The text is short for a vocabulary of this size, about {each} of each character: weight decay {decay:g}."
            training = changed(training, note, weight_decay=decay)
    if learned < SHORT_TEXT:
        note = (
            f"A short text is soon overfitted: {MIN_EVALUATIONS} evaluations, or fewer if they would take more than a tenth of "
            "the time."
        )
        training = changed(training, note, evaluations=max(MIN_EVALUATIONS, training.evaluations))
    training = _with_fastest_precision(model, training, chosen)
    epochs, _ = training_extent(model, training, learned, speed)
    if epochs > MOST_EPOCHS_FOR_INPUT_RATE or (fine_tuning and learned < SHORT_TEXT):
        training = changed(training, "", input_rate_multiplier=1.0)
    risk = overfitting_risk(epochs * count_parameters(model.weight_shapes) / max(1, learned))
    dropout, drop_connect = (round(risk * rate, 2) for rate in dropout_rates(epochs, min(model.units), learned))
    model = changed(model, "", dropout=dropout, drop_connect=drop_connect)
    dropouts = f": dropout {model.dropout:g}, DropConnect {model.drop_connect:g}"
    notes.append(_forecast(model, training, learned, speed, dropouts))
    return AdaptedSettings(model, training, tuple(notes))


def fitted_validation(preset: Preset, validation: float, characters: int, chosen: frozenset[str]) -> float:
    """Return the fraction of a text to hold out, at most ``MAX_HELD_OUT`` characters.

    Args:
        preset: As for :func:`adapt`.
        validation: The fraction that the recipe or the user sets.
        characters: Length of the whole text.
        chosen: As for :func:`adapt`.
    """
    if preset == "classic" or "validation" in chosen or validation * characters <= MAX_HELD_OUT:
        return validation
    return MAX_HELD_OUT / characters


def better_preset(preset: Preset, minutes: float | None, learned: int) -> Preset:
    """Return the preset that fits a budget and a text.

    Args:
        preset: The preset that the user chose.
        minutes: The user's budget; None if it is not set in minutes.
        learned: Characters to learn.
    """
    most: Preset = "standard" if learned < NOT_FOR_BEST else "best"
    if minutes is None:
        return most if preset == "best" else preset
    return "quick" if minutes < QUICK_BELOW else most if minutes >= BEST_FROM else "standard"


def batch_shape(batch_size: int, seq_len: int, learned: int, chosen: frozenset[str]) -> tuple[int, int]:
    """Return the batch size and the window length for a text.

    Halves the batch size and then the window length until an epoch has at least 64 batches.

    Args:
        batch_size: Streams in a batch.
        seq_len: Characters in a window.
        learned: Characters to learn.
        chosen: As for :func:`adapt`.
    """
    result = {"batch_size": batch_size, "seq_len": seq_len}
    for name, least in (("batch_size", 4), ("seq_len", 16), ("batch_size", 1)):
        while name not in chosen and result[name] > least and learned <= 64 * math.prod(result.values()):
            result[name] = max(least, result[name] // 2)
    return result["batch_size"], result["seq_len"]


def overfitting_risk(exposure: float) -> float:
    """Return the overfitting risk, from 0 to 1.

    Args:
        exposure: Weights per character of the text, times epochs. From 50 on, dropout is needed. The exposure from which
            it helps depends on the text (7 for one, above 18 for another: docs/results/recipes.md), hence the gradual rise.
    """
    return min(1.0, math.log(max(1.0, exposure)) / math.log(50))


def dropout_rates(epochs: float, units: int, learned: int) -> tuple[float, float]:
    """Return the rates of dropout and DropConnect for a network that can overfit a text.

    Both rates rise with the number of epochs and fall with the length of the text. DropConnect also rises with the width of the
    layers: it harms narrow layers, unless the text is short.

    Args:
        epochs: Epochs in the budget.
        units: Width of the narrowest layer.
        learned: Characters to learn.
    """
    more = math.log(max(1.0, epochs))
    shorter = min(1.0, more) * math.log(max(1.0, 1e6 / max(1, learned)))
    dropout = min(0.8, 0.12 * more + 0.05 * shorter)
    drop_connect = min(0.7, 0.1 * more * min(1.0, units / 1024) + 0.08 * shorter)
    return round(dropout, 2), round(drop_connect, 2)


def _learned_characters(training: TrainingConfig, characters: int) -> int:
    return characters - round(training.validation * characters)


def _forecast(model: ModelConfig, training: TrainingConfig, learned: int, speed: Speed, dropouts: str = "") -> str:
    """Return a sentence with the expected epochs, the expected time and the dropout rates."""
    epochs, minutes = training_extent(model, training, learned, TWO_FAST_CORES if training.minutes is None else speed)
    part = f"{about(max(0.01, 100 * epochs))} % of the text"
    extent = part if epochs < 1 else counted(epochs, "epoch")
    time = counted(max(1.0, minutes), "minute") if minutes > 0.95 else "less than a minute"
    if training.minutes is None:
        return f"{extent}, {'about ' * (minutes > 0.95)}{time} on two fast cores{dropouts}."
    later = "The estimate for this machine follows once its speed is measured."
    return f"Planned for {extent}, which {speed.phrase} in {time}{dropouts}. {later}"


def _with_fastest_precision(model: ModelConfig, training: TrainingConfig, chosen: frozenset[str]) -> TrainingConfig:
    if "precision" in chosen:
        return training
    return replace(training, precision=fastest_precision(training.batch_size, model.encoding))
