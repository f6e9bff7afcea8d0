"""The learning-rate schedule."""

import pytest

from charlstm.config import TrainingConfig
from charlstm.training.schedule import learning_rate


def test_cosine_rises_in_warm_up_and_falls_to_zero():
    training = TrainingConfig(learning_rate=0.5, warmup=0.1)
    rates = [learning_rate(training, fraction) for fraction in (0, 0.05, 0.1, 0.55, 1)]
    assert rates == pytest.approx([0.005, 0.25, 0.5, 0.25, 0.0])


def test_constant_is_constant():
    assert {learning_rate(TrainingConfig(schedule="constant", learning_rate=0.5), x) for x in (0, 0.5, 1)} == {0.5}
