"""The chain of rules and the draw: by the definitions, by the softmax, and the same texts as ever."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from charlstm.inference.logits import LARGE_VOCABULARY, log_softmax, shift
from charlstm.inference.logits_processors import MinP, RepetitionPenalty, StatefulProcessor, Temperature, TopK, TopP
from charlstm.inference.noise import GumbelNoise
from charlstm.inference.sampling import Sampler, Sampling, make_chain, make_sampler
from tests.cases import every_pair
from tests.inference.sampling_definitions import OPTIONS, choice, drawn_in_blocks

LOGITS = np.log([[0.05, 0.4, 0.1, 0.3, 0.15], [0.2, 0.2, 0.2, 0.2, 0.2]])
NOTHING_READ = np.zeros(0, np.int64)


def draws(how: Sampling, number: int) -> np.ndarray:
    """``number`` characters drawn from the first row of LOGITS."""
    sampler = make_sampler(how, [11], 5, NOTHING_READ)
    return np.array([sampler.choose(LOGITS[:1])[0] for _ in range(number)])


def test_chain_is_in_the_documented_order():
    assert make_chain(Sampling(0.5, 3, 0.9, 0.1, 1.5)) == [
        RepetitionPenalty(1.5), shift, Temperature(0.5), TopK(3), TopP(0.9), MinP(0.1),
    ]  # fmt: skip


def test_chain_has_no_rule_without_effect():
    assert make_chain(Sampling(1.0)) == [Temperature(1.0)]
    assert make_chain(Sampling(0.0, 3, 0.9, 0.1)) == []
    assert make_chain(Sampling(0.0, 3, 0.9, 0.1, 1.5)) == [RepetitionPenalty(1.5)]


@pytest.mark.parametrize(
    ("spread", "rounded", "size"),
    every_pair([0.0, 0.01, 1.0, 4.0, 30.0], [False, True], [65, LARGE_VOCABULARY - 1, LARGE_VOCABULARY]),
)
def test_choice_matches_the_definition(spread, rounded, size):
    random, seeds = np.random.default_rng(3), [5, 6, 7]
    for position in (0, 1, 2, 63, 64, 200):
        logits, recent = random.normal(0, spread, (3, size)).astype(np.float32), random.integers(0, size, (3, 64))
        logits = np.round(logits) if rounded else logits  # many of the likeliest are equal
        noise = [drawn_in_blocks(random_seed, size, position) for random_seed in seeds]
        for how in OPTIONS:
            sampler = Sampler(make_chain(how), GumbelNoise(seeds, size), position)
            sampler.read(recent)
            expected = [choice(row, how, *rest) for row, *rest in zip(logits, noise, recent, strict=True)]
            assert sampler.choose(logits).tolist() == expected, how


# fmt: off
CHOSEN = [
    (Sampling(0.0), [[12, 41, 33, 62, 54, 46, 27, 19, 11, 40], [59, 63, 54, 58, 10, 1, 5, 9, 0, 4]]),
    (Sampling(0.8), [[16, 19, 0, 3, 35, 20, 53, 41, 7, 7], [42, 37, 26, 32, 6, 55, 61, 35, 39, 15]]),
    (Sampling(1.5), [[16, 11, 0, 3, 35, 20, 53, 34, 7, 7], [42, 37, 26, 32, 6, 55, 61, 37, 50, 15]]),
    (Sampling(1.0, top_k=5), [[1, 30, 22, 25, 6, 9, 1, 56, 22, 3], [20, 37, 54, 32, 62, 27, 5, 35, 39, 43]]),
    (Sampling(1.0, top_p=0.7), [[16, 19, 0, 3, 6, 20, 53, 34, 7, 7], [20, 37, 26, 32, 38, 55, 7, 35, 39, 15]]),
    (Sampling(1.0, min_p=0.2), [[16, 19, 0, 3, 35, 20, 53, 34, 7, 7], [42, 37, 26, 32, 34, 55, 61, 35, 50, 15]]),
    (Sampling(0.7, repetition_penalty=1.5), [[16, 19, 0, 25, 35, 20, 53, 41, 7, 7], [42, 37, 26, 32, 6, 55, 7, 35, 39, 15]]),
    (Sampling(0.0, repetition_penalty=2.0), [[12, 41, 33, 62, 54, 46, 27, 19, 11, 40], [59, 63, 54, 58, 10, 14, 18, 9, 0, 17]]),
    (Sampling(0.9, 20, 0.9, 0.01, 1.2), [[16, 19, 0, 25, 6, 20, 53, 34, 7, 7], [20, 37, 26, 32, 34, 55, 7, 35, 39, 15]]),
]
# fmt: on


@pytest.mark.parametrize(("how", "expected"), CHOSEN)
def test_chosen_characters_stay_the_same_between_releases(how, expected):
    sampler = make_sampler(how, [7, 8], 65, np.array([3, 1, 4, 1, 5]))
    waves = np.arange(65) * np.array([[1.7], [2.9]])
    assert np.stack([sampler.choose(4 * np.sin(waves + position)) for position in range(10)], 1).tolist() == expected


def test_penalty_counts_the_seed_and_every_chosen_character():
    sampler = make_sampler(Sampling(0.0, repetition_penalty=1e6), [0], 5, np.array([1]))
    assert [int(sampler.choose(LOGITS[:1])[0]) for _ in range(4)] == [3, 4, 2, 0]


@dataclass
class NoRepetition(StatefulProcessor):
    """A rule for tests: no character occurs twice in a text of V characters at most."""

    vocabulary_size: int
    used: np.ndarray | None = None

    def __call__(self, logits):
        return logits if self.used is None else shift(np.where(self.used, -np.inf, logits))

    def read(self, ids):
        if self.used is None:
            self.used = np.zeros((len(ids), self.vocabulary_size), bool)
        np.put_along_axis(self.used, ids, True, 1)

    def gather(self, rows):
        self.used = self.used[rows]


def permutations(random_seeds, read, position, number) -> np.ndarray:
    """``number`` characters after those read, ``[B, number]``, of a vocabulary of 20."""
    chain = [NoRepetition(20), *make_chain(Sampling(0.9))]
    sampler = Sampler(chain, GumbelNoise(random_seeds, 20), position)
    sampler.read(read)
    logits = np.random.default_rng(1).normal(0, 2, (20, 20))
    return np.stack([sampler.choose(np.tile(logits[place], (len(read), 1))) for place in range(position, position + number)], 1)


def test_stateful_rule_keeps_the_texts_apart():
    together = permutations([3, 4, 5], np.array([[0], [1], [1]]), 0, 19)
    for text, random_seed, first in zip(together, [3, 4, 5], [0, 1, 1], strict=True):
        assert sorted([first, *text.tolist()]) == list(range(20))
        np.testing.assert_array_equal(permutations([random_seed], np.array([[first]]), 0, 19)[0], text)
    assert together[0].tolist() != together[1].tolist() != together[2].tolist()


@pytest.mark.parametrize("position", [1, 7, 18])
def test_stateful_rule_resumes_from_the_text_so_far(position):
    seed = np.array([[2], [9]])
    whole = permutations([3, 4], seed, 0, 19)
    resumed = permutations([3, 4], np.concatenate([seed, whole[:, :position]], 1), position, 19 - position)
    np.testing.assert_array_equal(resumed, whole[:, position:])


def test_greedy_choice_takes_the_likeliest_and_the_first_on_a_tie():
    assert make_sampler(Sampling(0.0), [0, 1], 5, NOTHING_READ).choose(LOGITS).tolist() == [1, 0]


def test_greedy_choice_draws_no_noise(monkeypatch):
    monkeypatch.setattr(GumbelNoise, "_draw", lambda *_: pytest.fail("noise is drawn"))
    assert make_sampler(Sampling(0.0), [0, 1], 5, NOTHING_READ).choose(LOGITS).tolist() == [1, 0]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_draws_follow_the_softmax_at_the_temperature(temperature):
    number = 20_000
    observed = np.bincount(draws(Sampling(temperature), number), minlength=5)
    expected = number * np.exp(log_softmax(LOGITS[0] / temperature))
    chi_square = ((observed - expected) ** 2 / expected).sum()
    assert chi_square < 18.47  # the 99.9 % quantile for four degrees of freedom


def test_filters_hold_in_draws():
    assert set(draws(Sampling(1.0, top_k=2), 300)) == {1, 3}
    assert set(draws(Sampling(1.0, top_p=0.71), 300)) == {1, 3, 4}
    assert set(draws(Sampling(1.0, min_p=0.3), 300)) == {1, 3, 4}
    assert set(draws(Sampling(1e-9), 50)) == {1}
    assert set(draws(Sampling(1e9), 300)) == {0, 1, 2, 3, 4}


def test_choice_leaves_the_logits_unchanged():
    logits = LOGITS.copy()
    make_sampler(Sampling(0.8, 3, 0.9, 0.1, 1.5), [0, 1], 5, np.array([2])).choose(logits)
    np.testing.assert_array_equal(logits, LOGITS)


any_logits = arrays(np.float32, (2, 5), elements=st.floats(width=32, allow_nan=True, allow_infinity=True))


@given(
    logits=any_logits,
    temperature=st.sampled_from([0.0, 1e-300, 1e-9, 0.8, 1e9]),
    top_k=st.integers(0, 6),
    top_p=st.sampled_from([0.0, 0.5, 1.0]),
    min_p=st.sampled_from([0.0, 0.5, 1.0]),
    penalty=st.sampled_from([0.5, 1.0, 3.0]),
)
@settings(max_examples=300)
def test_any_logits_give_a_character(logits, temperature, top_k, top_p, min_p, penalty):
    sampler = make_sampler(Sampling(temperature, top_k, top_p, min_p, penalty), [0, 1], 5, np.array([0, 4]))
    ids = sampler.choose(logits)
    assert ((0 <= ids) & (ids < 5)).all()
