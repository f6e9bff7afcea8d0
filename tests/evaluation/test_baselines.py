"""References on texts whose scores are known otherwise."""

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
    np.testing.assert_allclose(ngram_surprisal(*ids, len(alphabet), [order])[order], expected)


@pytest.mark.parametrize("order", [2, 3])
def test_a_markov_chain_scores_its_entropy_rate(order):
    text, rate = markov(60_000, 0)
    nats = ngram_surprisal(text[:50_000], text[50_000:], 3, [order])[order]
    assert abs(nats.mean() - rate) < 3 * nats.std() / 100 + 0.002


def test_a_unigram_model_does_not_see_the_chain():
    text, rate = markov(20_000, 1)
    frequencies = np.bincount(text) / len(text)
    entropy = -(frequencies * np.log(frequencies)).sum()
    assert ngram_surprisal(text[:15_000], text[15_000:], 3, [1])[1].mean() == pytest.approx(entropy, abs=0.03)
    assert entropy > rate + 0.2


def counted(learnt: list[int], held_out: list[int], size: int, order: int) -> np.ndarray:
    """Witten and Bell's surprise, with the counts of every context in a dictionary."""
    follow: dict[tuple[int, ...], Counter[int]] = {}
    for place, character in enumerate(learnt):
        for length in range(min(order, place + 1)):
            follow.setdefault(tuple(learnt[place - length : place]), Counter())[character] += 1
    whole, nats = learnt + held_out, []
    for place in range(len(learnt), len(whole)):
        probability = 1 / size
        for length in range(min(order, len(learnt))):
            if after := follow.get(tuple(whole[place - length : place])):
                probability = (after[whole[place]] + len(after) * probability) / (after.total() + len(after))
        nats.append(-log(probability))
    return np.array(nats)


@pytest.mark.parametrize("anew", ["where it must be", "at every length"])
@pytest.mark.parametrize("size", [2, 65, 256, 300, 7_000, 65_536, 1_114_112])
def test_every_order_is_exact_for_every_alphabet(monkeypatch, size, anew):
    if anew == "at every length":
        monkeypatch.setattr("charlstm.evaluation.baselines._LARGEST_CODE", size**2)
    random = np.random.default_rng(size)
    phrases = [random.integers(0, size, 12) for _ in range(20)]
    ids = np.concatenate([phrases[k] for k in random.integers(0, 20, 250)])  # the same contexts of any length again and again
    ids[random.random(len(ids)) < 0.1] = size - 1
    ids = ids.astype(id_dtype(size))
    found = ngram_surprisal(ids[:2_500], ids[2_500:], size, range(1, 12))
    for order in (1, 2, 3, 4, 5, 6, 11):
        expected = counted(ids[:2_500].tolist(), ids[2_500:].tolist(), size, order)
        np.testing.assert_allclose(found[order], expected, rtol=1e-12)


@pytest.mark.parametrize("codes", [[0], [5, 7, 5], [2**62, 5, 2**62 + 1, 7, 5], [2**60] * 9], ids=str)
def test_codes_of_any_size_are_numbered_in_their_order(codes):
    number, different = _renumber(np.array(codes))
    assert number.tolist() == [sorted(set(codes)).index(code) for code in codes]
    assert different == len(set(codes))


@pytest.mark.parametrize("learnt", [1, 2, 4])
def test_a_text_shorter_than_the_order_has_the_contexts_that_it_has(learnt):
    ids = np.array([3, 1, 3, 1, 1, 3, 0, 2, 2, 3])
    found = ngram_surprisal(ids[:learnt], ids[learnt:], 4, [5])[5]
    np.testing.assert_allclose(found, counted(ids[:learnt].tolist(), ids[learnt:].tolist(), 4, 5))


def test_the_5_gram_of_a_large_alphabet_sees_four_characters_back():
    random = np.random.default_rng(0)
    ids = random.integers(0, 7_000, 4_000)
    ids[4::5] = (ids[0::5] + ids[1::5] + ids[2::5] + ids[3::5]) % 7_000  # known from the four before
    text = np.concatenate([ids, ids])
    exact = ngram_surprisal(text[:4_000], text[4_000:], 7_000, [4, 5])
    assert exact[5][4::5].mean() < exact[4][4::5].mean()


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
    found = baselines(text[:5_000], text[5_000:], vocabulary)
    assert list(found) == ["unigram", "bigram", "5-gram", "lzma", "bz2"]
    assert found["bigram"] == pytest.approx(ngram_surprisal(text[:5_000], text[5_000:], 3, [2])[2][1:].mean())
    before, after = vocabulary.decode(text[:5_000]), vocabulary.decode(text[5_000:])
    assert found["bz2"] == pytest.approx(compressed_nats(before, after, COMPRESSORS["bz2"]))
    assert rate * 0.9 < min(found.values())


def test_short_texts_are_not_compressed():
    text, _ = markov(3_000, 2)
    assert list(baselines(text[:2_000], text[2_000 : 2_000 + MIN_COMPRESSED - 1], Vocabulary("abc"))) == [
        "unigram",
        "bigram",
        "5-gram",
    ]


def test_of_a_long_text_only_the_end_is_learnt(monkeypatch):
    monkeypatch.setattr("charlstm.evaluation.baselines.MAX_LEARNED", 100)
    text = np.array([0, 1] * 2_000 + [1] * 100, np.uint8)
    assert MAX_LEARNED > 100
    assert baselines(text, text[-20:], Vocabulary("ab"))["unigram"] < 0.02


@pytest.mark.parametrize(("learnt", "held_out"), [(100_000, 300_000), (400_000, 300_000), (400_000, 10_000)])
def test_memory_is_estimated(monkeypatch, learnt, held_out):
    monkeypatch.setattr("charlstm.evaluation.baselines.COMPRESSORS", {})
    text = np.random.default_rng(0).integers(0, 60, learnt + held_out).astype(np.uint8)
    vocabulary = Vocabulary("".join(map(chr, range(40, 100))))
    tracemalloc.start()
    try:
        baselines(text[:learnt], text[learnt:], vocabulary)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    estimate = baselines_bytes(learnt, held_out) - baselines_bytes(0, 0)
    assert peak <= estimate <= 2 * peak


def test_rare_characters_cost_n_grams_the_placeholder_and_the_name_and_compressors_what_they_are():
    text, _ = markov(6_000, 2)
    vocabulary = Vocabulary("ab", RareCharacters("c", (2_000,)))
    learnt, held_out = text[:5_000], np.where(np.arange(1_000) % 100 == 50, 3 + ord("渡"), text[5_000:].astype(int))
    found = baselines(learnt, held_out, vocabulary)
    nats = ngram_surprisal(learnt, np.minimum(held_out, 2), 3, [2])[2] + vocabulary.naming_nats(held_out)
    assert found["bigram"] == pytest.approx(nats[1:].mean())
    decoded = vocabulary.decode(held_out)
    assert decoded.count("渡") == 10
    assert found["bz2"] == pytest.approx(compressed_nats(vocabulary.decode(learnt), decoded, COMPRESSORS["bz2"]))
