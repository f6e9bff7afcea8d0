"""Novelty of a text: the fraction of its substrings that the training text lacks, and the longest copied passage."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charlstm.text.vocabulary import Ids

DEEPEST = 256
"""Length of the longest substrings that are counted. Copied passages are followed to their end."""

_BLOCK = 1 << 18  # positions of the corpus that are processed at a time
_TABLED = 8  # lengths up to which most positions still match
_TABLE = 1 << 22  # entries of a lookup table, at most


@dataclass(frozen=True)
class Copy:
    """A passage of a text that also occurs in the corpus.

    Attributes:
        start: Its position in the text.
        place: Position of its first occurrence in the corpus.
        length: Its length in characters.
    """

    start: int
    place: int
    length: int


@dataclass(frozen=True)
class Novelty:
    """The novelty of a text with respect to a corpus.

    Attributes:
        new: For the lengths 1, 2, 3 … the fraction of the text's substrings of that length that the corpus lacks. Every
            occurrence counts. The values end with the first 1, and at the latest with length :data:`DEEPEST`.
        longest: The first of the longest passages that also occur in the corpus; None if no character does.
    """

    new: tuple[float, ...]
    longest: Copy | None


def novelty(text: Ids, corpus: Ids) -> Novelty:
    """Search for every substring of a text in a corpus.

    Every position of the corpus descends the trie of the text's substrings until it leaves it. This is done level by level,
    for many positions at a time. Memory therefore depends on the text alone, and time is proportional to the corpus times the
    length of a typical match. The few positions that reach depth :data:`DEEPEST` are compared directly from there.

    Args:
        text: Ids of the text: ``[n]``.
        corpus: Ids of the corpus in the same vocabulary: ``[N]``.

    Returns:
        The fractions of new substrings and the longest copied passage.
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
                # The first position in the corpus of every node applies to all its occurrences in the text.
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
    """The trie of a text's substrings, built level by level on demand.

    A node is the index of a substring among the distinct ones of its length. An edge combines a node and the next character in
    one integer. Edges are sorted, and their order is the order of the nodes that they lead to.

    Attributes:
        nodes: For every length the nodes of the text's substrings by their position.
        sizes: For every length the number of nodes.
    """

    def __init__(self, text: Ids) -> None:
        characters, self._text = np.unique(text, return_inverse=True)
        self._width = len(characters) + 1
        self._codes = np.full(int(text.max(initial=0)) + 2, len(characters))  # one id for all characters that the text lacks
        self._codes[characters] = np.arange(len(characters))
        self._edges: list[NDArray[np.int64]] = []
        self._tables: list[NDArray[np.int64] | None] = []
        self.nodes: list[NDArray[np.int64]] = [np.zeros(len(text), np.int64)]
        self.sizes = [1]

    def follow(self, length: int, nodes: NDArray[np.int64], corpus: Ids) -> NDArray[np.int64]:
        """Return the child of each node by the given character of the corpus; -1 where no edge exists."""
        if length == len(self._edges):
            self._grow(length)
        edges, table = self._edges[length], self._tables[length]
        wanted = nodes * self._width + self._codes[np.minimum(corpus.astype(np.int64), len(self._codes) - 1)]
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
        if (size <= _TABLE and length < _TABLED) or not len(edges):  # a table is five times as fast as a search
            table = np.full(size, -1)
            table[edges] = np.arange(len(edges))
        self._edges.append(edges)
        self._tables.append(table)
        self.nodes.append(after)
        self.sizes.append(len(edges))


def _walk(trie: _Trie, corpus: Ids, start: int) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    """Descend the trie from every position of a block; yield each length with the nodes reached and their positions."""
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
    """Yield the complete passages that begin with the matched substrings, without those inside other passages.

    Args:
        text: Ids of the text: ``[n]``.
        corpus: Ids of the corpus: ``[N]``.
        nodes_of_text: Nodes of the text's substrings by their position.
        nodes: The nodes that were matched: ``[m]``.
        places: Their positions in the corpus: ``[m]``.
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
            if start >= done:  # a copy that reaches the end of the text covers this one
                continue
            most = min(len(text) - start, len(corpus) - place)
            differs = text[start : start + most] != corpus[place : place + most]
            length = int(differs.argmax()) if differs.any() else most
            yield Copy(start, place, length)
            if start + length == len(text):
                done = start
