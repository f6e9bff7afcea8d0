"""Baselines for a score: n-gram models and the compressors of Python's standard library.

Each learns from the training part of a text and is scored on the held-out part, in nats per character.
"""

import bz2
import lzma
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charlstm.text.vocabulary import Ids, Vocabulary
from charlstm.text.windows import model_ids

MAX_LEARNED = 4_000_000
"""Characters at the end of the training part from which baselines learn. The limit exists because compressors are slow."""

MIN_COMPRESSED = 1_000
"""Characters of the shortest held-out part that is compressed. In a shorter one the headers dominate the size."""

_LARGEST_CODE = 2**63
_TABLES = 300_000_000  # bytes of the substring tables and of LZMA


def baselines(training: Ids, held_out: Ids, vocabulary: Vocabulary) -> dict[str, float]:
    """Return the score of each baseline, in nats per character.

    Args:
        training: Ids of the training part: ``[N]``, at least one character.
        held_out: Ids of the held-out part: ``[n]``, at least two. Compressors are left out if it is shorter than
            :data:`MIN_COMPRESSED`.
        vocabulary: The vocabulary of both. The n-gram models see one placeholder for all its rare characters, as the network
            does. Compressors see the text itself.

    Returns:
        Nats per character by the name of the baseline.
    """
    training, size = training[-MAX_LEARNED:], vocabulary.model_size
    # Scored like the network: the first character does not count, and a rare one costs the placeholder and its name.
    nats = ngram_surprisal(model_ids(training, size), model_ids(held_out, size), size, NGRAMS.values())
    naming = float(vocabulary.naming_nats(held_out)[1:].mean())
    found = {name: float(nats[order][1:].mean()) + naming for name, order in NGRAMS.items()}
    if len(held_out) < MIN_COMPRESSED:
        return found
    texts = vocabulary.decode(training), vocabulary.decode(held_out)
    return found | {name: compressed_nats(*texts, compressor) for name, compressor in COMPRESSORS.items()}


def baselines_bytes(training: int, held_out: int) -> int:
    """Return the memory in bytes that :func:`baselines` and the search for copied passages take.

    Args:
        training: Number N of training characters.
        held_out: Number n of held-out characters.
    """
    return _TABLES + 120 * min(training, MAX_LEARNED) + 130 * held_out


def ngram_surprisal(
    training: Ids, held_out: Ids, vocabulary_size: int, orders: Collection[int]
) -> dict[int, NDArray[np.float64]]:
    """Return the surprisal of n-gram models, interpolated by Witten and Bell's method (1991).

    A context h occurs N(h) times and is followed by T(h) different characters. Then::

        p(c | h) = (N(h, c) + T(h) p(c | h without its first character)) / (N(h) + T(h))

    and without a context every character is equally likely. The held-out part continues the training part, so its first
    character has a context too.

    Every substring is encoded as an integer whose digits in base V are its characters. When these codes would overflow, the
    distinct ones are renumbered from 0 in the same order. The result is therefore exact for any vocabulary and order.

    Args:
        training: Ids of the training part: ``[N]``.
        held_out: Ids of the held-out part: ``[n]``.
        vocabulary_size: Size V of the vocabulary.
        orders: Lengths of the n-grams, each at least 1; order 1 is a unigram model.

    Returns:
        Nats of every held-out character by order: ``[n]`` each.
    """
    text = np.concatenate([training, held_out]).astype(np.int64)
    places = len(training) + np.arange(len(held_out))
    probability = np.full(len(held_out), 1 / vocabulary_size)
    codes, bound = np.zeros(len(text), np.int64), 1  # code of the substring at each place, below the bound
    nats: dict[int, NDArray[np.float64]] = {}
    for length in range(max(orders)):
        if length < len(training):
            if bound * vocabulary_size * len(text) >= _LARGEST_CODE:  # a code and a place must fit one integer
                codes, bound = _renumber(codes)
            codes, bound = codes[: len(text) - length] * vocabulary_size + text[length:], bound * vocabulary_size
            seen, counts = np.unique(codes[: len(training) - length], return_counts=True)
            before = seen // vocabulary_size  # the contexts, sorted because the codes are
            contexts, first, kinds = np.unique(before, return_index=True, return_counts=True)
            totals = np.add.reduceat(counts, first)
            ngram = codes[places - length]
            own = _look_up(seen, counts, ngram)
            context = ngram // vocabulary_size
            total, kind = _look_up(contexts, totals, context), _look_up(contexts, kinds, context)
            known = total > 0
            probability[known] = (own + kind * probability)[known] / (total + kind)[known]
        if length + 1 in orders:
            nats[length + 1] = -np.log(probability)
    return nats


@dataclass(frozen=True)
class Compressor:
    """A compression algorithm.

    Attributes:
        compress: The function that compresses bytes.
        remembers: Bytes of its window, or of its blocks.
    """

    compress: Callable[[bytes], bytes]
    remembers: int


def compressed_nats(training: str, held_out: str, compressor: Compressor) -> float:
    """Return the nats per character that a compressor needs for a text after it has read another one.

    The compressor reads the end of the training part: as much as is still in its window at the end of the held-out text, and
    at least half a window.

    Args:
        training: The training part.
        held_out: The text that continues it.
        compressor: One of :data:`COMPRESSORS`.
    """
    text = held_out.encode()
    primer = training.encode()[-max(compressor.remembers - len(text), compressor.remembers // 2) :]
    before, both = len(compressor.compress(primer)), len(compressor.compress(primer + text))
    added = max(0, both - before)  # a repetitive text can make the whole smaller than its beginning
    return added * 8 * float(np.log(2)) / len(held_out)


def lzma_compress(text: bytes) -> bytes:
    """Compress with LZMA at its strongest preset, whose window is 64 MiB."""
    return lzma.compress(text, preset=9 | lzma.PRESET_EXTREME)


COMPRESSORS = {"lzma": Compressor(lzma_compress, 64 << 20), "bz2": Compressor(bz2.compress, 900_000)}
"""The compressors of Python's standard library. bz2 compresses every block by itself."""

NGRAMS = {"unigram": 1, "bigram": 2, "5-gram": 5}
"""Orders of the n-gram models. Orders above five gain nothing on a text of a megabyte."""


def _renumber(codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Renumber the distinct codes from 0 in ascending order; return the new codes, ``[N]``, and the count of distinct ones."""
    bits = len(codes).bit_length()
    if int(codes.max()).bit_length() + bits > 63:
        different, number = np.unique(codes, return_inverse=True)
        return number, len(different)
    # Sorting each code with its place in one integer is several times as fast as np.unique.
    both = np.sort(codes << bits | np.arange(len(codes)))
    ascending = both >> bits
    number = np.empty_like(codes)
    number[both & ((1 << bits) - 1)] = np.cumsum(np.concatenate([[0], ascending[1:] != ascending[:-1]]))
    return number, int(number[both[-1] & ((1 << bits) - 1)]) + 1


def _look_up(keys: NDArray[np.int64], values: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the value of every wanted key, 0 where it is absent. The keys are sorted."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], 0)
