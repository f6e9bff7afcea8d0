"""Adaptation of a recipe to texts from three kilobytes to a gigabyte."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.planning.adaptation import (
    LARGE_VOCABULARY,
    MAX_HELD_OUT,
    MOST_EPOCHS_FOR_INPUT_RATE,
    NOT_FOR_BEST,
    SHORT_TEXT,
    batch_shape,
)
from charlstm.planning.cost_model import Speed
from charlstm.planning.presets import PRESETS
from tests.planning.recipes import MODEL, recipe


def fits(streams: int, seq_len: int, learnt: int) -> bool:
    """Return whether an epoch has 64 batches."""
    return (learnt - 1) // (streams * seq_len) >= 64


@given(
    st.integers(1, 200),
    st.integers(1, 500),
    st.integers(0, 400_000),
    st.sets(st.sampled_from(["batch_size", "seq_len", "units"])),
)
def test_batch_shape_is_halved_until_an_epoch_has_64_batches(streams, seq_len, learnt, chosen):
    after = batch_shape(streams, seq_len, learnt, frozenset(chosen))
    assert after[0] <= streams
    assert after[1] <= seq_len
    if after[0] < streams:
        assert "batch_size" not in chosen
        assert not fits(2 * after[0] + 1, after[1], learnt)
    if after[1] < seq_len:
        assert "seq_len" not in chosen
        then = after[0] if "batch_size" in chosen else max(after[0], min(streams, 4))  # batch_size falls below 4 last
        assert not fits(then, 2 * after[1] + 1, learnt)
    if not fits(*after, learnt):
        assert "batch_size" in chosen or after[0] == 1
        assert "seq_len" in chosen or after[1] <= 16


@pytest.mark.parametrize(
    ("learnt", "streams", "seq_len"),
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
def test_streams_are_halved_before_the_window(learnt, streams, seq_len):
    assert batch_shape(32, 128, learnt, frozenset()) == (streams, seq_len)


@pytest.mark.parametrize(
    ("preset", "minutes", "better"),
    [
        *(("quick", 1, None), ("quick", 5, "standard"), ("quick", 60, "best"), ("standard", 1.5, "quick")),
        *(("standard", 3, None), ("standard", 25, None), ("standard", 60, "best"), ("best", 60, None)),
        ("best", 10, "standard"),
    ],
)
def test_note_names_the_preset_that_fits_the_minutes(preset, minutes, better):
    named = [note for note in recipe(preset, minutes=float(minutes), epochs=None).notes if "is the better start" in note]
    assert named == ([f"For {minutes:g} minutes, `preset={better!r}` is the better start."] if better else [])
    assert not any("better start" in note for note in recipe(preset, minutes=float(minutes), units=(8,)).notes)
    assert not any("better start" in note for note in recipe(preset).notes)


@pytest.mark.parametrize(("preset", "minutes", "where"), [("best", None, "a text this short"), ("best", 60, "60 minutes")])
def test_best_is_not_advised_for_a_short_text(preset, minutes, where):
    given = {} if minutes is None else {"minutes": float(minutes), "epochs": None}
    short, longer = (recipe(preset, round(characters / 0.9), **given).notes for characters in (NOT_FOR_BEST - 1, NOT_FOR_BEST))
    assert [note for note in short if "better start" in note] == [f"For {where}, `preset='standard'` is the better start."]
    assert not any("better start" in note for note in longer)
    assert not any("better start" in note for note in recipe("standard", 20_000, **given).notes)


@pytest.mark.parametrize(
    ("characters", "said"),
    [
        (3_000, "Only the last 300 characters are scored: the standard error is about 0.13 nats/char."),
        (99_000, "9,900"),
        (100_000, None),
    ],
)
def test_note_states_the_error_of_a_score_on_few_characters(characters, said):
    notes = [note for note in recipe("quick", characters).notes if note.startswith("Only the last")]
    assert [said in note for note in notes] == ([True] if said else [])
    assert not any("are scored" in note for note in recipe("quick", 3_000, validation=0.0).notes)


@pytest.mark.parametrize("characters", [2, 3, 4, 10])
def test_tiny_texts_are_planned_without_an_error(characters):
    assert recipe("standard", characters, validation=0.9).training.batch_size == 1


def test_one_minute_is_written_as_one_minute():
    for characters in (250_845, 600_893, 1_115_394, 10**9):
        assert ", which two fast cores train in 1 minute: dropout" in recipe("quick", characters).notes[-1]
    assert (
        recipe("quick", 1_115_394, epochs=1.0).notes[-1].startswith("Planned for 1 epoch, which two fast cores train in less")
    )
    assert recipe("quick", 1_115_394, epochs=1.0, minutes=None).notes[-1].startswith("1 epoch, less than")


@pytest.mark.parametrize("preset", ["quick", "standard", "best"])
@pytest.mark.parametrize("characters", [3_000, 1_115_394])
def test_the_input_encoding_has_a_learning_rate_of_its_own_for_few_epochs(preset, characters):
    for epochs, multiplier in ((MOST_EPOCHS_FOR_INPUT_RATE, 8), (MOST_EPOCHS_FOR_INPUT_RATE + 0.1, 1)):
        assert recipe(preset, characters, epochs=epochs, minutes=None).training.input_rate_multiplier == multiplier
    assert recipe(preset, characters, input_rate_multiplier=3.0).training.input_rate_multiplier == 3


@pytest.mark.parametrize(
    ("preset", "characters", "multiplier"),
    [
        ("quick", 1_115_394, 8),
        ("quick", 60_000, 1),
        ("standard", 1_115_394, 1),
        ("standard", 4_400_000, 8),
        ("best", 4_400_000, 1),
    ],
)
def test_the_epochs_of_a_budget_in_minutes_decide_on_the_learning_rate_of_the_input(preset, characters, multiplier):
    assert recipe(preset, characters).training.input_rate_multiplier == multiplier


@pytest.mark.parametrize("preset", ["quick", "standard", "best"])
def test_a_budget_in_minutes_is_planned_with_the_speed_of_the_machine(preset):
    slow = Speed(10.0, "one slow core trains")
    here, there = recipe(preset, 250_845), recipe(preset, 250_845, speed=slow)
    less = recipe(preset, 250_845, minutes=(PRESETS[preset]["minutes"] * 60 - 7) / 10 / 60 + 7 / 60)  # a tenth of the steps
    assert there.model == less.model != here.model
    assert there.training.input_rate_multiplier == less.training.input_rate_multiplier
    extent = less.notes[-1].removeprefix("Planned for ").partition(", which")[0]
    assert there.notes[-1].startswith(f"Planned for {extent}, which one slow core trains in ")
    assert recipe(preset, 250_845, minutes=None, epochs=9.0) == recipe(preset, 250_845, speed=slow, minutes=None, epochs=9.0)


@pytest.mark.parametrize(("characters", "evaluations"), [(3_000, 10), (SHORT_TEXT, 10), (2 * SHORT_TEXT, 3)])
def test_a_short_text_has_at_least_ten_evaluations(characters, evaluations):
    made = recipe("quick", characters)
    assert made.training.evaluations == evaluations
    assert any(f"overfitted: {evaluations} evaluations, or fewer if" in note for note in made.notes) == (evaluations > 3)
    assert recipe("best", characters).training.evaluations == PRESETS["best"]["evaluations"]
    assert recipe("quick", characters, evaluations=2).training.evaluations == 2


@pytest.mark.parametrize("characters", [10, 10**9])
@pytest.mark.parametrize("alphabet", [2, 8_000])
def test_classic_is_not_adapted(characters, alphabet):
    made = recipe("classic", characters, alphabet)
    assert {name: getattr(made.model if name in MODEL else made.training, name) for name in PRESETS["classic"]} == PRESETS[
        "classic"
    ]


def test_classic_has_a_note_on_its_duration():
    (note,) = recipe("classic", 1_115_394, 65, precision="float32").notes
    said = re.fullmatch(r"20 epochs, about (\d+) minutes on two fast cores\.", note)
    assert said is not None
    assert float(said[1]) == pytest.approx(601 / 60 / 0.8 * 20, rel=0.2)  # 0.8 epochs in 601 seconds: docs/results/recipes.md
    (note,) = recipe("classic", 1_115_394, 65, precision="float32", minutes=10.0).notes
    assert re.fullmatch(
        r"Planned for (7|8|9)\d % of the text, which two fast cores train in 10 minutes\. The estimate for this machine .*\.",
        note,
    )


def test_shuffled_windows_shrink_for_a_short_text_like_streams():
    streams, windows, dense = (
        recipe("standard", 3_000, **given) for given in ({}, {"batches": "windows"}, {"batches": "windows", "targets": "last"})
    )
    assert (
        (windows.training.batch_size, windows.model.seq_len) == (streams.training.batch_size, streams.model.seq_len) == (2, 16)
    )
    assert (dense.training.batch_size, dense.model.seq_len) == (64, 64)
    assert {made.training.evaluations for made in (streams, windows, dense)} == {10}


@pytest.mark.parametrize(("characters", "held_out"), [(1_000, 100), (2_000_000, 200_000), (10**9, MAX_HELD_OUT)])
def test_at_most_200_000_characters_are_held_out(characters, held_out):
    made = recipe("standard", characters)
    assert round(made.training.validation * characters) == held_out
    assert any("enough to score" in note for note in made.notes) == (held_out < characters // 10)
    assert recipe("standard", characters, validation=0.3).training.validation == 0.3


@pytest.mark.parametrize(("alphabet", "encoding"), [(LARGE_VOCABULARY, "one-hot"), (LARGE_VOCABULARY + 1, "embedding")])
def test_a_large_vocabulary_is_embedded(alphabet, encoding):
    assert recipe("quick", alphabet=alphabet).model.encoding == encoding
    assert recipe("quick", alphabet=alphabet, encoding="scalar").model.encoding == "scalar"
    assert recipe("quick", alphabet=alphabet, encoding="one-hot").model.encoding == "one-hot"
