"""The learning rate along the budget."""

import math

import pytest

from charlstm.config import TrainingConfig
from charlstm.errors import ConfigError
from charlstm.training.schedule import budget, learning_rate


def test_cosine_rises_in_warm_up_and_falls_to_zero():
    training = TrainingConfig(learning_rate=0.5, warmup=0.1)
    rates = [learning_rate(training, fraction) for fraction in (0, 0.05, 0.1, 0.55, 1)]
    assert rates == pytest.approx([0.005, 0.25, 0.5, 0.25, 0.0])


def test_constant_is_constant():
    assert {learning_rate(TrainingConfig(schedule="constant", learning_rate=0.5), x) for x in (0, 0.5, 1)} == {0.5}


def test_epochs_are_counted_in_steps_and_minutes_in_seconds_less_the_reserve():
    epochs = budget(TrainingConfig(epochs=2.5), steps_per_epoch=10)
    assert [epochs.fraction(step, seconds=1e9) for step in (0, 5, 25, 99)] == [0, 0.2, 1, 1]
    minutes = budget(TrainingConfig(minutes=2.0, epochs=None), steps_per_epoch=10)
    assert [minutes.fraction(99, seconds, reserve=20) for seconds in (0, 50, 100, 130)] == [0, 0.5, 1, 1]
    assert minutes.fraction(1, 1.0, reserve=120) == 1  # nothing is left


def test_of_two_budgets_the_one_that_is_used_up_first_ends_the_run():
    both = budget(TrainingConfig(minutes=1.0, epochs=10), steps_per_epoch=10)
    assert [both.fraction(step, seconds) for step, seconds in ((50, 6), (10, 30), (100, 1), (1, 60))] == [0.5, 0.5, 1, 1]
    assert both.seconds_left(50, 6.0, 0.2) == 10.0
    assert both.seconds_left(1, 6.0, 2.0) == 54.0


def test_no_budget_is_refused():
    with pytest.raises(ConfigError, match="--epochs or --minutes"):
        budget(TrainingConfig(epochs=None), 10)


def test_the_time_left():
    assert budget(TrainingConfig(epochs=1), 20).seconds_left(5, 30.0, 5.0) == 75.0
    assert budget(TrainingConfig(epochs=1), 10).seconds_left(0, 30.0, math.inf) == math.inf
    assert budget(TrainingConfig(minutes=2.0, epochs=None), 10).seconds_left(5, 50.0, 20.0) == 70.0
