"""The budget of a training run, and the reasons why a saved run is finished."""

import math
from typing import Any

import pytest

from charlstm.checkpoint.training_state import TrainingProgress
from charlstm.config import TrainingConfig
from charlstm.errors import ConfigError
from charlstm.planning.budget import budget, why_finished
from charlstm.planning.cost_model import STARTUP_SECONDS


def test_epochs_count_steps_and_minutes_count_seconds():
    epochs = budget(TrainingConfig(epochs=2.5), steps_per_epoch=10)
    assert [epochs.fraction(step, seconds=1e9) for step in (0, 5, 25, 99)] == [0, 0.2, 1, 1]
    minutes = budget(TrainingConfig(minutes=2.0, epochs=None), steps_per_epoch=10)
    assert [minutes.fraction(99, seconds, reserve=20) for seconds in (0, 50, 100, 130)] == [0, 0.5, 1, 1]
    assert minutes.fraction(1, 1.0, reserve=120) == 1  # nothing is left


def test_the_budget_used_up_first_ends_the_run():
    both = budget(TrainingConfig(minutes=1.0, epochs=10), steps_per_epoch=10)
    assert [both.fraction(step, seconds) for step, seconds in ((50, 6), (10, 30), (100, 1), (1, 60))] == [0.5, 0.5, 1, 1]
    assert both.seconds_left(50, 6.0, 0.2) == 10.0
    assert both.seconds_left(1, 6.0, 2.0) == 54.0


def test_a_recipe_without_a_budget_is_refused():
    with pytest.raises(ConfigError, match="`epochs` or `minutes`"):
        budget(TrainingConfig(epochs=None), 10)


def test_seconds_left_follow_the_budget_that_ends_first():
    assert budget(TrainingConfig(epochs=1), 20).seconds_left(5, 30.0, 5.0) == 75.0
    assert budget(TrainingConfig(epochs=1), 10).seconds_left(0, 30.0, math.inf) == math.inf
    assert budget(TrainingConfig(minutes=2.0, epochs=None), 10).seconds_left(5, 50.0, 20.0) == 70.0


TOO_LITTLE = "too little to start again and for another evaluation"


def progress(steps: int, **values: Any) -> TrainingProgress:
    usual = {"seconds": 9.0, "loss_sum": 0.0, "loss_count": 0, "poor": 0, "halvings": 0, "began": 5.0}
    return TrainingProgress(steps=steps, **{**usual, **values}, paths=("a.txt",), text_encoding="utf-8", surroundings={})


@pytest.mark.parametrize(
    ("training", "saved", "said"),
    [
        ({"epochs": 8}, progress(80), "tale has finished its 8 epochs; `epochs=16` trains 8 more."),
        ({"epochs": 1}, progress(10), "tale has finished its 1 epoch; `epochs=2` trains 1 more."),
        ({"epochs": 0.25}, progress(3), "tale has finished its 0.25 epochs; `epochs=0.5` trains 0.25 more."),
        ({"epochs": 3}, progress(80), "tale has finished its 8 epochs; `epochs=16` trains 8 more."),
        ({"epochs": 8, "minutes": 5}, progress(80), "tale has finished its 8 epochs; `epochs=16` trains 8 more."),
        ({"minutes": 5}, progress(80, seconds=299.5), "tale has used up its 5 minutes; `minutes=10` trains 5 more."),
        ({"minutes": 5}, progress(80, seconds=300.5), "tale has used up its 5 minutes; `minutes=10` trains 5 more."),
        ({"minutes": 1}, progress(80, seconds=300), "tale has used up its 5 minutes; `minutes=10` trains 5 more."),
        (
            {"minutes": 5},
            progress(80, seconds=270, reserve=30),
            f"tale has 30 s left of its 5 minutes, {TOO_LITTLE}; `minutes=10` trains 5 more.",
        ),
        (
            {"minutes": 5},
            progress(80, seconds=300 - STARTUP_SECONDS),
            f"tale has 7 s left of its 5 minutes, {TOO_LITTLE}; `minutes=10` trains 5 more.",
        ),
        (
            {"minutes": 0.2},
            progress(80, seconds=9),
            f"tale has 3 s left of its 0.2 minutes, {TOO_LITTLE}; `minutes=0.4` trains 0.2 more.",
        ),
        ({"minutes": 5, "epochs": 9}, progress(80, seconds=300), "tale has used up its 5 minutes; `minutes=10` trains 5 more."),
        (
            {"epochs": 9, "patience": 3},
            progress(50, poor=3),
            "tale has stopped early, without a better score in 3 evaluations; `patience=6` trains it further.",
        ),
        (
            {"epochs": 8, "patience": 3},
            progress(80, poor=3),
            "tale has stopped early, without a better score in 3 evaluations, and has finished its 8 epochs; `patience=6` "
            "with `epochs=16` trains it further.",
        ),
        (
            {"minutes": 5, "patience": 3},
            progress(80, poor=3, seconds=300),
            "tale has stopped early, without a better score in 3 evaluations, and has used up its 5 minutes; `patience=6` "
            "with `minutes=10` trains it further.",
        ),
        (
            {"minutes": 9, "patience": 1},
            progress(50, poor=2),
            "tale has stopped early, without a better score in 2 evaluations; `patience=4` trains it further.",
        ),
    ],
)
def test_a_finished_run_states_why_and_how_to_continue(training, saved, said):
    assert why_finished("tale", TrainingConfig(**{"epochs": None, **training}), saved, steps_per_epoch=10) == said


@pytest.mark.parametrize(
    ("training", "saved"),
    [
        ({"epochs": 8}, progress(79)),
        ({"epochs": 8}, progress(80, loss_count=4)),  # the last evaluation is missing
        ({"epochs": 8}, progress(80, loss_count=4, poor=5)),
        ({"epochs": 9, "patience": 3}, progress(50, poor=2)),
        ({"epochs": 9, "patience": 3}, progress(50, poor=3, loss_count=1)),
        ({"minutes": 5}, progress(50, seconds=299, loss_count=1)),
        ({"minutes": 5}, progress(50, seconds=299 - STARTUP_SECONDS)),
        ({"minutes": 5}, progress(0, seconds=300)),  # without a saved model
    ],
)
def test_a_run_with_steps_or_an_evaluation_left_is_not_finished(training, saved):
    assert why_finished("tale", TrainingConfig(**{"epochs": None, **training}), saved, steps_per_epoch=10) is None


@pytest.mark.parametrize("minutes", [0.05, 0.1, 0.2, 1, 60])
@pytest.mark.parametrize("reserve", [0.0, 2.0, 100.0])
@pytest.mark.parametrize("left", [-1.0, 0.0, 2.0])
def test_the_budget_that_is_advised_resumes_the_run(minutes, reserve, left):
    saved = progress(80, seconds=60 * minutes - left, reserve=reserve)
    said = why_finished("tale", TrainingConfig(epochs=None, minutes=minutes), saved, steps_per_epoch=10) or ""
    advised = float(said.split("`minutes=")[1].split("`")[0])
    assert advised >= 2 * minutes
    assert why_finished("tale", TrainingConfig(epochs=None, minutes=advised), saved, steps_per_epoch=10) is None
