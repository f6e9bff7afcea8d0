"""Dropout, DropConnect and weight decay of a recipe, by the length of the text and the size of the network."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.planning.adaptation import (
    LARGE_VOCABULARY,
    SHORT_TEXT,
    dropout_rates,
    overfitting_risk,
)
from tests.planning.recipes import recipe


def test_dropout_follows_the_epochs_unless_chosen():
    once, often = recipe("standard", 10**9), recipe("standard", 10**5)
    assert (once.model.dropout, once.model.drop_connect) == (0, 0)
    assert once.notes[-1] == (
        "Planned for 1.9 % of the text, which two fast cores train in 10 minutes: dropout 0, DropConnect 0. "
        "The estimate for this machine follows once its speed is measured."
    )
    assert often.model.dropout > 0.3
    assert often.model.drop_connect > 0.2
    mine = recipe("standard", 10**5, dropout=0.1)
    assert (mine.model.dropout, mine.model.drop_connect) == (0.1, often.model.drop_connect)
    assert mine.notes[-1].endswith(
        f": dropout 0.1, DropConnect {often.model.drop_connect}. The estimate for this machine follows "
        "once its speed is measured."
    )
    assert mine.notes[-1].startswith("Planned for 80 epochs, which two fast cores train in ")


@pytest.mark.parametrize(("exposure", "expected"), [(0, 0), (1, 0), (50**0.5, 0.5), (50, 1), (1e9, 1)])
def test_overfitting_risk_rises_from_0_to_1(exposure, expected):
    assert overfitting_risk(exposure) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("preset", "characters", "given", "expected"),
    [
        ("standard", 120_000, {"units": (16,), "epochs": 6.0, "minutes": None}, (0, 0)),
        ("standard", 120_000, {"units": (64,), "epochs": 6.0, "minutes": None}, (0.06, 0.04)),
        ("standard", 120_000, {"units": (512,), "epochs": 6.0, "minutes": None}, (0.33, 0.27)),
        ("quick", 600_893, {"epochs": 5.4, "minutes": None}, (0.12, 0.06)),  # measured: docs/results/recipes.md
        ("quick", 1_115_394, {"epochs": 3.0, "minutes": None}, (0.03, 0.01)),
        ("standard", 1_115_394, {"epochs": 19.4, "minutes": None}, (0.36, 0.22)),
    ],
)
def test_a_network_that_cannot_overfit_has_less_dropout(preset, characters, given, expected):
    made = recipe(preset, characters, 65, **given)
    assert (made.model.dropout, made.model.drop_connect) == expected


@given(st.floats(0, 1e6), st.integers(1, 4096), st.integers(0, 10**9))
def test_dropout_rises_with_epochs_and_for_shorter_texts(passes, units, learnt):
    assert dropout_rates(min(passes, 1.0), units, learnt) == (0, 0)
    here, more, shorter = (
        dropout_rates(*at) for at in ((passes, units, learnt), (2 * passes, units, learnt), (passes, units, learnt // 2))
    )
    assert all(least <= most for least, most in zip(here, more, strict=True))
    assert all(least <= most for least, most in zip(here, shorter, strict=True))
    assert max(here) <= 0.8


@pytest.mark.parametrize(
    ("passes", "units", "learnt", "expected"),
    [
        (19, 768, 1_003_855, (0.35, 0.22)),  # measured: docs/results/recipes.md
        (60, 1024, 1_003_855, (0.49, 0.41)),
        (13, 384, 225_760, (0.38, 0.22)),
        (40, 384, 8_120, (0.68, 0.52)),
        (1e4, 4096, 100, (0.8, 0.7)),
    ],
)
def test_dropout_rates_have_the_documented_values(passes, units, learnt, expected):
    assert dropout_rates(passes, units, learnt) == expected


@pytest.mark.parametrize("preset", ["quick", "standard", "best"])
@pytest.mark.parametrize("characters", [3_000, 19_050, 300_000])
def test_short_text_with_large_vocabulary_decays_over_8_epochs(preset, characters):
    made = recipe(preset, characters, alphabet=LARGE_VOCABULARY + 1)
    learnt = round(characters * (1 - made.training.validation))
    steps = learnt / (made.training.batch_size * made.model.seq_len)
    left = (1 - made.training.learning_rate * made.training.weight_decay) ** (8 * steps)
    assert left == pytest.approx(math.exp(-1), rel=0.02)
    said = f"about {learnt / 257:,.0f} occurrences of each character: weight decay {made.training.weight_decay:g}."
    assert any(note.endswith(said) for note in made.notes)


def test_other_texts_have_no_weight_decay():
    assert recipe("quick", SHORT_TEXT, alphabet=LARGE_VOCABULARY).training.weight_decay == 0
    assert recipe("quick", 2 * SHORT_TEXT, alphabet=LARGE_VOCABULARY + 1).training.weight_decay == 0
    assert recipe("quick", SHORT_TEXT, alphabet=5_000, weight_decay=0.5).training.weight_decay == 0.5
    assert recipe("classic", SHORT_TEXT, alphabet=5_000).training.weight_decay == 0
    assert recipe("quick", SHORT_TEXT, alphabet=5_000, learning_rate=1e-99).training.weight_decay == 1e6
    assert recipe("quick", 200_000, alphabet=5_000, learning_rate=1.0).training.weight_decay == pytest.approx(7.1e-4, rel=0.01)


def test_more_epochs_give_more_dropout():
    assert dropout_rates(0.1, 768, 10**7) == dropout_rates(1, 768, 10**7) == (0, 0)
    shares = [dropout_rates(passes, 768, 10**7) for passes in (1, 3, 10, 100, 1e9)]
    assert shares == sorted(shares)
    assert len(set(shares)) == len(shares)
    assert shares[-1] == (0.8, 0.7)


def test_narrower_layers_have_less_drop_connect():
    assert [dropout_rates(20, units, 10**7)[0] for units in (128, 768, 1024, 2048)] == [0.36] * 4
    assert [dropout_rates(20, units, 10**7)[1] for units in (128, 768, 1024, 2048)] == [0.04, 0.22, 0.3, 0.3]
