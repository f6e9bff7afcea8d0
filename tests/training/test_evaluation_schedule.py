"""The number of evaluations and their places, without a training."""

import math

import pytest

from charlstm.training.evaluation_schedule import EvaluationSchedule


@pytest.mark.parametrize(
    ("durations", "saving", "planned"),
    [
        ([], 0.0, 10),
        ([0.1], 0.0, 10),
        ([0.6], 0.0, 10),  # exactly a tenth of a minute
        ([0.7], 0.0, 8),
        ([6.1], 0.0, 1),
        ([60.0], 0.0, 1),  # the last one is always made
        ([0.1], 1.4, 10),  # exactly a quarter
        ([0.1], 2.9, 5),
        ([0.1, 0.1, 9.0], 0.0, 10),  # one slow pass
        ([9.0, 0.1, 0.1], 0.0, 10),  # a rehearsal that another program slowed down
    ],
)
def test_evaluations_of_a_minute(durations, saving, planned):
    schedule = EvaluationSchedule(wanted=10, timed=True, durations=durations)
    schedule.plan(60.0, saving)
    assert schedule.planned == planned


def test_a_budget_in_epochs_makes_all():
    schedule = EvaluationSchedule(wanted=10, timed=False, durations=[100.0])
    schedule.plan(math.inf, 100.0)
    assert schedule.planned == 10
    assert schedule.is_affordable(9, 0.0)


@pytest.mark.parametrize("wanted", [1, 3, 10])
def test_evaluations_are_spread_evenly_and_counted_down(wanted):
    schedule = EvaluationSchedule(wanted=wanted, timed=False, durations=[])
    schedule.plan(math.inf, 0.0)
    schedule.plan_next(-1.0)
    places = []
    while schedule.due <= 1:
        assert schedule.left == wanted - len(places)
        places.append(schedule.due)
        schedule.plan_next(schedule.due)
    assert places == pytest.approx([number / wanted for number in range(1, wanted + 1)])


@pytest.mark.parametrize(("made", "elapsed", "affordable"), [(0, 5.0, True), (0, 4.9, False), (1, 10.0, True), (1, 9.9, False)])
def test_evaluations_that_take_twice_the_planned_time_are_skipped(made, elapsed, affordable):
    schedule = EvaluationSchedule(wanted=10, timed=True, durations=[1.0])
    assert schedule.is_affordable(made, elapsed) == affordable
