"""Look-ahead: the least number of characters that complete a text from each state of an automaton.

A character is allowed only if the state after it needs no more characters than remain. Then no dead end is possible. By
induction, every state that is reached needs n characters and at least n remain. If n is 0, the text may end there. Otherwise
some character leads to a state that needs n - 1, and it is allowed. The bound is exact, so no text that obeys is lost either.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charlstm.inference.constraints.automaton import DEAD, END, Automaton, States, check_size

UNREACHABLE = np.iinfo(np.int32).max
"""The number of characters from a state that cannot succeed."""

_FAR = np.iinfo(np.int32).max // 2


@dataclass(frozen=True)
class _Edges:
    """The distinct pairs of a state and a next state, by state. Each state has one to ``DEAD``.

    Attributes:
        after: The next state of each pair: ``[E]``.
        first: Index of the first pair of each state: ``[S]``.
    """

    after: States
    first: NDArray[np.int64]

    def least(self, values: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the least value of the next states of each state: ``[S]``."""
        least: NDArray[np.int32] = np.minimum.reduceat(values[self.after], self.first)
        return least


def _edges(transitions: States) -> _Edges:
    states = len(transitions)
    codes = np.arange(states)[:, None] * states + transitions
    pairs = np.unique(np.concatenate([codes.ravel(), np.arange(states) * states + DEAD]))
    source, after = np.divmod(pairs, states)
    return _Edges(after.astype(np.int32), np.searchsorted(source, np.arange(states)))


def completion(automaton: Automaton) -> NDArray[np.int32]:
    """Return the least number of characters to an accepting state: ``[S]``; ``UNREACHABLE`` if there is none."""
    edges = _edges(automaton.transitions)
    least = np.where(automaton.accepting, 0, _FAR).astype(np.int32)
    while True:
        better = np.minimum(least, edges.least(least) + 1)
        if np.array_equal(better, least):
            return np.where(least < _FAR, least, UNREACHABLE).astype(np.int32)
        least = better


def completion_in_lines(automaton: Automaton, newline: int, space: int, width: int) -> NDArray[np.int32]:
    """Return the least number of characters to an accepting state if no line may be longer than ``width``.

    No space may be in the last column, where a line end takes its place.

    It depends on the number of columns that the current line still has, r, and cannot grow with it. So the computation needs
    one number for each state and k: the fewest columns from which k characters are enough. A character needs one column more
    than the state after it. A line end needs none, and gives the next state all of them.

    Args:
        automaton: The automaton of the other constraints.
        newline: Id of the line end; -1 if there is none.
        space: Id of the space; -1 if there is none.
        width: N, the maximum length of a line.

    Returns:
        ``[S, N + 2]``: in column r + 1 the number for r columns; column 0 is ``UNREACHABLE``, except for ``END``.
    """
    states = len(automaton.accepting)
    check_size(states, width + 2)
    apart = [character for character in (newline, space) if character >= 0]
    edges, ends = _edges(np.delete(automaton.transitions, apart, 1)), (automaton.transitions == END).any(1)
    after_newline, after_space = (
        automaton.transitions[:, each] if each >= 0 else np.full(states, DEAD) for each in (newline, space)
    )
    result = np.full((states, width + 2), UNREACHABLE, np.int32)
    columns = np.where(automaton.accepting, 0, _FAR).astype(np.int32)
    result[automaton.accepting, 1:] = 0
    count = 0
    while True:
        count += 1
        better = np.minimum(columns, edges.least(columns) + 1)
        better = np.minimum(better, np.maximum(columns[after_space], 1) + 1)
        better[ends | (columns[after_newline] <= width)] = 0
        better[better > width] = _FAR
        changed = np.flatnonzero(better < columns)
        if not len(changed):
            result[END] = 0
            return result
        places = np.arange(-1, width + 1)
        new = (places >= better[changed, None]) & (places < columns[changed, None])
        result[changed] = np.where(new, count, result[changed])
        columns = better
