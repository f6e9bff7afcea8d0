"""The characters that a model knows, and their ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from charlstm.errors import UnknownCharacterError

Ids = NDArray[Any]
"""Character ids: unsigned integers of 1, 2 or 4 bytes, whichever is the least that holds V ids."""

OnUnknown = Literal["error", "skip", "replace"]


def id_dtype(vocabulary_size: int) -> np.dtype[Any]:
    """The smallest unsigned integer that holds the ids ``0 ... V-1``.

    >>> id_dtype(256), id_dtype(257)
    (dtype('uint8'), dtype('uint16'))
    """
    return np.min_scalar_type(vocabulary_size - 1)


def code_points(text: str) -> NDArray[np.uint32]:
    """The code points of a text, one number a character: ``[N]``. Lone surrogates pass."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


@dataclass(frozen=True)
class Vocabulary:
    """The sorted set of a corpus's code points; the id of a character is its place in it.

    >>> vocabulary = Vocabulary.of("banana")
    >>> vocabulary.characters, vocabulary.encode("nab").tolist(), vocabulary.decode([1, 0])
    ('abn', [2, 0, 1], 'ba')
    """

    characters: str

    @classmethod
    def of(cls, text: str) -> "Vocabulary":
        """The vocabulary of a text."""
        return cls("".join(sorted(set(text))))

    def __len__(self) -> int:
        """V, the number of characters."""
        return len(self.characters)

    @cached_property
    def codes(self) -> NDArray[np.uint32]:
        """The code points in the order of their ids: ``[V]``, strictly increasing."""
        return code_points(self.characters)

    def unknown(self, text: str) -> str:
        """Return the characters of ``text`` that are not in the vocabulary, each once, in order of appearance."""
        known = frozenset(self.characters)
        return "".join(character for character in dict.fromkeys(text) if character not in known)

    def encode(self, text: str) -> Ids:
        """The ids of a text: ``[N]``.

        Raises:
            UnknownCharacterError: If a character is not in the vocabulary.
        """
        codes = code_points(text)
        ids = np.minimum(np.searchsorted(self.codes, codes), len(self) - 1)
        if not np.array_equal(self.codes[ids], codes):
            raise UnknownCharacterError(
                f"the model does not know {quoted(self.unknown(text))}; it was trained on "
                f"{len(self)} characters, {quoted(self.characters)}; leave the unknown ones out of the text, or choose "
                "`--on-unknown skip` or `--on-unknown replace`"
            )
        return ids.astype(id_dtype(len(self)))

    def decode(self, ids: Any) -> str:
        """The text of some ids; the inverse of :meth:`encode`."""
        text: str = self.codes[np.asarray(ids, np.intp)].tobytes().decode("utf-32-le", "surrogatepass")
        return text


def quoted(characters: Sequence[str], limit: int = 40) -> str:
    """Return characters as they can be read in a sentence, the first ``limit`` of them."""
    shown = " ".join(repr(character) for character in characters[:limit])
    return shown + (f" and {len(characters) - limit} more" if len(characters) > limit else "")
