"""The named recipes, and what is left of them when the text is short."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlstm.config import ModelConfig, TrainingConfig, build, plain
from charlstm.recipe.presets import PRESETS, adapted

MODEL, TRAINING = (set(plain(record)) for record in (ModelConfig(vocabulary_size=2), TrainingConfig()))
STREAMS = [name for name, values in PRESETS.items() if values.get("batches") != "windows"]


def fits(values: dict, characters: int) -> bool:
    """Whether an epoch has 64 batches."""
    return (characters - 1) // (values["batch_size"] * values["seq_len"]) >= 64


def test_the_presets_are_those_of_the_command_line():
    assert list(PRESETS) == ["quick", "standard", "best", "classic"]


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_a_valid_recipe(preset):
    values = PRESETS[preset]
    assert set(values) <= MODEL | TRAINING
    model = build(ModelConfig, {"vocabulary_size": 50, **{key: values[key] for key in values.keys() & MODEL}})
    training = build(TrainingConfig, {key: values[key] for key in values.keys() & TRAINING})
    assert {key: getattr(model if key in MODEL else training, key) for key in values} == values


def test_classic_is_the_recipe_of_the_tutorials():
    assert (
        PRESETS["classic"].items()
        >= {
            "encoding": "scalar",
            "seq_len": 100,
            "units": (256,),
            "targets": "last",
            "batches": "windows",
            "schedule": "constant",
            "learning_rate": 1e-3,  # Adam as Keras has it
            "clip_norm": 0.0,
            "precision": "float32",
        }.items()
    )
    assert not PRESETS["classic"].keys() & {"minutes", "weight_average", "patience"}


def test_the_other_presets_carry_the_state_and_get_larger():
    assert STREAMS == ["quick", "standard", "best"]
    assert [PRESETS[name]["minutes"] for name in STREAMS] == sorted(PRESETS[name]["minutes"] for name in STREAMS)
    assert [sum(PRESETS[name]["units"]) for name in STREAMS] == sorted(sum(PRESETS[name]["units"]) for name in STREAMS)


@given(st.sampled_from(STREAMS), st.integers(0, 400_000), st.sets(st.sampled_from(["batch_size", "seq_len", "units"])))
@settings(deadline=None)
def test_a_preset_is_halved_until_it_fits_and_no_further(preset, characters, chosen):
    before = dict(PRESETS[preset])
    after = adapted(before, characters, frozenset(chosen))
    changed = {key for key in before if after[key] != before[key]}
    assert before == PRESETS[preset]
    assert after.keys() == before.keys()
    assert changed <= {"batch_size", "seq_len"} - chosen
    for key in changed:
        assert not fits({**after, key: 2 * after[key]}, characters)
    if not fits(after, characters):
        assert "batch_size" in chosen or after["batch_size"] == 1
        assert "seq_len" in chosen or after["seq_len"] == 16


@pytest.mark.parametrize(
    ("characters", "batch_size", "seq_len"),
    [
        (64 * 32 * 128 + 1, 32, 128),
        (64 * 32 * 128, 16, 128),
        (64 * 4 * 128 + 1, 4, 128),
        (64 * 4 * 128, 4, 64),
        (64 * 4 * 16 + 1, 4, 16),
        (64 * 4 * 16, 2, 16),
        (64 * 1 * 16 + 1, 1, 16),
        (5, 1, 16),
    ],
)
def test_streams_are_halved_before_the_window(characters, batch_size, seq_len):
    after = adapted({"batch_size": 32, "seq_len": 128, "units": (512,)}, characters, frozenset())
    assert after == {"batch_size": batch_size, "seq_len": seq_len, "units": (512,)}


def test_shuffled_windows_need_no_adapting():
    assert adapted(PRESETS["classic"], 10, frozenset()) == PRESETS["classic"]
    values = {**PRESETS["standard"], "batches": "windows"}
    assert adapted(values, 10, frozenset({"batches"})) == values
