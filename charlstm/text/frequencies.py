"""Frequencies of characters."""

import numpy as np
from numpy.typing import NDArray

from charlstm.text.vocabulary import Ids, Vocabulary
from charlstm.text.windows import model_ids

PSEUDO_COUNT = 10
"""Occurrences added for every character. On 17,000 characters of Chinese with 1,530 distinct ones, a network whose softmax
biases start at frequencies with 10 added scores 0.04 nats better than with 1 added (mean of three random seeds)."""

_BLOCK = 1 << 22


def occurrences(ids: Ids, vocabulary_size: int) -> NDArray[np.int64]:
    """Return how often each of the network's V ids occurs: ``[V]``.

    >>> occurrences(np.array([0, 0, 1, 5]), 4).tolist()
    [2, 1, 0, 1]
    """
    counts = np.zeros(vocabulary_size, np.int64)
    for start in range(0, len(ids), _BLOCK):  # in blocks, since bincount copies the ids as 8-byte integers
        block = model_ids(ids[start : start + _BLOCK], vocabulary_size)
        counts += np.bincount(block, minlength=vocabulary_size)
    return counts


def occurring(ids: Ids, vocabulary: Vocabulary) -> int:
    """Return how many of a vocabulary's K characters occur in a text.

    >>> occurring(np.array([0, 0, 2]), Vocabulary("abcd"))
    2
    """
    return int(np.count_nonzero(occurrences(ids, vocabulary.model_size)[: len(vocabulary)]))


def log_frequencies(ids: Ids, vocabulary_size: int) -> NDArray[np.float32]:
    """Return ``log((n + a) / (N + a V))`` for each of the network's V ids, n of the N characters each: ``[V]``.

    The pseudo-count a (Lidstone's rule) smooths the frequencies of characters that occur a few times or never.

    >>> [round(float(each), 3) for each in np.exp(log_frequencies(np.array([0, 0, 1, 5]), 4))]
    [0.273, 0.25, 0.227, 0.25]
    """
    counts = occurrences(ids, vocabulary_size)
    result: NDArray[np.float32] = np.log((counts + PSEUDO_COUNT) / (len(ids) + PSEUDO_COUNT * vocabulary_size)).astype(
        np.float32
    )
    return result
