"""Vocabulary: the characters that a model knows, and their ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlstm.errors import UnknownCharacterError

Ids = NDArray[Any]
"""Character ids: unsigned integers of 1, 2 or 4 bytes, the smallest type that holds V ids."""

UNICODE = 0x110000
"""Number of code points in Unicode."""


def id_dtype(vocabulary_size: int) -> np.dtype[Any]:
    """Return the smallest unsigned integer type that holds the ids ``0 ... V-1``.

    >>> id_dtype(256), id_dtype(257)
    (dtype('uint8'), dtype('uint16'))
    """
    return np.min_scalar_type(vocabulary_size - 1)


def code_points(text: str) -> NDArray[np.uint32]:
    """Return the code points of a text: ``[N]``. Lone surrogates are allowed."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


@dataclass(frozen=True)
class RareCharacters:
    """The characters of a training text that are too rare to learn and share a placeholder.

    Attributes:
        characters: R distinct characters in ascending order, none of them learned.
        counts: Number of occurrences of each in the text that the weights were trained on.
    """

    characters: str
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Vocabulary:
    """The sorted set of characters that a model learns; the id of a character is its index.

    With rare characters the model has one more id, the placeholder K = ``len(vocabulary)``. The ids of a text still identify
    its characters: :meth:`encode_any` gives K + r to the rare character of index r, and K + R + code point to any other
    character. The network reads and predicts ``min(id, K)``: see :func:`charlstm.text.windows.model_ids`.

    >>> vocabulary = Vocabulary.of("banana")
    >>> vocabulary.characters, vocabulary.encode("nab").tolist(), vocabulary.decode([1, 0])
    ('abn', [2, 0, 1], 'ba')

    Attributes:
        characters: The K learned characters.
        rare: The characters that share the placeholder; None for a model without a placeholder.
    """

    characters: str
    rare: RareCharacters | None = None

    @classmethod
    def of(cls, text: str) -> "Vocabulary":
        """Return the vocabulary of a text."""
        return cls("".join(sorted(set(text))))

    def __len__(self) -> int:
        """Return K, the number of characters that the model can write."""
        return len(self.characters)

    @property
    def model_size(self) -> int:
        """V, the size of the network's input and output: K, plus 1 for a placeholder.

        >>> Vocabulary("abn").model_size, Vocabulary("abn", RareCharacters("é", (1,))).model_size
        (3, 4)
        """
        return len(self) + (self.rare is not None)

    @cached_property
    def codes(self) -> NDArray[np.uint32]:
        """The code points in the order of their ids: ``[V]``, strictly increasing."""
        return code_points(self.characters)

    @cached_property
    def _listed(self) -> NDArray[np.uint32]:
        """The code points of the learned characters, then of the rare ones: ``[K + R]``."""
        return code_points(self.characters + (self.rare.characters if self.rare else ""))

    def unknown(self, text: str) -> str:
        """Return the characters of ``text`` that are not in the vocabulary, each once, in order of appearance."""
        known = frozenset(self.characters)
        return "".join(character for character in dict.fromkeys(text) if character not in known)

    def encode(self, text: str) -> Ids:
        """Return the ids of a text: ``[N]``.

        Raises:
            UnknownCharacterError: If a character is not in the vocabulary.
        """
        codes = code_points(text)
        ids = np.minimum(np.searchsorted(self.codes, codes), len(self) - 1)
        if not np.array_equal(self.codes[ids], codes):
            learned = "was trained on" if self.rare is None else "learned"
            raise UnknownCharacterError(
                f"the model does not know {quoted(self.unknown(text))}; it {learned} "
                f"{len(self)} characters, {quoted(self.characters)}; leave the unknown ones out of the text, or choose "
                "`on_unknown='skip'` or `on_unknown='replace'`"
            )
        return ids.astype(id_dtype(len(self)))

    def encode_any(self, text: str) -> Ids:
        """Return the ids of a text: ``[N]``; a vocabulary with a placeholder accepts every character.

        Without a placeholder this is :meth:`encode`.

        >>> Vocabulary("ab", RareCharacters("é", (1,))).encode_any("abé").tolist()
        [0, 1, 2]

        Raises:
            UnknownCharacterError: If a character is not in a vocabulary without a placeholder.
        """
        if self.rare is None:
            return self.encode(text)
        codes = code_points(text)
        ids = codes + np.uint32(len(self) + len(self.rare.characters))
        for first, known in ((0, self.codes), (len(self), self._listed[len(self) :])):
            if len(known):
                index = np.minimum(np.searchsorted(known, codes), len(known) - 1)
                found = known[index] == codes
                ids[found] = first + index[found]
        return ids

    def decode(self, ids: Any) -> str:
        """Return the text of ids; the inverse of :meth:`encode` and :meth:`encode_any`."""
        text: str = self.code_points_of(np.asarray(ids, np.intp)).tobytes().decode("utf-32-le", "surrogatepass")
        return text

    def code_points_of(self, ids: Ids) -> NDArray[np.uint32]:
        """Return the code points of ids: ``[N]``."""
        listed = self._listed
        if self.rare is None:
            return listed.take(ids)
        ids = ids.astype(np.intp)
        codes = listed[np.minimum(ids, len(listed) - 1)]
        return np.where(ids < len(listed), codes, ids - len(listed)).astype("<u4")

    def naming_nats(self, ids: Ids) -> NDArray[np.float64]:
        """Return the surprisal of each character given that it is the placeholder: nats ``[N]``, 0 for a learned character.

        Of the n occurrences of k rare characters in training, n_c were of the character c::

            p(c | placeholder) = (n_c + k / U) / (n + k)

        U is the number of code points that are not learned. Their probabilities add up to 1, so the total surprisal is the
        length of an exact code for the text. Scores are therefore comparable between cut-offs and with compressors.

        Args:
            ids: Ids from :meth:`encode_any`: ``[N]``.

        >>> Vocabulary("ab", RareCharacters("é", (1,))).naming_nats(np.array([0, 1, 2])).round(2).tolist()
        [0.0, 0.0, 0.69]
        """
        if self.rare is None:
            return np.broadcast_to(0.0, len(ids))  # needs no memory
        nats, places = np.zeros(len(ids)), np.flatnonzero(ids >= len(self))
        kinds = max(1, len(self.rare.counts))  # fine-tuning may have learned all rare characters of the base
        counts = np.array((*self.rare.counts, 0), np.float64)
        count = counts[np.minimum(ids[places].astype(np.int64) - len(self), len(counts) - 1)]
        nats[places] = np.log(counts.sum() + kinds) - np.log(count + kinds / (UNICODE - len(self)))
        return nats


def quoted(characters: Sequence[str], limit: int = 40) -> str:
    """Return the first ``limit`` characters, quoted for a sentence, and the number of further ones."""
    shown = " ".join(repr(character) for character in characters[:limit])
    return shown + (f" and {len(characters) - limit} more" if len(characters) > limit else "")
