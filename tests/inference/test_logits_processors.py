"""Each rule of the chain alone: examples in probability space, and random logits against the definitions."""

import numpy as np
import pytest

from charlstm.inference.logits import LARGE_VOCABULARY, log_softmax
from charlstm.inference.logits_processors import (
    MIN_TEMPERATURE,
    PENALTY_WINDOW,
    ChangingTemperature,
    MinP,
    RepetitionPenalty,
    Temperature,
    TopK,
    TopP,
    WordTemperature,
)
from charlstm.text.boundaries import WordCharacters
from charlstm.text.vocabulary import Ids
from tests.inference import sampling_definitions

PROBABILITIES = np.array([[0.05, 0.4, 0.1, 0.3, 0.15], [0.2, 0.2, 0.2, 0.2, 0.2]])
LOGITS = np.log(PROBABILITIES)


def kept(logits: np.ndarray) -> list[list[int]]:
    return [np.flatnonzero(np.isfinite(row)).tolist() for row in logits]


def test_top_k_keeps_the_k_likeliest():
    assert kept(TopK(2)(LOGITS)) == [[1, 3], [0, 1, 2, 3, 4]]  # all tie in the second row
    assert kept(TopK(5)(LOGITS)) == kept(TopK(9)(LOGITS)) == [[0, 1, 2, 3, 4]] * 2


def test_top_p_keeps_the_fewest_that_reach_p():
    assert kept(TopP(0.6)(LOGITS)) == [[1, 3], [0, 1, 2]]
    assert kept(TopP(0.71)(LOGITS))[0] == [1, 3, 4]
    assert kept(TopP(0.0)(LOGITS)) == [[1], [0]]
    assert kept(TopP(0.5)(np.zeros((1, 2)))) == [[0]]  # one of them is exactly half


def test_top_p_close_to_1_excludes_what_rounding_hides():
    hidden = np.array([[0.0, -50.0, -60.0]])  # the likeliest has all of the probability that float64 can tell from 1
    assert kept(TopP(1 - 1e-16)(hidden)) == [[0]]


@pytest.mark.parametrize("p", [0.25, 0.5, 0.75, 1 - 2**-53])
def test_nucleus_that_ends_exactly_at_p_is_the_same_in_a_large_vocabulary(p):
    logits = np.full((1, LARGE_VOCABULARY), -np.inf)
    logits[0, [5, 9, 2000, 2500]] = 0.0  # a quarter each
    assert kept(TopP(p)(logits)) == kept(TopP(p)(logits[:, :2990]))
    assert kept(TopP(0.5)(logits)) == [[5, 9]]


def test_min_p_is_relative_to_the_likeliest():
    assert kept(MinP(0.3)(LOGITS)) == [[1, 3, 4], [0, 1, 2, 3, 4]]
    assert kept(MinP(1.0)(LOGITS)) == [[1], [0, 1, 2, 3, 4]]


def test_temperature_divides():
    np.testing.assert_allclose(Temperature(0.5)(LOGITS.copy()), 2 * LOGITS)


def test_penalty_multiplies_log_probabilities_of_recent_characters_only():
    penalty = RepetitionPenalty(2.0)
    penalty.read(np.array([[1, 1], [4, 4]]))
    expected = LOGITS.copy()
    expected[0, 1] *= 2
    expected[1, 4] *= 2
    np.testing.assert_allclose(penalty(LOGITS + 7.0), expected, atol=1e-12)


def test_penalty_of_an_empty_text_changes_no_probability():
    np.testing.assert_allclose(RepetitionPenalty(2.0)(LOGITS + 7.0), LOGITS, atol=1e-12)


@pytest.mark.parametrize("pieces", [[1] * 150, [150], [70, 70, 10], [63, 1, 1, 85]])
def test_penalty_does_not_depend_on_how_the_text_is_divided(pieces):
    random = np.random.default_rng(4)
    texts, logits = random.integers(0, 200, (3, 150)), random.normal(size=(3, 200))
    penalty = RepetitionPenalty(1.5)
    for end, size in zip(np.cumsum(pieces), pieces, strict=True):
        penalty.read(texts[:, end - size : end])
    expected = [sampling_definitions.penalised(*row, 1.5) for row in zip(logits, texts[:, -PENALTY_WINDOW:], strict=True)]
    np.testing.assert_allclose(penalty(logits), expected, rtol=1e-13)


@pytest.mark.parametrize("spread", [0.0, 0.01, 1.0, 4.0, 30.0])
@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize("size", [65, LARGE_VOCABULARY - 1, LARGE_VOCABULARY])
@pytest.mark.parametrize(
    ("rule", "definition", "values"),
    [
        (TopK, sampling_definitions.top_k, [1, 40, 64]),
        (TopP, sampling_definitions.top_p, [0.0, 0.5, 0.9, 0.999]),
        (MinP, sampling_definitions.min_p, [0.001, 0.05, 1.0]),
    ],
)
def test_filters_match_their_definitions(rule, definition, values, size, rounded, spread):
    logits = np.random.default_rng(3).normal(0, spread, (3, size))
    logits = np.round(logits) if rounded else logits  # many of the likeliest are equal
    for value in values:
        np.testing.assert_array_equal(rule(value)(logits.copy()), [definition(row, value) for row in logits])


def changing(length: int, seed: Ids, position: int = 0) -> ChangingTemperature:
    """Return a processor from 0.5 to 2 that has read a seed."""
    processor = ChangingTemperature(0.5, 2.0, length, position - len(seed))
    processor.read(seed[None])
    return processor


def test_temperature_changes_linearly_and_stays_after_the_text():
    processor, found = changing(4, np.array([1, 2])), []
    for _ in range(6):
        found.append(float(processor(np.array([[0.0, -6.0]]))[0, 1]))
        processor.read(np.array([[0]]))
    assert found == [-6 / temperature for temperature in (0.5, 1.0, 1.5, 2.0, 2.0, 2.0)]


def test_temperature_of_a_resumed_text_is_that_of_its_position():
    assert changing(4, np.array([1, 2, 3, 3, 3]), position=3).position == 3
    assert changing(1, np.array([1]))(np.array([[0.0, -6.0]])).tolist() == [[0.0, -12.0]]


WORDS = WordCharacters.of(" .abc")


def test_word_temperature_changes_only_which_letter_a_word_begins_with():
    logits = np.log([[0.2, 0.1, 0.4, 0.2, 0.1]] * 2)
    processor = WordTemperature(2.0, Temperature(0.5), WORDS)
    processor.read(np.array([[2, 0], [0, 2]]))  # the first text ends with a space, the second with a letter
    first, second = np.exp(log_softmax(processor(logits.copy())))
    plain = np.exp(log_softmax(logits[0] / 0.5))
    assert second == pytest.approx(plain)
    assert first[:2] == pytest.approx(plain[:2])
    letters = np.sqrt([0.4, 0.2, 0.1])
    assert first[2:] == pytest.approx(letters / letters.sum() * plain[2:].sum())


@pytest.mark.parametrize("excluded", [[2, 3, 4], [0, 1]])
def test_word_temperature_keeps_exclusions(excluded):
    logits = np.zeros((1, 5))
    logits[:, excluded] = -np.inf
    processor = WordTemperature(MIN_TEMPERATURE, Temperature(MIN_TEMPERATURE), WORDS)
    processor.read(np.array([[0]]))
    found = processor(logits)
    assert np.isfinite(found).any()
    assert (found[:, excluded] == -np.inf).all()
