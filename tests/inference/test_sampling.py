"""Sampling, in probability space."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from charlstm.inference import sampling
from charlstm.inference.sampling import (
    GumbelNoise,
    Sampling,
    choose,
    finite,
    keep_min_p,
    keep_top_k,
    keep_top_p,
    log_softmax,
    penalise,
)

PROBABILITIES = np.array([[0.05, 0.4, 0.1, 0.3, 0.15], [0.2, 0.2, 0.2, 0.2, 0.2]])
LOGITS = np.log(PROBABILITIES)
NOTHING_RECENT = np.zeros((2, 0), np.int64)


def kept(logits: np.ndarray) -> list[list[int]]:
    return [np.flatnonzero(np.isfinite(row)).tolist() for row in logits]


def draws(sampling: Sampling, number: int) -> np.ndarray:
    """``number`` characters drawn from the first row of LOGITS."""
    noise = GumbelNoise([11], 5)
    recent = np.zeros((1, 0), np.int64)
    return np.array([choose(LOGITS[:1], sampling, noise, position, recent)[0] for position in range(number)])


def test_top_k_keeps_the_k_likeliest():
    assert kept(keep_top_k(LOGITS, 2)) == [[1, 3], [0, 1, 2, 3, 4]]  # all tie in the second row
    assert kept(keep_top_k(LOGITS, 0)) == kept(keep_top_k(LOGITS, 9)) == [[0, 1, 2, 3, 4]] * 2


def test_top_p_keeps_the_fewest_that_reach_p():
    assert kept(keep_top_p(LOGITS, 0.6)) == [[1, 3], [0, 1, 2]]
    assert kept(keep_top_p(LOGITS, 0.71))[0] == [1, 3, 4]
    assert kept(keep_top_p(LOGITS, 0.0)) == [[1], [0]]
    assert kept(keep_top_p(LOGITS, 1.0)) == [[0, 1, 2, 3, 4]] * 2
    assert kept(keep_top_p(np.zeros((1, 2)), 0.5)) == [[0]]  # one of them is exactly half


def test_top_p_of_1_keeps_what_rounding_hides():
    hidden = np.array([[0.0, -50.0, -60.0]])  # the likeliest has all of the probability that float64 can tell from 1
    assert kept(keep_top_p(hidden, 1.0)) == [[0, 1, 2]]
    assert kept(keep_top_p(hidden, 1 - 1e-16)) == [[0]]


def test_min_p_is_relative_to_the_likeliest():
    assert kept(keep_min_p(LOGITS, 0.3)) == [[1, 3, 4], [0, 1, 2, 3, 4]]
    assert kept(keep_min_p(LOGITS, 0.0)) == [[0, 1, 2, 3, 4]] * 2
    assert kept(keep_min_p(LOGITS, 1.0)) == [[1], [0, 1, 2, 3, 4]]


def test_the_penalty_multiplies_log_probabilities_of_recent_characters_only():
    penalised = penalise(LOGITS + 7.0, np.array([[1, 1], [4, 4]]), 2.0)
    expected = LOGITS.copy()
    expected[0, 1] *= 2
    expected[1, 4] *= 2
    np.testing.assert_allclose(penalised, expected, atol=1e-12)


def test_the_penalty_is_applied_where_a_character_is_chosen():
    recent, noise = np.array([[1], [0]]), GumbelNoise([0, 1], 5)
    assert choose(LOGITS, Sampling(temperature=0, repetition_penalty=2.0), noise, 0, recent).tolist() == [3, 1]
    assert choose(LOGITS, Sampling(temperature=0), noise, 0, recent).tolist() == [1, 0]


def test_zero_temperature_takes_the_likeliest_and_the_first_of_equals():
    assert choose(LOGITS, Sampling(temperature=0), GumbelNoise([0, 1], 5), 0, NOTHING_RECENT).tolist() == [1, 0]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_draws_follow_the_softmax_at_the_temperature(temperature):
    number = 20_000
    observed = np.bincount(draws(Sampling(temperature=temperature), number), minlength=5)
    expected = number * np.exp(log_softmax(LOGITS[0] / temperature))
    chi_square = ((observed - expected) ** 2 / expected).sum()
    assert chi_square < 18.47  # the 99.9 % quantile for four degrees of freedom


def test_filters_hold_in_draws():
    assert set(draws(Sampling(temperature=1, top_k=2), 300)) == {1, 3}
    assert set(draws(Sampling(temperature=1, top_p=0.71), 300)) == {1, 3, 4}
    assert set(draws(Sampling(temperature=1, min_p=0.3), 300)) == {1, 3, 4}
    assert set(draws(Sampling(temperature=1e-9), 50)) == {1}
    assert set(draws(Sampling(temperature=1e9), 300)) == {0, 1, 2, 3, 4}


def test_noise_is_a_function_of_seed_and_position_alone():
    forward = GumbelNoise([3, 4], 5)
    there_and_back = GumbelNoise([4], 5)
    at = {position: forward.at(position) for position in (0, 63, 64, 200)}
    for position in (200, 0, 64, 63):
        np.testing.assert_array_equal(there_and_back.at(position)[0], at[position][1])
    assert len({float(noise[0, 0]) for noise in at.values()}) == 4
    assert not np.array_equal(at[0][0], at[0][1])


def whole_blocks(random_seed: int, vocabulary_size: int, position: int) -> np.ndarray:
    """The noise at a position by its definition: 64 positions are one draw of ``default_rng([random_seed, block])``."""
    uniform = np.random.default_rng([random_seed, position // 64]).random((64, vocabulary_size))
    return -np.log(-np.log(np.maximum(uniform, np.finfo(np.float64).tiny)))[position % 64]


@pytest.mark.parametrize("at_once", [1, 2 * 3 * 5, 7 * 3 * 5, sampling.NOISE_AT_ONCE])
def test_noise_is_the_same_however_much_is_drawn_at_once(monkeypatch, at_once):
    monkeypatch.setattr(sampling, "NOISE_AT_ONCE", at_once)
    noise = GumbelNoise([3, 4, 2**32 - 1], 5)
    for position in (*range(140), 63, 64, 0, 1, 1_000, 1_001, 66):
        expected = [whole_blocks(random_seed, 5, position) for random_seed in noise.random_seeds]
        np.testing.assert_array_equal(noise.at(position), expected)


@pytest.mark.parametrize(("texts", "characters"), [(1, 200_000), (200, 1_000), (50, 7_000), (3, 100_000)])
def test_noise_of_many_large_texts_takes_the_memory_of_one_position(texts, characters):
    logits = np.zeros((texts, characters))
    tracemalloc.start()
    try:
        noise = GumbelNoise(range(texts), characters)
        for position in range(4):
            noise.likeliest(logits, position)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    one_text = 8 * characters  # what is compared for one text after the other
    assert peak < 1.1 * 8 * max(texts * characters, sampling.NOISE_AT_ONCE) + one_text + 10_000 * texts


def chosen(logits: np.ndarray, how: Sampling, noise: np.ndarray, recent: np.ndarray) -> np.ndarray:
    """The choice by its definition: every probability sorted, the noise of every character added."""
    z = logits.astype(np.float64)
    if how.repetition_penalty != 1:
        z = penalise(z, recent, how.repetition_penalty)
    z = (z - z.max(-1, keepdims=True)) / how.temperature
    z = keep_top_k(z, how.top_k)
    if how.top_p < 1:
        order = np.argsort(-z, -1, kind="stable")
        probabilities = np.exp(log_softmax(np.take_along_axis(z, order, -1)))
        keep = np.cumsum(probabilities, -1) - probabilities < how.top_p
        keep[:, 0] = True
        z = np.where(np.take_along_axis(keep, np.argsort(order, -1), -1), z, -np.inf)
    return (keep_min_p(z, how.min_p) + noise).argmax(-1)


@pytest.mark.parametrize("spread", [0.0, 0.01, 1.0, 4.0, 30.0])
@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize("size", [sampling.LARGE_VOCABULARY - 1, sampling.LARGE_VOCABULARY])
def test_a_large_vocabulary_is_sampled_by_the_definition(spread, rounded, size):
    random = np.random.default_rng(3)
    hows = [
        Sampling(1.0),
        Sampling(0.8, top_k=40),
        Sampling(1.0, top_p=0.9),
        Sampling(1.0, top_p=0.0),
        Sampling(0.5, top_p=0.999),
        Sampling(2.0, min_p=0.05),
        Sampling(0.8, repetition_penalty=1.3),
        Sampling(0.9, 100, 0.8, 0.01, 1.1),
    ]
    noise = GumbelNoise([5, 6, 7], size)
    for position in (0, 1, 2, 63, 64, 200):
        logits, recent = random.normal(0, spread, (3, size)).astype(np.float32), random.integers(0, size, (3, 64))
        logits = np.round(logits) if rounded else logits  # many of the likeliest are equal
        gumbel = np.stack([whole_blocks(random_seed, size, position) for random_seed in noise.random_seeds])
        np.testing.assert_array_equal(noise.at(position), gumbel)
        for how in hows:
            assert choose(logits, how, noise, position, recent).tolist() == chosen(logits, how, gumbel, recent).tolist(), how


@pytest.mark.parametrize("p", [0.25, 0.5, 0.75, 1 - 2**-53])
def test_a_nucleus_that_ends_exactly_at_p_is_that_of_the_sorted_probabilities(p):
    logits = np.full((1, sampling.LARGE_VOCABULARY), -np.inf)
    logits[0, [5, 9, 2000, 2500]] = 0.0  # a quarter each
    assert kept(keep_top_p(logits, p)) == kept(keep_top_p(logits[:, :2990], p))
    assert kept(keep_top_p(logits, 0.5)) == [[5, 9]]


def test_the_greatest_and_least_random_numbers_choose_as_any_other(monkeypatch):
    size = sampling.LARGE_VOCABULARY
    noise, uniform = GumbelNoise([0], size), np.full((1, size), 0.5)
    uniform[0, [3, 7]] = 0.0, 1 - 2**-53
    monkeypatch.setattr(noise, "_drawn_at", lambda _: uniform)
    logits = np.zeros((1, size))
    expected = (logits + sampling.gumbel(uniform.copy())).argmax(-1)
    assert noise.likeliest(logits, 0).tolist() == expected.tolist() == [7]
    logits[0, 3] = 1e9
    assert noise.likeliest(logits, 0).tolist() == [3]


def test_greedy_draws_no_noise(monkeypatch):
    monkeypatch.setattr(GumbelNoise, "_draw", lambda *_: pytest.fail("noise is drawn"))
    assert choose(LOGITS, Sampling(temperature=0), GumbelNoise([0, 1], 5), 0, NOTHING_RECENT).tolist() == [1, 0]


def test_noise_of_large_random_seeds_is_shared_with_no_other():
    seeds = [5, 6, 5 + 2**32, 6 + 2**32, 5 + 2**33, 5 + 2**62]
    noise = np.stack([GumbelNoise(seeds, 3).at(position) for position in (0, 64, 128, 64 * 2**20)])
    assert len(np.unique(noise)) == noise.size


def test_noise_is_gumbel():
    noise = np.concatenate([GumbelNoise([0], 50).at(position).ravel() for position in range(400)])
    assert abs(noise.mean() - np.euler_gamma) < 0.03  # standard error 0.009
    assert abs(noise.var() - np.pi**2 / 6) < 0.1


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
def test_any_logits_at_all_give_a_character(logits, temperature, top_k, top_p, min_p, penalty):
    ids = choose(logits, Sampling(temperature, top_k, top_p, min_p, penalty), GumbelNoise([0, 1], 5), 0, np.array([[0], [4]]))
    assert ((0 <= ids) & (ids < 5)).all()


def test_what_is_not_a_number_is_never_chosen_unless_nothing_else_is_there():
    logits = np.array([[np.nan, 0, -np.inf], [np.nan, np.nan, -np.inf], [0, np.inf, 5]])
    assert kept(finite(logits)) == [[1], [0, 1, 2], [0, 1, 2]]
    assert finite(logits)[2].argmax() == 1
