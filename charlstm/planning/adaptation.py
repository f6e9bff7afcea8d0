"""A recipe made to fit a text: its length, its alphabet, and how often it will be read."""

import math
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from charlstm.config import ModelConfig, TrainingConfig
from charlstm.formatting import about, count_parameters, counted
from charlstm.planning.cost_model import training_extent
from charlstm.planning.environment import fastest_precision
from charlstm.planning.presets import Preset

MAX_HELD_OUT = 200_000
"""Characters that are enough to score by: the standard error of the score is then some 0.005 nats."""
FEW_HELD_OUT = 10_000
"""Characters below which its standard error, some ``2.2 / sqrt(characters)`` nats, is worth a word."""
LARGE_VOCABULARY = 256
"""Characters above which they are embedded: one-hot, each has 4u numbers of the first kernel to itself.

What that gains on one text and loses on others, and what it costs: docs/recipes.md.
"""
DECAY_EPOCHS = 8.0
"""Passes in which weights lose all but 1/e at the highest learning rate, where a short text shows too few of each character.

The measure is that of Wang & Aitchison (2024, arXiv:2405.13698): an average over so many passes. Figures: docs/recipes.md.
"""

SHORT_TEXT = 300_000
"""Characters below which at least ``OFTEN`` evaluations are planned."""
MIN_EVALUATIONS = 10

QUICK_BELOW, BEST_FROM = 2.0, 30.0
"""Minutes for which ``standard`` is not the best of the presets."""
NOT_FOR_BEST = 20_000
"""Characters to learn below which ``best`` gains nothing over ``standard``."""

T = TypeVar("T", ModelConfig, TrainingConfig)


@dataclass(frozen=True)
class AdaptedSettings:
    """A recipe for one text.

    Attributes:
        model: The network.
        training: How to train it.
        notes: What was chosen for this text and why, a sentence each.
    """

    model: ModelConfig
    training: TrainingConfig
    notes: tuple[str, ...]


def adapt(
    preset: Preset, model: ModelConfig, training: TrainingConfig, characters: int, chosen: frozenset[str]
) -> AdaptedSettings:
    """Fit a recipe to a text. What the user chose stays: if the text is too short for that, the batches say so.

    Args:
        preset: Where the recipe comes from; ``classic`` is kept exact.
        model: The network, with the user's own settings.
        training: How to train it, likewise.
        characters: Of the whole text.
        chosen: Names of the settings that are to stay, such as those that are the user's own.
    """
    notes: list[str] = []

    def changed(record: T, note: str, **values: Any) -> T:
        new = {name: value for name, value in values.items() if name not in chosen and getattr(record, name) != value}
        notes.extend([note] if new and note else [])
        return replace(record, **new)

    if preset == "classic":
        training = _fastest(model, training, chosen)
        return AdaptedSettings(model, training, (_foreseen(model, training, _learnt(training, characters)),))
    note = f"The last {MAX_HELD_OUT:,} characters are enough to score by."
    training = changed(training, note, validation=fitted_validation(preset, training.validation, characters, chosen))
    learnt = _learnt(training, characters)
    held_out = characters - learnt
    minutes = training.minutes if "minutes" in chosen else None
    better = better_preset(preset, minutes, learnt)
    if better != preset and "units" not in chosen:
        where = "so short a text" if minutes is None else counted(minutes, "minute")
        notes.append(f"For {where} --preset {better} is the better start.")
    if 1 < held_out < FEW_HELD_OUT:
        error = about(2.2 / math.sqrt(held_out))
        notes.append(f"Scored on the last {held_out:,} characters alone: give or take {error} nats.")
    if model.encoding == "one-hot" and model.vocabulary_size > LARGE_VOCABULARY:
        note = f"The alphabet is large: each character is read as an embedding of {model.embedding_size} numbers."
        model = changed(model, note, encoding="embedding")
    if training.batches == "streams" or model.targets == "every":  # a window for each character is enough in any case
        batch_size, seq_len = batch_shape(training.batch_size, model.seq_len, learnt, chosen)
        note = "The text is short for this recipe: --{} is {} in place of {}."
        training = changed(training, note.format("batch-size", batch_size, training.batch_size), batch_size=batch_size)
        model = changed(model, note.format("seq-len", seq_len, model.seq_len), seq_len=seq_len)
        if learnt < SHORT_TEXT and model.vocabulary_size > LARGE_VOCABULARY:
            steps = max(1.0, learnt / (batch_size * seq_len))
            forgotten = 1 / (DECAY_EPOCHS * steps * training.learning_rate)
            decay = float(f"{min(1e6, forgotten):.3g}")  # any learning rate is allowed
            each = learnt / model.vocabulary_size
            note = f"The text is short for so large an alphabet, about {each:.0f} of each character: weight decay {decay:g}."
            training = changed(training, note, weight_decay=decay)
    if learnt < SHORT_TEXT:
        note = (
            f"A short text is soon overfitted: {MIN_EVALUATIONS} evaluations, fewer only where they take over a tenth of the "
            "time."
        )
        training = changed(training, note, evaluations=max(MIN_EVALUATIONS, training.evaluations))
    training = _fastest(model, training, chosen)
    passes, _ = training_extent(model, training, learnt)
    dangerous = overfitting_risk(passes * count_parameters(model.weight_shapes) / max(1, learnt))
    dropout, drop_connect = (round(dangerous * share, 2) for share in dropout_rates(passes, min(model.units), learnt))
    model = changed(model, "", dropout=dropout, drop_connect=drop_connect)
    dropping = f": dropout {model.dropout:g}, DropConnect {model.drop_connect:g}"
    notes.append(_foreseen(model, training, learnt, dropping))
    return AdaptedSettings(model, training, tuple(notes))


def fitted_validation(preset: Preset, validation: float, characters: int, chosen: frozenset[str]) -> float:
    """Return the fraction of a text to hold out: no more of a long one than is enough to score by.

    Args:
        preset: As for :func:`adapt`.
        validation: The fraction that the recipe or the user says.
        characters: Of the whole text.
        chosen: As for :func:`adapt`.
    """
    if preset == "classic" or "validation" in chosen or validation * characters <= MAX_HELD_OUT:
        return validation
    return MAX_HELD_OUT / characters


def better_preset(preset: Preset, minutes: float | None, learnt: int) -> Preset:
    """The preset that is made for so many minutes, if the user said how many, and for a text of so many characters to learn."""
    most: Preset = "standard" if learnt < NOT_FOR_BEST else "best"
    if minutes is None:
        return most if preset == "best" else preset
    return "quick" if minutes < QUICK_BELOW else most if minutes >= BEST_FROM else "standard"


def batch_shape(batch_size: int, seq_len: int, learnt: int, chosen: frozenset[str]) -> tuple[int, int]:
    """Streams and window for a text: streams are halved, then the window is, until an epoch has at least 64 batches."""
    result = {"batch_size": batch_size, "seq_len": seq_len}
    for name, least in (("batch_size", 4), ("seq_len", 16), ("batch_size", 1)):
        while name not in chosen and result[name] > least and learnt <= 64 * math.prod(result.values()):
            result[name] = max(least, result[name] // 2)
    return result["batch_size"], result["seq_len"]


def overfitting_risk(exposure: float) -> float:
    """How much of the danger there is, 0 ... 1, that a text is learnt by heart.

    Args:
        exposure: Weights for each character, times passes. From 50 on dropping is needed; where it begins to pay, texts do not
            agree (at 7, or not yet at 18: docs/recipes.md), so this is a course between them.
    """
    return min(1.0, math.log(max(1.0, exposure)) / math.log(50))


def dropout_rates(passes: float, units: int, learnt: int) -> tuple[float, float]:
    """Dropout and DropConnect where a network can learn a text by heart: the more the more often it is read, the shorter it is.

    DropConnect also the more the wider the layers are, because narrow ones lose by it, unless the text is short.
    """
    more = math.log(max(1.0, passes))
    shorter = min(1.0, more) * math.log(max(1.0, 1e6 / max(1, learnt)))
    dropout = min(0.8, 0.12 * more + 0.05 * shorter)
    drop_connect = min(0.7, 0.1 * more * min(1.0, units / 1024) + 0.08 * shorter)
    return round(dropout, 2), round(drop_connect, 2)


def _learnt(training: TrainingConfig, characters: int) -> int:
    return characters - round(training.validation * characters)


def _foreseen(model: ModelConfig, training: TrainingConfig, learnt: int, dropping: str = "") -> str:
    """Return a sentence on how often the text will be read, as far as that is certain, and on what is dropped for that."""
    passes, minutes = training_extent(model, training, learnt)
    part = f"{about(max(0.01, 100 * passes))} % of the text"
    read = part if passes < 1 else f"{counted(passes, 'pass', 'passes')} over the text"
    time = counted(max(1.0, minutes), "minute") if minutes > 0.95 else "less than a minute"
    if training.minutes is None:
        return f"{read}, {'about ' * (minutes > 0.95)}{time} on two fast cores{dropping}."
    known = "What this machine makes is said once its speed is known."
    return f"Planned for {read}, as two fast cores make in {time}{dropping}. {known}"


def _fastest(model: ModelConfig, training: TrainingConfig, chosen: frozenset[str]) -> TrainingConfig:
    if "precision" in chosen:
        return training
    return replace(training, precision=fastest_precision(training.batch_size, model.encoding))
