"""Deterministic automata over the characters of a vocabulary, and their products."""

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from charlstm.errors import ConfigError

DEAD = 0
"""The state of a text that cannot obey the constraint any more."""

END = 1
"""The state of a text that has ended: its last character ended it and is not part of it, like a stop string."""

FIRST = 2
"""The first state that is neither dead nor ended."""

MOST_ENTRIES = 1 << 25
"""Maximum number of transitions of an automaton."""

States = NDArray[np.int32]


@dataclass(frozen=True)
class Automaton:
    """A deterministic automaton; a character leads from one state to the next.

    Attributes:
        transitions: The next state for each state and character: ``[S, V]``. The first two rows are those of ``DEAD`` and
            ``END``, which no character leaves.
        accepting: True for the states in which the text may end: ``[S]``; ``END`` is one.
        start: The state before the first character.
    """

    transitions: States
    accepting: NDArray[np.bool_]
    start: int

    def accepts(self, ids: NDArray[np.integer]) -> bool:
        """Return whether a text may end after these characters: ids ``[N]``."""
        state = self.start
        for character in ids:
            state = int(self.transitions[state, character])
        return bool(self.accepting[state])


def new_automaton(states: int, vocabulary_size: int, start: int = FIRST) -> Automaton:
    """Return an automaton whose transitions are all dead, with only ``END`` accepting, to be filled in."""
    check_size(states, vocabulary_size)
    transitions = np.full((states, vocabulary_size), DEAD, np.int32)
    transitions[END] = END
    accepting = np.zeros(states, bool)
    accepting[END] = True
    return Automaton(transitions, accepting, start)


def check_size(states: int, columns: int) -> None:
    """Check that a table fits into the bound on memory.

    Raises:
        ConfigError: If it does not.
    """
    if states * columns > MOST_ENTRIES:
        raise ConfigError(
            f"the constraints together need a table of more than {MOST_ENTRIES:,} entries; shorten the pattern, the word list, "
            "the acrostic or the line length"
        )


def product(automata: list[Automaton]) -> Automaton:
    """Return the automaton of the texts that obey every one of several automata, without states that cannot succeed.

    If one of them ends the text with a character, this character is not part of the text, so the others need not allow it. It
    is allowed if they accept the text before it.

    Raises:
        ConfigError: If the product has too many states.
    """
    return reduce(lambda first, second: trimmed(_pair(first, second)), automata[1:], trimmed(automata[0]))


def _pair(first: Automaton, second: Automaton) -> Automaton:
    """Return the product of two automata: the states that can be reached, level by level."""
    width = len(second.accepting)
    if min(first.start, second.start) < FIRST:
        return Automaton(first.transitions[:FIRST], first.accepting[:FIRST], DEAD)
    size = first.transitions.shape[1]
    number_of = np.full(len(first.accepting) * width, -1, np.int32)
    number_of[first.start * width + second.start] = FIRST
    levels, count = [np.array([[first.start], [second.start]])], FIRST + 1
    rows: list[States] = []
    while levels[-1].size:
        a, b = levels[-1]
        after_a, after_b = first.transitions[a].astype(np.int64), second.transitions[b].astype(np.int64)
        ended_a, ended_b = after_a == END, after_b == END
        may_end = (ended_a | first.accepting[a][:, None]) & (ended_b | second.accepting[b][:, None])
        ends = (ended_a | ended_b) & may_end
        dead = (ended_a | ended_b | (after_a == DEAD) | (after_b == DEAD)) & ~ends
        codes = after_a * width + after_b
        alive = ~(ends | dead)
        reached = np.unique(codes[alive])
        new = reached[number_of[reached] < 0]
        number_of[new] = np.arange(count, count + len(new))
        count += len(new)
        check_size(count, size)
        row = np.where(ends, END, DEAD).astype(np.int32)
        row[alive] = number_of[codes[alive]]
        rows.append(row)
        levels.append(np.array(np.divmod(new, width)))
    a, b = np.concatenate(levels, 1)
    result = new_automaton(count, size)
    result.transitions[FIRST:] = np.concatenate(rows)
    result.accepting[FIRST:] = first.accepting[a] & second.accepting[b]
    return result


def trimmed(automaton: Automaton) -> Automaton:
    """Return an automaton without the states from which no accepting one can be reached; its start may be ``DEAD``."""
    from charlstm.inference.constraints.lookahead import UNREACHABLE, completion

    kept = completion(automaton) < UNREACHABLE
    kept[DEAD] = True
    number = np.where(kept, np.cumsum(kept) - 1, DEAD).astype(np.int32)
    return Automaton(number[automaton.transitions[kept]], automaton.accepting[kept], int(number[automaton.start]))
