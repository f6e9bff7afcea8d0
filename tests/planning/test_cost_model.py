"""The cost model of training."""

from dataclasses import replace

import pytest

from charlstm.config import ModelConfig, TrainingConfig
from charlstm.planning.cost_model import FLOAT32_SLOWDOWN, STARTUP_SECONDS, nanoseconds_per_character, training_extent
from tests.planning.recipes import recipe


def test_extent_follows_the_budget_that_ends_first():
    model, minutes = ModelConfig(vocabulary_size=9, units=(8,)), TrainingConfig(minutes=2.0, epochs=None)
    per_pass = nanoseconds_per_character(model, minutes) / 1e6
    assert training_extent(model, minutes, 1000) == pytest.approx(((120 - STARTUP_SECONDS) / per_pass, 2))
    assert training_extent(model, replace(minutes, epochs=3.0), 1000) == pytest.approx(
        (3, (STARTUP_SECONDS + 3 * per_pass) / 60)
    )
    assert training_extent(model, TrainingConfig(epochs=7.0), 1000) == pytest.approx((7, (STARTUP_SECONDS + 7 * per_pass) / 60))
    assert training_extent(model, replace(minutes, minutes=STARTUP_SECONDS / 120), 1000)[0] == 0


def test_float32_takes_longer():
    model, training = ModelConfig(vocabulary_size=9, units=(8,)), TrainingConfig(precision="bfloat16")
    longer = nanoseconds_per_character(model, replace(training, precision="float32"))
    assert longer == pytest.approx(FLOAT32_SLOWDOWN * nanoseconds_per_character(model, training))


def test_overlapping_windows_read_each_character_seq_len_times():
    model, training = ModelConfig(vocabulary_size=9, seq_len=100, targets="last"), TrainingConfig(batches="windows", epochs=1.0)
    every, last = (training_extent(replace(model, targets=targets), training, 5000) for targets in ("every", "last"))
    assert (every[0], last[0]) == (1, 1)
    assert 60 * last[1] - STARTUP_SECONDS == pytest.approx(100 * (60 * every[1] - STARTUP_SECONDS))


def test_wider_networks_and_smaller_batches_are_slower():
    small = ModelConfig(vocabulary_size=65, units=(256,))
    training = TrainingConfig(minutes=10.0, epochs=None, batch_size=64)
    passes = [
        training_extent(model, replace(training, batch_size=rows), 10**6)[0]
        for model, rows in (
            (small, 64),
            (replace(small, units=(512,)), 64),
            (replace(small, units=(512,)), 16),
            (replace(small, units=(512, 512)), 16),
            (replace(small, units=(512, 512), vocabulary_size=8_000), 16),
        )
    ]
    assert passes == sorted(passes, reverse=True)
    assert passes[-1] < passes[0] / 10


@pytest.mark.parametrize(
    ("preset", "characters", "alphabet", "passes", "seconds"),  # the tables of docs/results/recipes.md
    [
        ("quick", 1_115_394, 65, 2.4, 61),
        ("standard", 1_115_394, 65, 18.3, 601),
        ("best", 1_115_394, 65, 65.3, 3601),
        ("quick", 600_893, 84, 4.6, 61),
        ("standard", 600_893, 84, 34.0, 601),
        ("best", 600_893, 84, 100, 3602),
        ("quick", 250_845, 74, 10.8, 61),
        ("standard", 250_845, 74, 64.2, 601),
        ("quick", 19_050, 1_530, 35.5, 61),
        ("standard", 19_050, 1_530, 80, 460),
        ("best", 250_845, 74, 155, 3602),
        ("best", 19_050, 1_530, 160, 1680),
        ("quick", 9_022, 54, 38.2, 61),
        ("standard", 9_022, 54, 80, 280),
        ("best", 9_022, 54, 160, 1171),
    ],
)
def test_estimates_match_the_measured_extent(preset, characters, alphabet, passes, seconds):
    made = recipe(preset, characters, alphabet)
    said = training_extent(made.model, made.training, characters - round(made.training.validation * characters))
    assert said == pytest.approx((passes, seconds / 60), rel=1 / 3)
