"""What of a text is new: the share of its substrings that the training text does not have, and the longest copied passage."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charlstm.text.vocabulary import Ids

DEEPEST = 256
"""The longest substrings whose shares are counted; passages are followed to their end."""

_BLOCK = 1 << 18  # places of the corpus that are followed at the same time
_TABLED = 8  # lengths up to which most places are still on their way
_TABLE = 1 << 22  # entries that a table may have


@dataclass(frozen=True)
class Copy:
    """A passage of a text that is in the corpus as well.

    Attributes:
        start: Where it begins in the text.
        place: Where it begins in the corpus, the first time.
        length: Its characters.
    """

    start: int
    place: int
    length: int


@dataclass(frozen=True)
class Novelty:
    """What of a text is not in a corpus.

    Attributes:
        new: For every length 1, 2, 3 … the share of the text's substrings of that length, each occurrence counted, that the
            corpus does not have, as far as that is less than 1 and once more, and at most to :data:`DEEPEST`.
        longest: The longest passage that is in the corpus as well, the first of them; None if no character is.
    """

    new: tuple[float, ...]
    longest: Copy | None


def novelty(text: Ids, corpus: Ids) -> Novelty:
    """Look for every substring of a text in a corpus.

    Every place of the corpus walks down the trie of the text's substrings until it falls off. It does so level by level, many
    places at a time. So memory is what the text needs, whatever the size of the corpus, and time is that of the corpus times
    the length of a usual match. The few places that get to the depth of :data:`DEEPEST` are compared directly from there.

    Args:
        text: ``[n]``.
        corpus: ``[N]``, in the same alphabet.
    """
    matched, place = np.zeros(len(text), np.int64), np.zeros(len(text), np.int64)

    def note(at: NDArray[np.int64], lengths: NDArray[np.int64], found: NDArray[np.int64]) -> None:
        longer = matched[at] < lengths
        matched[at[longer]], place[at[longer]] = lengths[longer], found[longer]

    trie = _Trie(text)
    for start in range(0, len(corpus) if len(text) else 0, _BLOCK):
        for length, nodes, places in _walk(trie, corpus, start):
            if length == DEEPEST:
                for copy in _passages(text, corpus, trie.nodes[length], nodes, places):
                    inside = np.arange(copy.length)
                    note(copy.start + inside, copy.length - inside, copy.place + inside)
            else:
                # The corpus's first place of every node, known to all of its occurrences in the text.
                first = np.full(trie.sizes[length], -1)
                first[nodes[::-1]] = places[::-1]
                found = first[trie.nodes[length]]
                at = np.flatnonzero(found >= 0)
                note(at, np.full(len(at), length), found[at])
    lengths = range(1, min(int(matched.max(initial=0)) + 1, DEEPEST, len(text)) + 1)
    new = tuple(float((matched[: len(text) - length + 1] < length).mean()) for length in lengths)
    if not matched.any():
        return Novelty(new, None)
    start = int(matched.argmax())
    return Novelty(new, Copy(start, int(place[start]), int(matched[start])))


class _Trie:
    """The substrings of a text by their length, as far as somebody has asked for them.

    A node is the number of a substring among the different ones of its length. An edge is a node with the character that
    follows, in one number; edges are sorted, and their order numbers the nodes that they lead to.

    Attributes:
        nodes: For every length the nodes of the text's substrings by where they begin.
        sizes: For every length the number of nodes.
    """

    def __init__(self, text: Ids) -> None:
        alphabet, self._text = np.unique(text, return_inverse=True)
        self._width = len(alphabet) + 1
        self._letters = np.full(int(text.max(initial=0)) + 2, len(alphabet))  # what is not in the text has one number
        self._letters[alphabet] = np.arange(len(alphabet))
        self._edges: list[NDArray[np.int64]] = []
        self._tables: list[NDArray[np.int64] | None] = []
        self.nodes: list[NDArray[np.int64]] = [np.zeros(len(text), np.int64)]
        self.sizes = [1]

    def follow(self, length: int, nodes: NDArray[np.int64], corpus: Ids) -> NDArray[np.int64]:
        """The nodes that some nodes of a length lead to by a character of the corpus each; -1 where there is no edge."""
        if length == len(self._edges):
            self._grow(length)
        edges, table = self._edges[length], self._tables[length]
        wanted = nodes * self._width + self._letters[np.minimum(corpus.astype(np.int64), len(self._letters) - 1)]
        if table is None:
            found = np.minimum(np.searchsorted(edges, wanted), len(edges) - 1)
            after: NDArray[np.int64] = np.where(edges[found] == wanted, found, -1)
        else:
            after = table[wanted]
        return after

    def _grow(self, length: int) -> None:
        before = self.nodes[-1][: len(self._text) - length]
        edges, after = np.unique(before * self._width + self._text[length:], return_inverse=True)
        size = self.sizes[-1] * self._width
        table = None
        if (size <= _TABLE and length < _TABLED) or not len(edges):  # a look-up is five times as fast as a search
            table = np.full(size, -1)
            table[edges] = np.arange(len(edges))
        self._edges.append(edges)
        self._tables.append(table)
        self.nodes.append(after)
        self.sizes.append(len(edges))


def _walk(trie: _Trie, corpus: Ids, start: int) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    """Walk down from each of the places in a block: of every length the nodes reached, and the places that reach them."""
    places = np.arange(start, min(start + _BLOCK, len(corpus)))
    nodes, length = np.zeros(len(places), np.int64), 0
    while len(places) and length < DEEPEST:
        nodes = trie.follow(length, nodes, corpus[places + length])
        kept = nodes >= 0
        length += 1
        nodes, places = nodes[kept], places[kept]
        if len(places):
            yield length, nodes, places
        inside = places + length < len(corpus)
        nodes, places = nodes[inside], places[inside]


def _passages(
    text: Ids, corpus: Ids, nodes_of_text: NDArray[np.int64], nodes: NDArray[np.int64], places: NDArray[np.int64]
) -> Iterator[Copy]:
    """The whole passages that begin with substrings found in the corpus, those inside of others left out.

    Args:
        text: ``[n]``.
        corpus: ``[N]``.
        nodes_of_text: The substrings of the text by where they begin, as nodes.
        nodes: Those found: ``[m]``.
        places: Where in the corpus: ``[m]``.
    """
    order = np.argsort(nodes, kind="stable")
    low, high = (np.searchsorted(nodes, nodes_of_text, side, sorter=order) for side in ("left", "right"))
    counts, done = high - low, len(text)
    for some in np.array_split(np.flatnonzero(counts), 1 + counts.sum() // _BLOCK):
        ends = np.cumsum(counts[some])
        starts = np.repeat(some, counts[some])
        found = places[order[low[starts] + np.arange(len(starts)) - np.repeat(ends - counts[some], counts[some])]]
        begins = (starts == 0) | (found == 0) | (corpus[found - 1] != text[starts - 1])
        for start, place in zip(starts[begins].tolist(), found[begins].tolist(), strict=True):
            if start >= done:  # it is all known to be copied from here to the end
                continue
            most = min(len(text) - start, len(corpus) - place)
            differs = text[start : start + most] != corpus[place : place + most]
            length = int(differs.argmax()) if differs.any() else most
            yield Copy(start, place, length)
            if start + length == len(text):
                done = start
