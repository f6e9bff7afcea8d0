"""References on texts whose scores are known otherwise."""

import bz2
import tracemalloc
from collections import Counter
from math import log

import numpy as np
import pytest

from charlstm.analysis.references import (
    COMPRESSORS,
    LEAST_COMPRESSED,
    MOST_LEARNT,
    compressed_nats,
    longest,
    ngram_surprise,
    references,
    references_bytes,
)
from charlstm.text.vocabulary import Vocabulary


def markov(length: int, random_seed: int) -> tuple[np.ndarray, float]:
    """A text by a first-order Markov chain of three characters, and the chain's entropy rate in nats."""
    chain = np.array([[0.8, 0.1, 0.1], [0.2, 0.2, 0.6], [0.05, 0.9, 0.05]])
    random, text = np.random.default_rng(random_seed), [0]
    for uniform in random.random(length - 1):
        text.append(int((uniform > chain[text[-1]].cumsum()).sum()))
    values, vectors = np.linalg.eig(chain.T)
    stationary = np.real(vectors[:, np.argmax(np.real(values))])
    stationary /= stationary.sum()
    return np.array(text, np.uint8), float(-(stationary[:, None] * chain * np.log(chain)).sum())


def by_hand(learnt: str, context: str, character: str, size: int) -> float:
    """Witten and Bell's probability, by counting."""
    if context == "":
        lower = 1 / size
        follow = Counter(learnt)
    else:
        lower = by_hand(learnt, context[1:], character, size)
        pairs = zip((learnt[k : k + len(context)] for k in range(len(learnt))), learnt[len(context) :], strict=False)
        follow = Counter(after for found, after in pairs if found == context)
    if not follow:
        return lower
    return (follow[character] + len(follow) * lower) / (follow.total() + len(follow))


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_ngrams_are_those_counted_by_hand(order):
    learnt, held_out = "abracadabra cadabra", "abra dab crab"
    alphabet = sorted({*learnt, *held_out})
    ids = [np.array([alphabet.index(c) for c in text], np.uint8) for text in (learnt, held_out)]
    whole = learnt + held_out
    expected = [
        -log(by_hand(learnt, whole[max(0, place - order + 1) : place], whole[place], len(alphabet)))
        for place in range(len(learnt), len(whole))
    ]
    np.testing.assert_allclose(ngram_surprise(*ids, len(alphabet), order), expected)


@pytest.mark.parametrize("order", [2, 3])
def test_a_markov_chain_scores_its_entropy_rate(order):
    text, rate = markov(60_000, 0)
    nats = ngram_surprise(text[:50_000], text[50_000:], 3, order)
    assert abs(nats.mean() - rate) < 3 * nats.std() / 100 + 0.002


def test_a_unigram_model_does_not_see_the_chain():
    text, rate = markov(20_000, 1)
    frequencies = np.bincount(text) / len(text)
    entropy = -(frequencies * np.log(frequencies)).sum()
    assert ngram_surprise(text[:15_000], text[15_000:], 3, 1).mean() == pytest.approx(entropy, abs=0.03)
    assert entropy > rate + 0.2


def test_long_contexts_of_large_alphabets_are_cut_to_what_a_number_holds():
    assert longest(2) == 62
    assert longest(65) == 10
    assert 1_114_112 ** longest(1_114_112) < 2**63
    ids = np.arange(5_000)
    assert np.isfinite(ngram_surprise(ids, ids[:100], 5_000, 50)).all()


@pytest.mark.parametrize(("name", "share"), [("lzma", 0.4), ("bz2", 0.9)])  # bz2 sorts, and sees a copy only in part
def test_a_compressor_pays_less_for_what_it_has_read_and_full_price_for_noise(name, share):
    letters = np.random.default_rng(0).integers(0, 16, 40_000)
    noise = "".join(chr(97 + letter) for letter in letters)
    assert compressed_nats(noise[:20_000], noise[:5_000], COMPRESSORS[name]) < share * log(16)
    assert compressed_nats(noise[:20_000], noise[20_000:], COMPRESSORS[name]) == pytest.approx(log(16), rel=0.1)


def test_a_compressor_s_price_is_what_the_second_text_adds():
    first, second = "to be or not to be " * 50, "that is the question " * 20
    extra = len(bz2.compress((first + second).encode())) - len(bz2.compress(first.encode()))
    assert compressed_nats(first, second, COMPRESSORS["bz2"]) == pytest.approx(extra * 8 * log(2) / len(second))


@pytest.mark.parametrize("filler", [0, 400_000, 840_000, 899_000, 1_300_000])
def test_where_bz2_would_begin_a_new_block_makes_no_difference(filler):
    random = np.random.default_rng(0)
    words = ["".join(map(chr, random.integers(97, 123, 7))) for _ in range(300)]
    text = " ".join(random.choice(words, 60_000))
    before = "x" * filler + text[:440_000]
    assert compressed_nats(before, text[440_000:460_000], COMPRESSORS["bz2"]) == pytest.approx(
        compressed_nats(text[:440_000], text[440_000:460_000], COMPRESSORS["bz2"]), rel=0.15
    )


def test_all_of_them_learn_the_training_text_and_pay_for_the_held_out_one():
    text, rate = markov(6_000, 2)
    vocabulary = Vocabulary("abc")
    found = references(text[:5_000], text[5_000:], vocabulary)
    assert list(found) == ["unigram", "bigram", "5-gram", "lzma", "bz2"]
    assert found["bigram"] == pytest.approx(ngram_surprise(text[:5_000], text[5_000:], 3, 2)[1:].mean())
    before, after = vocabulary.decode(text[:5_000]), vocabulary.decode(text[5_000:])
    assert found["bz2"] == pytest.approx(compressed_nats(before, after, COMPRESSORS["bz2"]))
    assert rate * 0.9 < min(found.values())


def test_short_texts_are_not_compressed():
    text, _ = markov(3_000, 2)
    assert list(references(text[:2_000], text[2_000 : 2_000 + LEAST_COMPRESSED - 1], Vocabulary("abc"))) == [
        "unigram",
        "bigram",
        "5-gram",
    ]


def test_of_a_long_text_only_the_end_is_learnt(monkeypatch):
    monkeypatch.setattr("charlstm.analysis.references.MOST_LEARNT", 100)
    text = np.array([0, 1] * 2_000 + [1] * 100, np.uint8)
    assert MOST_LEARNT > 100
    assert references(text, text[-20:], Vocabulary("ab"))["unigram"] < 0.02


@pytest.mark.parametrize(("learnt", "held_out"), [(100_000, 300_000), (400_000, 300_000), (400_000, 10_000)])
def test_memory_is_estimated(monkeypatch, learnt, held_out):
    monkeypatch.setattr("charlstm.analysis.references.COMPRESSORS", {})
    text = np.random.default_rng(0).integers(0, 60, learnt + held_out).astype(np.uint8)
    vocabulary = Vocabulary("".join(map(chr, range(40, 100))))
    tracemalloc.start()
    try:
        references(text[:learnt], text[learnt:], vocabulary)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    estimate = references_bytes(learnt, held_out) - references_bytes(0, 0)
    assert peak <= estimate <= 2 * peak
