"""Tests of the baselines against naive counting and known entropy rates."""

import bz2
import tracemalloc
from collections import Counter
from math import log

import numpy as np
import pytest

from charlstm.evaluation.baselines import (
    COMPRESSORS,
    MAX_LEARNED,
    MIN_COMPRESSED,
    _renumber,
    baselines,
    baselines_bytes,
    compressed_nats,
    ngram_surprisal,
)
from charlstm.text.vocabulary import RareCharacters, Vocabulary, id_dtype


def markov(length: int, random_seed: int) -> tuple[np.ndarray, float]:
    """Return a text of a first-order Markov chain of three characters, and the entropy rate in nats."""
    chain = np.array([[0.8, 0.1, 0.1], [0.2, 0.2, 0.6], [0.05, 0.9, 0.05]])
    random, text = np.random.default_rng(random_seed), [0]
    for uniform in random.random(length - 1):
        text.append(int((uniform > chain[text[-1]].cumsum()).sum()))
    values, vectors = np.linalg.eig(chain.T)
    stationary = np.real(vectors[:, np.argmax(np.real(values))])
    stationary /= stationary.sum()
    return np.array(text, np.uint8), float(-(stationary[:, None] * chain * np.log(chain)).sum())


def probability_by_counting(training: str, context: str, character: str, size: int) -> float:
    """Compute Witten and Bell's probability by counting in strings."""
    if context == "":
        lower = 1 / size
        follow = Counter(training)
    else:
        lower = probability_by_counting(training, context[1:], character, size)
        pairs = zip((training[k : k + len(context)] for k in range(len(training))), training[len(context) :], strict=False)
        follow = Counter(after for found, after in pairs if found == context)
    if not follow:
        return lower
    return (follow[character] + len(follow) * lower) / (follow.total() + len(follow))


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_ngrams_match_naive_counting(order):
    training, held_out = "abracadabra cadabra", "abra dab crab"
    characters = sorted({*training, *held_out})
    ids = [np.array([characters.index(c) for c in text], np.uint8) for text in (training, held_out)]
    whole = training + held_out
    expected = [
        -log(probability_by_counting(training, whole[max(0, place - order + 1) : place], whole[place], len(characters)))
        for place in range(len(training), len(whole))
    ]
    np.testing.assert_allclose(ngram_surprisal(*ids, len(characters), [order])[order], expected)


@pytest.mark.parametrize("order", [2, 3])
def test_markov_chain_scores_its_entropy_rate(order):
    text, rate = markov(60_000, 0)
    nats = ngram_surprisal(text[:50_000], text[50_000:], 3, [order])[order]
    assert abs(nats.mean() - rate) < 3 * nats.std() / 100 + 0.002


def test_unigram_model_scores_the_unconditional_entropy():
    text, rate = markov(20_000, 1)
    frequencies = np.bincount(text) / len(text)
    entropy = -(frequencies * np.log(frequencies)).sum()
    assert ngram_surprisal(text[:15_000], text[15_000:], 3, [1])[1].mean() == pytest.approx(entropy, abs=0.03)
    assert entropy > rate + 0.2


def surprisal_by_counting(training: list[int], held_out: list[int], size: int, order: int) -> np.ndarray:
    """Compute Witten and Bell's surprisal with a dictionary of counts for every context."""
    follow: dict[tuple[int, ...], Counter[int]] = {}
    for place, character in enumerate(training):
        for length in range(min(order, place + 1)):
            follow.setdefault(tuple(training[place - length : place]), Counter())[character] += 1
    whole, nats = training + held_out, []
    for place in range(len(training), len(whole)):
        probability = 1 / size
        for length in range(min(order, len(training))):
            if after := follow.get(tuple(whole[place - length : place])):
                probability = (after[whole[place]] + len(after) * probability) / (after.total() + len(after))
        nats.append(-log(probability))
    return np.array(nats)


@pytest.mark.parametrize("renumbered", ["when codes overflow", "at every length"])
@pytest.mark.parametrize("size", [2, 65, 256, 300, 7_000, 65_536, 1_114_112])
def test_every_order_is_exact_for_every_vocabulary_size(monkeypatch, size, renumbered):
    if renumbered == "at every length":
        monkeypatch.setattr("charlstm.evaluation.baselines._LARGEST_CODE", size**2)
    random = np.random.default_rng(size)
    phrases = [random.integers(0, size, 12) for _ in range(20)]
    ids = np.concatenate([phrases[k] for k in random.integers(0, 20, 250)])  # repeats contexts of every length
    ids[random.random(len(ids)) < 0.1] = size - 1
    ids = ids.astype(id_dtype(size))
    found = ngram_surprisal(ids[:2_500], ids[2_500:], size, range(1, 12))
    for order in (1, 2, 3, 4, 5, 6, 11):
        expected = surprisal_by_counting(ids[:2_500].tolist(), ids[2_500:].tolist(), size, order)
        np.testing.assert_allclose(found[order], expected, rtol=1e-12)


@pytest.mark.parametrize("codes", [[0], [5, 7, 5], [2**62, 5, 2**62 + 1, 7, 5], [2**60] * 9], ids=str)
def test_renumbering_keeps_the_order_of_codes(codes):
    number, different = _renumber(np.array(codes))
    assert number.tolist() == [sorted(set(codes)).index(code) for code in codes]
    assert different == len(set(codes))


@pytest.mark.parametrize("training", [1, 2, 4])
def test_training_text_shorter_than_the_order(training):
    ids = np.array([3, 1, 3, 1, 1, 3, 0, 2, 2, 3])
    found = ngram_surprisal(ids[:training], ids[training:], 4, [5])[5]
    np.testing.assert_allclose(found, surprisal_by_counting(ids[:training].tolist(), ids[training:].tolist(), 4, 5))


def test_5_gram_of_a_large_vocabulary_uses_four_characters():
    random = np.random.default_rng(0)
    ids = random.integers(0, 7_000, 4_000)
    ids[4::5] = (ids[0::5] + ids[1::5] + ids[2::5] + ids[3::5]) % 7_000  # determined by the four before
    text = np.concatenate([ids, ids])
    exact = ngram_surprisal(text[:4_000], text[4_000:], 7_000, [4, 5])
    assert exact[5][4::5].mean() < exact[4][4::5].mean()


@pytest.mark.parametrize(
    ("name", "share"), [("lzma", 0.4), ("bz2", 0.9)]
)  # bz2 sorts blocks and profits from a copy only in part
def test_compressor_gains_from_a_copy_but_not_from_noise(name, share):
    letters = np.random.default_rng(0).integers(0, 16, 40_000)
    noise = "".join(chr(97 + letter) for letter in letters)
    assert compressed_nats(noise[:20_000], noise[:5_000], COMPRESSORS[name]) < share * log(16)
    assert compressed_nats(noise[:20_000], noise[20_000:], COMPRESSORS[name]) == pytest.approx(log(16), rel=0.1)


def test_compressed_nats_are_never_negative():
    """bz2 makes some repetitive texts smaller when they get longer."""
    part = "the quick brown fox jumps over the lazy dog "
    assert min(compressed_nats(part * 360, part * more, COMPRESSORS["bz2"]) for more in range(1, 60)) == 0


def test_compressed_nats_are_the_added_bytes():
    first, second = "to be or not to be " * 50, "that is the question " * 20
    extra = len(bz2.compress((first + second).encode())) - len(bz2.compress(first.encode()))
    assert compressed_nats(first, second, COMPRESSORS["bz2"]) == pytest.approx(extra * 8 * log(2) / len(second))


@pytest.mark.parametrize("filler", [0, 400_000, 840_000, 899_000, 1_300_000])
def test_bz2_score_is_independent_of_block_boundaries(filler):
    random = np.random.default_rng(0)
    words = ["".join(map(chr, random.integers(97, 123, 7))) for _ in range(300)]
    text = " ".join(random.choice(words, 60_000))
    before = "x" * filler + text[:440_000]
    assert compressed_nats(before, text[440_000:460_000], COMPRESSORS["bz2"]) == pytest.approx(
        compressed_nats(text[:440_000], text[440_000:460_000], COMPRESSORS["bz2"]), rel=0.15
    )


def test_baselines_train_on_one_part_and_score_the_other():
    text, rate = markov(6_000, 2)
    vocabulary = Vocabulary("abc")
    found = baselines(text[:5_000], text[5_000:], vocabulary)
    assert list(found) == ["unigram", "bigram", "5-gram", "lzma", "bz2"]
    assert found["bigram"] == pytest.approx(ngram_surprisal(text[:5_000], text[5_000:], 3, [2])[2][1:].mean())
    before, after = vocabulary.decode(text[:5_000]), vocabulary.decode(text[5_000:])
    assert found["bz2"] == pytest.approx(compressed_nats(before, after, COMPRESSORS["bz2"]))
    assert rate * 0.9 < min(found.values())


def test_short_held_out_text_is_not_compressed():
    text, _ = markov(3_000, 2)
    assert list(baselines(text[:2_000], text[2_000 : 2_000 + MIN_COMPRESSED - 1], Vocabulary("abc"))) == [
        "unigram",
        "bigram",
        "5-gram",
    ]


def test_only_the_end_of_a_long_training_text_is_used(monkeypatch):
    monkeypatch.setattr("charlstm.evaluation.baselines.MAX_LEARNED", 100)
    text = np.array([0, 1] * 2_000 + [1] * 100, np.uint8)
    assert MAX_LEARNED > 100
    assert baselines(text, text[-20:], Vocabulary("ab"))["unigram"] < 0.02


@pytest.mark.parametrize(("training", "held_out"), [(100_000, 300_000), (400_000, 300_000), (400_000, 10_000)])
def test_memory_estimate_is_between_peak_and_twice_the_peak(monkeypatch, training, held_out):
    monkeypatch.setattr("charlstm.evaluation.baselines.COMPRESSORS", {})
    text = np.random.default_rng(0).integers(0, 60, training + held_out).astype(np.uint8)
    vocabulary = Vocabulary("".join(map(chr, range(40, 100))))
    tracemalloc.start()
    try:
        baselines(text[:training], text[training:], vocabulary)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    estimate = baselines_bytes(training, held_out) - baselines_bytes(0, 0)
    assert peak <= estimate <= 2 * peak


def test_rare_characters_cost_ngrams_placeholder_and_name():
    text, _ = markov(6_000, 2)
    vocabulary = Vocabulary("ab", RareCharacters("c", (2_000,)))
    training, held_out = text[:5_000], np.where(np.arange(1_000) % 100 == 50, 3 + ord("渡"), text[5_000:].astype(int))
    found = baselines(training, held_out, vocabulary)
    nats = ngram_surprisal(training, np.minimum(held_out, 2), 3, [2])[2] + vocabulary.naming_nats(held_out)
    assert found["bigram"] == pytest.approx(nats[1:].mean())
    decoded = vocabulary.decode(held_out)
    assert decoded.count("渡") == 10
    assert found["bz2"] == pytest.approx(compressed_nats(vocabulary.decode(training), decoded, COMPRESSORS["bz2"]))
