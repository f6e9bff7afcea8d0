"""Passages of the training set that a checkpoint keeps, as default seed texts."""

import numpy as np

from charlstm.text.corpus import Corpus
from charlstm.text.vocabulary import Ids

NUMBER = 8
LONGEST = 10_000


def seed_windows(corpus: Corpus, learned: int, seq_len: int) -> tuple[str, ...]:
    """Return up to ``NUMBER`` windows spread over the training set, as default seed texts.

    Each starts at the beginning of a line or word if one is near, and has learned characters only.
    """
    found, seq_len = [], min(seq_len, LONGEST)
    for start in np.linspace(0, max(0, learned - 2 * seq_len), NUMBER).astype(int):
        ids = _without_rare(corpus.ids[start : min(start + 16 * seq_len, learned)], len(corpus.vocabulary), 2 * seq_len)
        text = corpus.vocabulary.decode(ids)
        begin = next((text.index(mark) + 1 for mark in "\n " if mark in text[:seq_len]), 0) if start else 0
        found.append(text[begin : begin + seq_len])
    return tuple(dict.fromkeys(filter(None, found))) or (corpus.vocabulary.characters[:1],)


def _without_rare(ids: Ids, learned: int, length: int) -> Ids:
    """Return the first run of ``length`` ids of learned characters, or the longest run if all are shorter."""
    rare = np.flatnonzero(np.concatenate([[True], ids >= learned, [True]]))  # the text's ends count as rare
    lengths = np.diff(rare) - 1
    enough = np.flatnonzero(lengths >= length)
    run = enough[0] if len(enough) else lengths.argmax()
    return ids[rare[run] : rare[run] + min(length, lengths[run])]
