"""What simple models and Python's own compressors make of the same split, so that a score means something.

Each learns from the training part and is scored on the held-out part, in nats per character.
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
"""Characters, the last of the training part, beyond which references learn nothing: compressors are slow."""

MIN_COMPRESSED = 1_000
"""Characters below which a compressor's price is that of its headers."""

_LARGEST_CODE = 2**63
_TABLES = 300_000_000  # of substrings, and of LZMA


def baselines(learnt: Ids, held_out: Ids, vocabulary: Vocabulary) -> dict[str, float]:
    """What each of them scores, in nats per character.

    Args:
        learnt: The training part: ``[N]``, at least one character.
        held_out: ``[n]``, at least two. Compressors are left out if it is shorter than :data:`MIN_COMPRESSED`.
        vocabulary: Of both. Its rare characters are one for the n-grams, as for the model; compressors see the text itself.
    """
    learnt, size = learnt[-MAX_LEARNED:], vocabulary.model_size
    # As for the networks, the first character does not count, and a rare one costs the placeholder and its name.
    nats = ngram_surprisal(model_ids(learnt, size), model_ids(held_out, size), size, NGRAMS.values())
    naming = float(vocabulary.naming_nats(held_out)[1:].mean())
    found = {name: float(nats[order][1:].mean()) + naming for name, order in NGRAMS.items()}
    if len(held_out) < MIN_COMPRESSED:
        return found
    texts = vocabulary.decode(learnt), vocabulary.decode(held_out)
    return found | {name: compressed_nats(*texts, compressor) for name, compressor in COMPRESSORS.items()}


def baselines_bytes(learnt: int, held_out: int) -> int:
    """Return the bytes that :func:`baselines`, and looking for copied passages, take.

    Args:
        learnt: N.
        held_out: n.
    """
    return _TABLES + 120 * min(learnt, MAX_LEARNED) + 130 * held_out


def ngram_surprisal(
    learnt: Ids, held_out: Ids, vocabulary_size: int, orders: Collection[int]
) -> dict[int, NDArray[np.float64]]:
    """Return the surprise of n-gram models, interpolated by Witten and Bell's method (1991).

    With a context h that was followed by T(h) different characters in the N(h) times that it was seen::

        p(c | h) = (N(h, c) + T(h) p(c | h without its first character)) / (N(h) + T(h))

    and at the bottom every character is as likely as any other. The held-out part goes on where the learnt part ends, so its
    first character has a context too.

    A substring is counted as a number, its characters being the digits in base V. Where these numbers become too large, the
    different ones are numbered anew, in the same order, from 0: that is exact for any alphabet and order.

    Args:
        learnt: The training part: ``[N]``.
        held_out: ``[n]``.
        vocabulary_size: V.
        orders: Characters of an n-gram, each at least 1; 1 is a unigram model.

    Returns:
        Nats by order: ``[n]`` each.
    """
    text = np.concatenate([learnt, held_out]).astype(np.int64)
    places = len(learnt) + np.arange(len(held_out))
    probability = np.full(len(held_out), 1 / vocabulary_size)
    codes, bound = np.zeros(len(text), np.int64), 1  # of the substring that begins at each place, less than the bound
    nats: dict[int, NDArray[np.float64]] = {}
    for length in range(max(orders)):
        if length < len(learnt):
            if bound * vocabulary_size * len(text) >= _LARGEST_CODE:  # while a code and a place still fit one number
                codes, bound = _numbered(codes)
            codes, bound = codes[: len(text) - length] * vocabulary_size + text[length:], bound * vocabulary_size
            seen, counts = np.unique(codes[: len(learnt) - length], return_counts=True)
            before = seen // vocabulary_size  # its context: sorted as the codes are
            contexts, first, kinds = np.unique(before, return_index=True, return_counts=True)
            totals = np.add.reduceat(counts, first)
            gram = codes[places - length]
            own = _looked_up(seen, counts, gram)
            context = gram // vocabulary_size
            total, kind = _looked_up(contexts, totals, context), _looked_up(contexts, kinds, context)
            known = total > 0
            probability[known] = (own + kind * probability)[known] / (total + kind)[known]
        if length + 1 in orders:
            nats[length + 1] = -np.log(probability)
    return nats


@dataclass(frozen=True)
class Compressor:
    """A compressor.

    Attributes:
        compress: What it does.
        remembers: Bytes that it looks back, or after which it begins anew.
    """

    compress: Callable[[bytes], bytes]
    remembers: int


def compressed_nats(learnt: str, held_out: str, compressor: Compressor) -> float:
    """Nats per character that a compressor needs for a text after it has read another one.

    Of the other one it reads as much, from its end, as it can still remember at the end of the text; half of what it remembers
    at the least.

    Args:
        learnt: The training part.
        held_out: The text that goes on after it.
        compressor: One of :data:`COMPRESSORS`.
    """
    text = held_out.encode()
    primer = learnt.encode()[-max(compressor.remembers - len(text), compressor.remembers // 2) :]
    before, both = len(compressor.compress(primer)), len(compressor.compress(primer + text))
    return (both - before) * 8 * float(np.log(2)) / len(held_out)


def lzma_compress(text: bytes) -> bytes:
    """LZMA at its strongest, which remembers the last 64 MiB."""
    return lzma.compress(text, preset=9 | lzma.PRESET_EXTREME)


COMPRESSORS = {"lzma": Compressor(lzma_compress, 64 << 20), "bz2": Compressor(bz2.compress, 900_000)}
"""Python's own. bz2 begins anew after every block."""

NGRAMS = {"unigram": 1, "bigram": 2, "5-gram": 5}
"""The number of characters of each; longer ones than five learn nothing more from a text of a megabyte."""


def _numbered(codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Number the different codes in ascending order: the number of each code, ``[N]``, and how many there are."""
    bits = len(codes).bit_length()
    if int(codes.max()).bit_length() + bits > 63:
        different, number = np.unique(codes, return_inverse=True)
        return number, len(different)
    # Each code is sorted together with its place in one integer, which is several times as fast.
    both = np.sort(codes << bits | np.arange(len(codes)))
    ascending = both >> bits
    number = np.empty_like(codes)
    number[both & ((1 << bits) - 1)] = np.cumsum(np.concatenate([[0], ascending[1:] != ascending[:-1]]))
    return number, int(number[both[-1] & ((1 << bits) - 1)]) + 1


def _looked_up(keys: NDArray[np.int64], values: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """The value of every wanted key, 0 for those that are not there; the keys are sorted."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], 0)
