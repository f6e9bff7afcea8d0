"""Smoothing, ranges and ticks of learning curves, against plain definitions."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.checkpoint.history import read_history, write_history
from charlstm.checkpoint.points import POINTS
from charlstm.evaluation.run_history import compare_runs
from charlstm.report.learning_curves import Series, held_out, loss_range, ranked, smoothed, ticks, training, without_points
from tests.histories import make_run


@given(st.lists(st.one_of(st.just(math.nan), st.floats(-100, 100)), max_size=40), st.integers(1, 50))
def test_smoothing_is_the_trailing_mean_of_what_is_known(values, width):
    for place, mean in enumerate(smoothed(values, width)):
        known = [value for value in values[max(0, place - width + 1) : place + 1] if not math.isnan(value)]
        assert mean == pytest.approx(sum(known) / len(known) if known else math.nan, abs=1e-9, nan_ok=True)


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 10))
def test_ticks_are_few_evenly_spaced_and_inside(least, span, most):
    found = ticks(least, least + span, most)
    assert 1 <= len(found) <= most + 1
    slack = 1e-6 * (abs(least) + span)
    assert all(least - slack <= tick <= least + span + slack for tick in found)
    gaps = [second - first for first, second in pairwise(found)]
    assert all(gap == pytest.approx(gaps[0], rel=1e-4, abs=1e-9) for gap in gaps)


def test_an_empty_range_has_one_tick():
    assert ticks(2.0, 2.0) == [2.0]
    assert ticks(0.0, math.inf) == [0.0]


def test_range_leaves_out_the_steep_start_of_training_and_no_score():
    steep = Series(range(100), [9.0] * 4 + [2.0] * 95 + [1.0])
    low, high = loss_range([steep], [Series([1], [2.5])])
    assert 0.9 < low < 1.0
    assert 2.5 < high < 2.6
    assert loss_range([], []) == (0.0, 1.0)


def test_runs_are_ranked_on_each_text_by_themselves(tmp_path):
    scores = {"a": (1.8, 0.1), "b": (1.2, 0.2), "c": (1.5, 0.1), "d": (1.1, 0.2)}
    folders = [make_run(tmp_path / name, (2.0, score), (2.0, 1.5), validation=share) for name, (score, share) in scores.items()]
    assert [run.label for run in ranked(compare_runs(folders))] == ["c", "a", "d", "b"]


def test_runs_without_points_are_named_in_one_sentence(tmp_path):
    folders = [make_run(tmp_path / f"r{number}") for number in range(8)]
    assert without_points(compare_runs(folders).runs) == ""
    for folder in folders[1:]:
        (folder / POINTS).unlink()
    assert "evaluations of r1, r2, r3, r4, r5 and 2 more are recorded" in without_points(compare_runs(folders).runs)


def test_a_run_stopped_before_its_first_step_has_no_training_curve(tmp_path):
    folder = make_run(tmp_path / "stopped", (3.2, 3.1), (0.0, 2.9))
    (folder / POINTS).unlink()
    first, second = read_history(folder)
    write_history(folder, [replace(first, step=0, epoch=0.0)])
    (run,) = compare_runs([folder]).runs
    assert training(run, "epochs") == Series([], [])
    assert held_out(run, "epochs") == Series([0.0], [3.2])
    assert without_points([run]) == ""
    write_history(folder, [replace(first, step=0, epoch=0.0), second])
    (run,) = compare_runs([folder]).runs
    assert training(run, "epochs") == Series([4.0], [2.9])
    assert without_points([run]) != ""
