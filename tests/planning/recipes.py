"""Recipes adapted to a text of a given length and vocabulary size."""

from dataclasses import fields
from typing import Any

from charlstm.config import ModelConfig, TrainingConfig, build
from charlstm.planning.adaptation import AdaptedSettings, adapt
from charlstm.planning.cost_model import TWO_FAST_CORES, Speed
from charlstm.planning.presets import PRESETS, Preset

MODEL = {field.name for field in fields(ModelConfig)}


def recipe(
    preset: Preset, characters: int = 1_000_000, alphabet: int = 60, speed: Speed = TWO_FAST_CORES, **given: Any
) -> AdaptedSettings:
    values = {"precision": "bfloat16", **PRESETS[preset], **given, "vocabulary_size": alphabet}
    model = build(ModelConfig, {name: value for name, value in values.items() if name in MODEL})
    training = build(TrainingConfig, {name: value for name, value in values.items() if name not in MODEL})
    return adapt(preset, model, training, characters, frozenset(given) | {"precision"}, speed=speed)
