"""Gumbel noise: its distribution, its independence of what is drawn at once, and the choice with it."""

import tracemalloc

import numpy as np
import pytest

from charlstm.inference import noise as noise_module
from charlstm.inference.logits import LARGE_VOCABULARY
from charlstm.inference.noise import NOISE_AT_ONCE, GumbelNoise, gumbel
from tests.inference.sampling_definitions import drawn_in_blocks


def test_noise_is_a_function_of_seed_and_position_alone():
    forward = GumbelNoise([3, 4], 5)
    there_and_back = GumbelNoise([4], 5)
    at = {position: forward.at(position) for position in (0, 63, 64, 200)}
    for position in (200, 0, 64, 63):
        np.testing.assert_array_equal(there_and_back.at(position)[0], at[position][1])
    assert len({float(noise[0, 0]) for noise in at.values()}) == 4
    assert not np.array_equal(at[0][0], at[0][1])


@pytest.mark.parametrize("at_once", [1, 2 * 3 * 5, 7 * 3 * 5, NOISE_AT_ONCE])
def test_noise_is_the_same_however_much_is_drawn_at_once(monkeypatch, at_once):
    monkeypatch.setattr(noise_module, "NOISE_AT_ONCE", at_once)
    noise = GumbelNoise([3, 4, 2**32 - 1], 5)
    for position in (*range(140), 63, 64, 0, 1, 1_000, 1_001, 66):
        expected = [drawn_in_blocks(random_seed, 5, position) for random_seed in noise.random_seeds]
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
    assert peak < 1.1 * 8 * max(texts * characters, NOISE_AT_ONCE) + one_text + 10_000 * texts


def test_the_greatest_and_least_random_numbers_choose_as_any_other(monkeypatch):
    size = LARGE_VOCABULARY
    noise, uniform = GumbelNoise([0], size), np.full((1, size), 0.5)
    uniform[0, [3, 7]] = 0.0, 1 - 2**-53
    monkeypatch.setattr(noise, "_drawn_at", lambda _: uniform)
    logits = np.zeros((1, size))
    expected = (logits + gumbel(uniform.copy())).argmax(-1)
    assert noise.likeliest(logits, 0).tolist() == expected.tolist() == [7]
    logits[0, 3] = 1e9
    assert noise.likeliest(logits, 0).tolist() == [3]


def test_noise_of_large_random_seeds_is_shared_with_no_other():
    seeds = [5, 6, 5 + 2**32, 6 + 2**32, 5 + 2**33, 5 + 2**62]
    noise = np.stack([GumbelNoise(seeds, 3).at(position) for position in (0, 64, 128, 64 * 2**20)])
    assert len(np.unique(noise)) == noise.size


def test_noise_is_gumbel():
    noise = np.concatenate([GumbelNoise([0], 50).at(position).ravel() for position in range(400)])
    assert abs(noise.mean() - np.euler_gamma) < 0.03  # standard error 0.009
    assert abs(noise.var() - np.pi**2 / 6) < 0.1
