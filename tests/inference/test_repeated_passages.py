"""The penalty on repeated passages (DRY), against its definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.evaluation.repetition import find_loop
from charlstm.inference.repeated_passages import LONGEST, WINDOW, RepeatedPassages, repeated_lengths
from charlstm.inference.sampling import Sampling, make_sampler


def by_definition(text, least, most):
    """Return the longest repeated passage before each character, by comparing every pair of places."""
    found = {}
    for place in range(1, len(text)):  # the character at this place followed an earlier passage
        length = 0
        while length < min(place, most) and text[place - 1 - length] == text[len(text) - 1 - length]:
            length += 1
        if length >= least:
            found[text[place]] = max(length, found.get(text[place], 0))
    return found


@given(st.lists(st.integers(0, 2), min_size=1, max_size=60), st.integers(1, 6), st.integers(6, 30))
def test_lengths_are_those_of_the_definition(text, least, most):
    assert repeated_lengths(np.array(text), least, most) == by_definition(text, least, most)


def test_a_character_loses_more_the_longer_the_passage():
    texts = np.array([[1, 2, 3, 4, 1, 2, 3], [4, 3, 3, 3, 1, 2, 3], [1, 2, 3, 4, 0, 2, 3]])
    processor = RepeatedPassages(multiplier=2.0, base=1.5, allowed_length=2)
    processor.read(texts)
    found = processor(np.zeros((3, 5)))
    expected = np.zeros((3, 5))
    expected[0, 4] = -2.0 * 1.5  # three characters, one more than is allowed
    expected[2, 4] = -2.0  # two characters
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("pieces", [[50], [1] * 50, [7, 20, 23]])
def test_the_text_may_be_read_in_pieces(pieces):
    text = np.random.default_rng(0).integers(0, 3, (2, 50))
    whole, parts = (RepeatedPassages(0.8, 1.15, 3) for _ in range(2))
    whole.read(text)
    start = 0
    for length in pieces:
        parts.read(text[:, start : start + length])
        start += length
    np.testing.assert_array_equal(parts(np.zeros((2, 3))), whole(np.zeros((2, 3))))


def test_work_and_penalty_are_bounded():
    processor = RepeatedPassages(1.0, 1.1, 10)
    processor.read(np.zeros((1, 3 * WINDOW), np.int64))
    assert processor(np.zeros((1, 2)))[0, 0] == pytest.approx(-(1.1 ** (LONGEST - 10)))


def test_rows_can_be_gathered():
    processor = RepeatedPassages(1.0, 1.1, 1)
    processor.read(np.array([[0, 1, 0], [1, 0, 1]]))
    processor.gather(np.array([1, 1]))
    np.testing.assert_allclose(processor(np.zeros((2, 2))), [[-1, 0], [-1, 0]])


def test_a_loop_ends():
    """A model that would count in circles for ever must leave its circle."""

    def logits(character):
        z = np.full((1, 4), -5.0)
        z[0, (character + 1) % 3] = 0.0
        return z

    def written(sampling, length=200):
        sampler = make_sampler(sampling, [0], 4, np.array([0]))
        text = [0]
        for _ in range(length):
            text.append(int(sampler.choose(logits(text[-1]))[0]))
        return "".join(map(str, text))

    assert find_loop(written(Sampling(0.0))) is not None
    assert find_loop(written(Sampling(0.0, dry_multiplier=0.8))) is None
