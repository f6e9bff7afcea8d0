"""Tests of novelty against plain string search and planted copies."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.evaluation import novelty as novelty_module
from charlstm.evaluation.novelty import Copy, novelty
from charlstm.text.vocabulary import Vocabulary


def ids(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), np.uint8)


def searched(text: str, corpus: str) -> tuple[list[float], int]:
    """Return the fractions and the longest copy by searching for every substring."""
    shares = []
    for length in range(1, len(text) + 1):
        grams = [text[start : start + length] for start in range(len(text) - length + 1)]
        shares.append(sum(gram not in corpus for gram in grams) / len(grams))
        if shares[-1] == 1:
            break
    return shares, max((length for length, share in enumerate(shares, 1) if share < 1), default=0)


@given(text=st.text("abc", max_size=40), corpus=st.text("abcd", max_size=60), block=st.sampled_from([1, 7, 1 << 18]))
def test_result_matches_string_search(text, corpus, block):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(novelty_module, "_BLOCK", block)
        found = novelty(ids(text), ids(corpus))
    shares, longest = searched(text, corpus)
    assert list(found.new) == pytest.approx(shares)
    if found.longest is None:
        assert longest == 0
    else:
        start, place, length = found.longest.start, found.longest.place, found.longest.length
        assert length == longest
        assert text[start : start + length] == corpus[place : place + length]
        assert corpus.find(text[start : start + length]) == place


@given(
    pieces=st.lists(st.text("ab", min_size=1, max_size=9), max_size=8),
    corpus=st.text("ab", max_size=80),
    deepest=st.sampled_from([1, 2, 3, 5]),
    block=st.sampled_from([3, 1 << 18]),
)
def test_passages_longer_than_the_trie_is_deep(pieces, corpus, deepest, block):
    text = "".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(novelty_module, "DEEPEST", deepest)
        patch.setattr(novelty_module, "_BLOCK", block)
        found = novelty(ids(text), ids(corpus))
    shares, longest = searched(text, corpus)
    assert list(found.new) == pytest.approx(shares[:deepest])
    assert (found.longest.length if found.longest else 0) == longest


@pytest.mark.parametrize("tabled", [0, 8])  # binary search and table lookup
def test_planted_copy_is_found_at_its_position(monkeypatch, tabled):
    monkeypatch.setattr(novelty_module, "_TABLED", tabled)
    random = np.random.default_rng(0)
    corpus = random.integers(0, 60, 600_000).astype(np.uint8)
    text = random.integers(0, 60, 1_500).astype(np.uint8)
    text[700:760] = corpus[345_678 : 345_678 + 60]
    found = novelty(text, corpus)
    # A neighbouring character may agree by chance.
    assert found.longest is not None
    assert found.longest.length - 60 in (0, 1, 2)
    assert found.longest.place - found.longest.start == 345_678 - 700
    assert found.new[29] == pytest.approx(1 - (found.longest.length - 29) / (1_500 - 29))


def test_long_copy_is_followed_to_its_end():
    random = np.random.default_rng(1)
    corpus = random.integers(0, 60, 20_000).astype(np.uint8)
    text = np.concatenate([random.integers(0, 60, 100).astype(np.uint8), corpus[:5_000]])
    found = novelty(text, corpus)
    assert found.longest == Copy(100, 0, 5_000) or found.longest == Copy(99, 0, 5_001)
    assert len(found.new) == novelty_module.DEEPEST


def test_repetitive_text_needs_few_direct_comparisons():
    followed, ordinary = [], novelty_module._passages

    def counted(*arguments):
        for copy in ordinary(*arguments):
            followed.append(copy)
            yield copy

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(novelty_module, "_passages", counted)
        found = novelty(np.zeros(3_000, np.uint8), np.zeros(20_000, np.uint8))
    assert found.longest == Copy(0, 0, 3_000)
    assert len(followed) < 10


def test_large_vocabulary_and_characters_missing_in_the_corpus():
    corpus = Vocabulary.of("".join(map(chr, range(0x4E00, 0x4E00 + 8_000))))
    whole = corpus.encode(corpus.characters)
    text = np.concatenate([whole[7_000:7_030], whole[10:5:-1]])
    found = novelty(text, whole)
    assert found.longest == Copy(0, 7_000, 30)
    assert novelty(text, whole[:5]).longest is None


def test_empty_text_and_empty_corpus():
    assert novelty(ids(""), ids("abc")) == novelty_module.Novelty((), None)
    assert novelty(ids("abc"), ids("")) == novelty_module.Novelty((1.0,), None)
