"""Tests that a comparison combines the results of its parts for the same seed, noise and text."""

from dataclasses import replace

import numpy as np
import pytest

from charlstm.evaluation.comparison import ComparisonSettings, compare, comparison_work, first_difference
from charlstm.evaluation.evaluation_texts import EvaluationTexts
from charlstm.evaluation.scores import evaluate, sampled_starts
from charlstm.evaluation.text_statistics import text_statistics
from charlstm.evaluation.timed_generation import generate_timed
from tests.evaluation.conftest import TASK, VOCABULARY, compared, memoryless_network, random_text, ticking


def test_both_modes_use_the_same_seed_and_noise(comparison, make_network):
    network = make_network()
    for mode in ("stateless", "stateful"):
        assert comparison.texts[mode].text == generate_timed(network, VOCABULARY, TASK, mode, ticking()).text
    one, other = (comparison.texts[mode].text for mode in ("stateless", "stateful"))
    where = comparison.first_difference
    assert where is not None
    assert one[:where] == other[:where]
    assert one[where] != other[where]


def test_memoryless_model_generates_equal_texts():
    found = compared(memoryless_network())
    assert found.first_difference is None
    assert found.texts["stateless"].text == found.texts["stateful"].text
    assert len(set(found.texts["stateful"].text)) > 2


@pytest.mark.parametrize(("one", "other", "where"), [("", "", None), ("ab", "ac", 1), ("ab", "abc", 2), ("", "a", 0)])
def test_first_difference_of_two_texts(one, other, where):
    assert first_difference(one, other) == where
    assert first_difference(other, one) == where


def test_scores_equal_an_evaluation_with_the_sweep_windows(comparison, make_network):
    contexts = [1, 2, 3, 4, 6, 8, 9, 16, 32, 64, 128, 256]
    direct = evaluate(make_network(), random_text(300, 1), sampled_starts(300, 50, 0), contexts)
    assert list(comparison.evaluation.costs) == contexts
    assert all(comparison.evaluation.nats_per_char(each) == direct.nats_per_char(each) for each in contexts)
    assert comparison.evaluation.nats_per_char() == direct.nats_per_char()


def test_statistics_cover_equal_lengths_of_every_text(comparison):
    text = VOCABULARY.decode(random_text(300, 1)[:40])
    assert comparison.expected == text_statistics(text, VOCABULARY, random_text(900, 2))
    stateful = comparison.texts["stateful"].text
    assert comparison.measures["stateful"] == text_statistics(stateful, VOCABULARY, random_text(900, 2))


def test_sweep_generates_with_every_window(comparison, make_network):
    assert list(comparison.sweep) == [3, 9]
    assert comparison.sweep[9].text == generate_timed(make_network(), VOCABULARY, TASK, "stateless", ticking(), 9).text


def test_divergence_is_along_evaluation_or_generated_text(comparison, make_network):
    assert comparison.followed == VOCABULARY.decode(random_text(300, 1))
    alone = compared(make_network(), measured=False, learnt=False)
    assert alone.followed == TASK.seed + alone.texts["stateful"].text
    assert len(alone.along.divergence) == len(alone.followed) - 1
    assert (alone.evaluation, alone.expected, alone.measures["stateful"].novelty) == (None, None, None)


@pytest.mark.parametrize("measured", [True, False])
def test_progress_sums_to_the_estimated_work(make_network, measured):
    told, plan = [], ComparisonSettings(50, 0, (3, 9))
    texts = EvaluationTexts(replace(compared(make_network()).measured) if measured else None, None, "")
    compare(make_network(), VOCABULARY, TASK, texts, plan, ticking(), told.append)
    assert sum(told) == pytest.approx(comparison_work(plan, TASK, texts, make_network()))
    assert np.min(told) > 0
