"""The named recipes."""

from typing import get_args

import pytest

from charlstm.config import ModelConfig, TrainingConfig, build, to_dict
from charlstm.planning.presets import PRESETS, Preset

MODEL, TRAINING = (set(to_dict(record)) for record in (ModelConfig(vocabulary_size=2), TrainingConfig()))
STREAMS = [name for name, values in PRESETS.items() if values.get("batches") != "windows"]


def test_every_preset_has_settings():
    assert get_args(Preset) == tuple(PRESETS)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_a_valid_recipe(preset):
    values = PRESETS[preset]
    assert set(values) <= MODEL | TRAINING
    model = build(ModelConfig, {"vocabulary_size": 50, **{key: values[key] for key in values.keys() & MODEL}})
    training = build(TrainingConfig, {key: values[key] for key in values.keys() & TRAINING})
    assert {key: getattr(model if key in MODEL else training, key) for key in values} == values


def test_classic_is_the_tutorials_recipe():
    assert (
        PRESETS["classic"].items()
        >= {
            "encoding": "scalar",
            "seq_len": 100,
            "units": (256,),
            "targets": "last",
            "batches": "windows",
            "schedule": "constant",
            "learning_rate": 1e-3,  # the default of Keras's Adam
            "clip_norm": 0.0,
            "precision": "float32",
        }.items()
    )
    assert not PRESETS["classic"].keys() & {"minutes", "weight_average", "patience"}


def test_other_presets_carry_the_state_and_grow():
    assert STREAMS == ["quick", "standard", "best"]
    assert [PRESETS[name]["minutes"] for name in STREAMS] == sorted(PRESETS[name]["minutes"] for name in STREAMS)
    assert [sum(PRESETS[name]["units"]) for name in STREAMS] == sorted(sum(PRESETS[name]["units"]) for name in STREAMS)
