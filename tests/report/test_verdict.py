"""Tests of the one-sentence verdict."""

from dataclasses import replace

import numpy as np
import pytest

from charlstm.evaluation.scores import Scores
from charlstm.report.verdict import verdict
from tests.evaluation.conftest import compared


def with_costs(comparison, costs: list[float]):
    """Return the comparison with these costs of a window of 6, in bits, at the positions of a sample."""
    return replace(comparison, evaluation=Scores(6, np.full(299, 1.5), {6: np.array(costs) * np.log(2)}, {6: np.array(costs)}))


@pytest.mark.parametrize(
    ("costs", "said"),
    [
        ([0.08, 0.08, 0.08], "Carrying the state is worth 0.080 bits per character here, and takes 6 × fewer cell steps."),
        (
            [0.3, -0.2, 0.1],
            "makes no difference that can be measured here (+0.0667 ± 0.1453 bits per character), and takes 6 ×",
        ),
        ([0.04, 0.0, 0.04, 0.0, 0.04], "is worth 0.024 bits per character"),  # 2.4 errors
        ([0.04, -0.01, 0.04, 0.0, 0.02], "makes no difference that can be measured here (+0.0180 ± 0.0102"),  # 1.8 errors
        (
            [1e-7, -1e-7, 2e-5],
            "makes no difference that can be measured here (less than 0.0001 bits per character), and takes 6 ×",
        ),
        ([0.0001, 0.0001], "makes no difference that can be measured here (+0.0001 ± 0.0000 bits"),
        (
            [-0.1, -0.1, -0.1],
            "Carrying the state costs 0.100 bits per character here, though it takes 6 × fewer cell steps: beyond",
        ),
    ],
)
def test_benefit_is_reported_above_two_standard_errors(comparison, costs, said):
    assert said in verdict(with_costs(comparison, costs))


def test_harmful_state_is_reported_with_its_drift(comparison):
    norms = np.concatenate([np.ones(6), np.full(293, 2.5)])
    drifting = replace(comparison, along=replace(comparison.along, c_norms=np.stack([norms, np.ones(299)])))
    assert verdict(with_costs(drifting, [-0.1, -0.1])).endswith("the norm of the carried c is 2.5 × what it is within.")


def test_one_character_is_too_few_for_a_verdict(comparison):
    said = verdict(with_costs(comparison, [0.3]))
    assert said == "Carrying the state takes 6 × fewer cell steps here; one character is too few to measure what it is worth."


def test_only_cost_is_reported_without_evaluation_text(make_network):
    said = verdict(compared(make_network(), measured=False))
    assert said == "Carrying the state takes 6 × fewer cell steps here; what it is worth needs a text to measure on."


@pytest.mark.parametrize("characters", [2, 3, 7])
def test_quality_is_not_reported_for_a_text_within_a_window(comparison, characters):
    short = Scores(6, np.ones(characters - 1), {6: np.zeros(characters - 1)}, {6: np.zeros(0)})
    said = verdict(replace(comparison, evaluation=short))
    assert said == "The text fits in a window, so both modes read all of it, and carrying the state takes 6 × fewer cell steps."
