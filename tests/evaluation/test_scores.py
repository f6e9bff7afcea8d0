"""Tests of scores against their definition and against models with known scores."""

import numpy as np
import pytest

from charlstm.evaluation.scores import context_lengths, evaluate, sampled_starts, scoring_work
from charlstm.evaluation.surprisal import stateful_surprisal, windowed_surprisal
from charlstm.inference.network import build_network
from charlstm.text.scoring import MAX_NATS
from charlstm.text.vocabulary import RareCharacters, Vocabulary
from tests.cases import slow
from tests.conftest import LONG_MEMORIES, long_memory
from tests.evaluation.conftest import memoryless_network

TEXT = np.random.default_rng(1).integers(0, 7, 900).astype(np.uint8)
EVERYWHERE = np.arange(899)


def test_context_lengths_include_powers_of_two_and_windows():
    assert context_lengths(10, 900) == [1, 2, 4, 8, 10, 16, 32, 64, 128, 256]
    assert context_lengths(512, 900)[-2:] == [256, 512]
    assert context_lengths(600, 900)[-2:] == [512, 600]
    assert context_lengths(4, 900, [300, 5, 2]) == [1, 2, 4, 5, 8, 16, 32, 64, 128, 256, 300]


def test_context_lengths_end_with_the_text_but_include_the_window():
    assert context_lengths(10, 33) == [1, 2, 4, 8, 10, 16, 32]
    assert context_lengths(10, 32) == [1, 2, 4, 8, 10, 16]
    assert context_lengths(64, 28) == [1, 2, 4, 8, 16, 64]
    assert context_lengths(64, 2) == [1, 64]
    assert context_lengths(64, 0) == [64]


@pytest.mark.parametrize("sample", [1, 50, 899, 5_000])
def test_sampled_starts_are_distinct_and_not_last(sample):
    starts = sampled_starts(900, sample, 3)
    assert len(starts) == min(sample, 899)
    assert (np.diff(starts) > 0).all()
    assert 0 <= starts[0] <= starts[-1] < 899
    np.testing.assert_array_equal(starts, sampled_starts(900, sample, 3))
    if sample < 899:
        assert not np.array_equal(starts, sampled_starts(900, sample, 4))


def score_by_definition(network, context: int) -> float:
    """Compute the mean surprisal with a window by its definition, one character after another."""
    nats = [
        windowed_surprisal(network, TEXT[max(0, place - context) : place + 1], np.array([0]), [min(context, place)])[0, 0]
        for place in range(1, 900)
    ]
    return float(np.mean(nats))


@pytest.mark.parametrize("context", [1, 6, slow(64)])
def test_scores_of_all_starts_match_the_definition(make_network, context):
    network = make_network()
    found = evaluate(network, TEXT, EVERYWHERE, context_lengths(6, 900))
    assert found.nats_per_char(context) == pytest.approx(score_by_definition(network, context), abs=1e-6)
    assert found.standard_error(context) == 0
    assert found.nats_per_char() == pytest.approx(stateful_surprisal(network, TEXT).mean())
    assert found.standard_error() == 0


@pytest.mark.slow
@pytest.mark.parametrize("context", [1, 64])
def test_standard_error_matches_the_scatter_of_samples(make_network, context):
    network = make_network()
    whole = evaluate(network, TEXT, EVERYWHERE, [context]).nats_per_char(context)
    samples = [evaluate(network, TEXT, sampled_starts(900, 60, seed), [context]) for seed in range(60)]
    deviations = [(each.nats_per_char(context) - whole) / each.standard_error(context) for each in samples]
    assert abs(np.mean(deviations)) < 4 / np.sqrt(60)
    assert 0.7 < np.std(deviations) < 1.4


def test_difference_is_sampled_rather_than_surprisal(make_network):
    network = make_network()
    found = evaluate(network, TEXT, sampled_starts(900, 100, 0), [6])
    surprisal = stateful_surprisal(network, TEXT)
    assert found.standard_error(6) < surprisal.std() / 10 / 3
    assert found.standard_error(6) == pytest.approx(found.costs[6].std(ddof=1) / 10 * np.sqrt(799 / 899))


def test_progress_sums_to_the_estimated_work(make_network):
    told = []
    contexts = context_lengths(6, 900)
    evaluate(make_network(), TEXT, sampled_starts(900, 100, 0), contexts, told.append)
    assert sum(told) == pytest.approx(scoring_work(TEXT, 100, contexts, 7))


def test_memoryless_model_scores_equally_at_every_context():
    found = evaluate(memoryless_network(), TEXT, sampled_starts(900, 300, 0), context_lengths(6, 900))
    assert {round(found.nats_per_char(context), 6) for context in found.costs} == {round(found.nats_per_char(), 6)}


@pytest.mark.parametrize("memory", ["linear, at once", slow("linear, for ever"), slow("relu, recurrent")])
def test_stateless_score_is_independent_of_an_unbounded_state(memory):
    network, context = build_network(*long_memory(**LONG_MEMORIES[memory])), 6
    text = np.random.default_rng(2).integers(0, 7, 20_000).astype(np.uint8)
    whole = windowed_surprisal(network, text, np.arange(len(text) - context), [context])[0]
    found = evaluate(network, text, sampled_starts(len(text), 1_000, 0), [context])
    assert found.unbounded > 0
    assert found.nats_per_char() > 30
    assert found.standard_error(context) < 1.3 * whole.std() / np.sqrt(1_000)
    assert abs(found.nats_per_char(context) - whole.mean()) < 4 * found.standard_error(context)


def test_scores_include_naming_costs_and_report_unbounded(make_network):
    vocabulary = Vocabulary("abcdef", RareCharacters("yz", (5, 2)))
    ids = vocabulary.encode_any("abc渡yz" * 20)
    network, naming, starts = make_network(), vocabulary.naming_nats(ids), np.arange(119)
    found, without = (evaluate(network, ids, starts, [1, 6], naming=each) for each in (naming, None))
    assert found.nats_per_char() == pytest.approx(without.nats_per_char() + naming[1:].mean())
    for context in (1, 6):
        assert found.nats_per_char(context) == pytest.approx(without.nats_per_char(context) + naming[1:].mean())
        np.testing.assert_allclose(found.costs[context], without.costs[context], atol=1e-9)
        np.testing.assert_allclose(found.windowed[context], without.windowed[context] + naming[context:])
    assert found.unbounded == 0
    network.dense_bias[6] = -60  # float32 can hold the placeholder's probability
    found = evaluate(network, ids, starts, [1], naming=np.where(naming > 0, 50.0, 0.0))
    assert found.stateful.max() > MAX_NATS
    assert found.unbounded == 0
    network.dense_bias[6] = -200
    assert evaluate(network, ids, starts, [1], naming=naming).unbounded == 60
