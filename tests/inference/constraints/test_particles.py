"""Tests of weights, resampling and draws."""

import numpy as np
import pytest

from charlstm.inference.constraints.particles import ConstrainedSampler, UniformNumbers
from charlstm.inference.sampling import Sampling, make_sampler

V = 5
SEED = np.array([0, 1])
RANDOM = np.random.default_rng(0)
ANY = np.ones((1, V), bool)


def sampler(particles: int, random_seeds=(7,), position: int = 0, **sampling) -> ConstrainedSampler:
    return ConstrainedSampler(Sampling(**{"temperature": 1.0, **sampling}), random_seeds, particles, V, SEED, position)


@pytest.mark.parametrize(
    "sampling", [{}, {"temperature": 0}, {"top_k": 2}, {"top_p": 0.7, "repetition_penalty": 1.5}, {"min_p": 0.3}]
)
def test_one_particle_without_exclusions_chooses_as_unconstrained_texts(sampling):
    settings = Sampling(**{"temperature": 0.8, **sampling})
    plain = make_sampler(settings, [7], V, SEED)
    constrained = ConstrainedSampler(settings, [7], 1, V, SEED, 0)
    for logits in RANDOM.normal(0, 2, (20, 1, V)):
        assert constrained.weigh(logits, ANY) is None
        assert constrained.draw() == plain.choose(logits)


@pytest.mark.parametrize("particles", [1, 4])
@pytest.mark.parametrize("sampling", [{}, {"temperature": 0}, {"top_k": 1}, {"min_p": 0.9}, {"repetition_penalty": 2.0}])
def test_only_allowed_characters_are_drawn(particles, sampling):
    draws = sampler(particles, **sampling)
    allowed = np.tile([True, False, False, True, False], (particles, 1))
    for logits in RANDOM.normal(0, 5, (50, particles, V)):
        draws.weigh(logits, allowed)
        assert set(draws.draw()) <= {0, 3}


@pytest.mark.parametrize("particles", [1, 4])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -1e38, 1e38, 0])
def test_any_logits_give_an_allowed_character(particles, value):
    logits = np.tile(np.array([value, 1e38, 0, value, np.nan]), (particles, 1))
    draws = sampler(particles, temperature=0.01)
    for _ in range(20):
        draws.weigh(logits, np.tile([True, False, False, True, False], (particles, 1)))
        assert set(draws.draw()) <= {0, 3}
        assert np.isfinite(draws.log_weights).all()


def test_the_weight_is_the_probability_of_all_allowed_characters():
    logits, allowed = RANDOM.normal(0, 1, (4, V)), RANDOM.random((4, V)) < 0.6
    allowed[:, 2] = True
    draws = sampler(4, temperature=0.5)
    draws.log_weights[0] = [0.1, 0.2, 0.3, 0.4]
    probabilities = np.exp(logits / 0.5) / np.exp(logits / 0.5).sum(1, keepdims=True)
    expected = draws.log_weights[0] + np.log((probabilities * allowed).sum(1))
    assert draws.weigh(logits, allowed) is None
    np.testing.assert_allclose(draws.log_weights[0], expected)


def test_a_probability_that_underflows_still_has_a_weight():
    logits = np.array([[0.0, -2000.0, -3000.0, 0.0, 0.0]] * 4)
    draws = sampler(4)
    draws.log_weights[0] = [0, 0, 0, 0]
    draws.weigh(logits, np.tile([False, True, True, False, False], (4, 1)))
    np.testing.assert_allclose(draws.log_weights, -2000 - np.log(3), rtol=1e-3)
    assert set(draws.draw()) == {1}


def test_uneven_weights_are_resampled_in_proportion():
    counts = np.zeros(8)
    for random_seed in range(400):
        draws = sampler(8, random_seeds=[random_seed])
        draws.log_weights[0] = np.log([0.3, 0.3, 0.3, 0.02, 0.02, 0.02, 0.02, 0.02])
        rows = draws.weigh(np.zeros((8, V)), np.ones((8, V), bool))
        assert (draws.log_weights == 0).all()
        counts += np.bincount(rows, minlength=8)
    np.testing.assert_allclose(counts / counts.sum(), [0.3, 0.3, 0.3, 0.02, 0.02, 0.02, 0.02, 0.02], atol=0.01)


def test_a_text_with_even_weights_keeps_its_particles():
    draws = sampler(4, random_seeds=[1, 2])
    draws.log_weights[:] = np.log([[0.25] * 4, [0.97, 0.01, 0.01, 0.01]])
    rows = draws.weigh(np.zeros((8, V)), np.ones((8, V), bool))
    assert rows[:4].tolist() == [0, 1, 2, 3]
    assert set(rows[4:]) == {4}


def test_the_text_is_drawn_by_weight():
    chosen = []
    for random_seed in range(2000):
        draws = sampler(2, random_seeds=[random_seed])
        draws.log_weights[0] = np.log([0.8, 0.2])
        chosen.append(draws.chosen()[0])
    assert np.mean(chosen) == pytest.approx(0.2, abs=0.03)


def test_draws_follow_the_distribution_of_the_chain():
    logits = np.array([1.0, 0.5, 0.0, -0.5, -1.0])
    expected = np.exp(logits / 0.7) * [
        1,
        1,
        0,
        1,
        0,
    ]  # character 2 is not allowed, character 4 is not among the three likeliest
    counts = np.zeros(V)
    draws = sampler(1000, temperature=0.7, top_k=3)
    for _ in range(20):
        draws.weigh(np.tile(logits, (1000, 1)), np.tile([True, True, False, True, True], (1000, 1)))
        counts += np.bincount(draws.draw(), minlength=V)
    np.testing.assert_allclose(counts / counts.sum(), expected / expected.sum(), atol=0.015)


def test_numbers_depend_on_random_seed_and_position_alone():
    numbers, others = UniformNumbers([1, 2], 3), UniformNumbers([2], 3)
    first = [numbers.at(position)[1].tolist() for position in range(130)]
    assert first == [others.at(position)[0].tolist() for position in range(130)]
    assert others.at(65)[0].tolist() == first[65]
    assert len({tuple(each) for each in first}) == 130
