"""The constraints of a text, compiled for a model, a seed and a length."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlstm.errors import ConfigError
from charlstm.formatting import exactly
from charlstm.inference.constraints.automaton import END, FIRST, Automaton, States, product
from charlstm.inference.constraints.letters import allowed_characters, letters
from charlstm.inference.constraints.lines import NEWLINE, acrostic_automaton, last_line, line_ends
from charlstm.inference.constraints.lookahead import UNREACHABLE, completion, completion_in_lines
from charlstm.inference.constraints.patterns import pattern_automaton
from charlstm.inference.constraints.stops import with_stops
from charlstm.inference.constraints.words import words_automaton
from charlstm.text.vocabulary import Vocabulary

_LARGE = 1 << 20
"""Number of entries from which a look-ahead table of every state takes too much memory."""
_SPACE_FITS = 2  # a space needs two columns: it may not be in the last one


@dataclass(frozen=True, kw_only=True)
class Constraints:
    """Constraints on a generated text. The seed is free, but a word or a line that it has begun counts.

    Attributes:
        avoid: Characters that may not occur.
        only: The characters that may occur, with ranges such as ``a-z``; None for all.
        words: The words that may occur; None for all.
        pattern: A regular expression that the whole text matches; None for none.
        line_length: The maximum length of a line, in characters; None for none.
        acrostic: The first letters of the lines; None for none.
    """

    avoid: str = ""
    only: str | None = None
    words: frozenset[str] | None = None
    pattern: str | None = None
    line_length: int | None = None
    acrostic: str | None = None

    @property
    def names(self) -> list[str]:
        """The names of the constraints that are given."""
        return [field.name for field in fields(self) if getattr(self, field.name) != field.default]


class ConstraintState(NamedTuple):
    """The progress of texts through the automaton.

    Attributes:
        states: The state of the automaton: ``[B]``.
        columns: 1 + the number of columns that the current line still has: ``[B]``; zeros without a maximum.
    """

    states: NDArray[np.int64]
    columns: NDArray[np.int64]


@dataclass(frozen=True)
class TextConstraint:
    """An automaton with its look-ahead, which says which characters are allowed next.

    Attributes:
        automaton: The automaton of all constraints.
        needed: The least number of characters that complete the text: ``[S, N + 2]`` by columns, or ``[S, 1]`` without a
            maximum line length; see :mod:`charlstm.inference.constraints.lookahead`.
        newline: Id of the line end; -1 if there is none.
        space: Id of the space; -1 if there is none.
        columns: 1 + the number of columns that the seed leaves in the first line.
        stops: The stop strings that the automaton knows.
    """

    automaton: Automaton
    needed: States
    newline: int
    space: int
    columns: int
    stops: tuple[str, ...] = ()

    @property
    def nbytes(self) -> int:
        """The memory of the tables in bytes."""
        table = 0 if self._table is None else self._table.nbytes
        return self.automaton.transitions.nbytes + self.needed.nbytes + table

    @property
    def least(self) -> int:
        """The length of the shortest text."""
        return int(self.needed[self.automaton.start, self.columns])

    def initial_state(self, batch: int) -> ConstraintState:
        """Return the state of B texts before their first character."""
        return ConstraintState(np.full(batch, self.automaton.start, np.int64), np.full(batch, self.columns, np.int64))

    def allowed(self, state: ConstraintState, remaining: int) -> NDArray[np.bool_]:
        """Return which characters can come next, so that the texts can be completed.

        Args:
            state: The state of B texts.
            remaining: The number of characters that each may still have.

        Returns:
            ``[B, V]``. A row without any belongs to a complete text that nothing can follow.
        """
        if self._table is not None:
            needed = self._table[state.states * self.needed.shape[1] + state.columns]
        else:
            needed = self._needed_after(state)
        result: NDArray[np.bool_] = needed < remaining
        return result

    def _needed_after(self, state: ConstraintState) -> States:
        """Return the least number of characters that complete the text after each character: ``[B, V]``."""
        after = self.automaton.transitions[state.states]
        width = self.needed.shape[1]
        if width == 1:
            needed: States = self.needed.ravel()[after]
            return needed
        places = after * width
        places += (state.columns - 1)[:, None]
        if self.newline >= 0:
            places[:, self.newline] = after[:, self.newline] * width + width - 1
        needed = self.needed.ravel()[places]
        if self.space >= 0:
            fits = (state.columns > _SPACE_FITS) | (after[:, self.space] == END)
            needed[~fits, self.space] = UNREACHABLE
        return needed

    @cached_property
    def _table(self) -> States | None:
        """:meth:`_needed_after` for every state and number of columns: ``[S (N + 2), V]``; None if it would be large."""
        states, width = self.needed.shape
        if states * width * self.automaton.transitions.shape[1] > _LARGE:
            return None
        every = np.divmod(np.arange(states * width), width)
        every_state = ConstraintState(every[0], np.maximum(every[1], 1) if width > 1 else every[1])
        return self._needed_after(every_state)

    def step(self, state: ConstraintState, ids: NDArray[np.integer]) -> ConstraintState:
        """Return the state after one more character in every text: ids ``[B]``, each of them allowed."""
        states = self.automaton.transitions[state.states, ids].astype(np.int64)
        if self.needed.shape[1] == 1:
            return ConstraintState(states, state.columns)
        columns = np.where(ids == self.newline, self.needed.shape[1] - 1, np.maximum(state.columns - 1, 1))
        return ConstraintState(states, columns)

    @staticmethod
    def ended(state: ConstraintState) -> NDArray[np.bool_]:
        """Return which texts a character has ended that is not part of them: ``[B]``."""
        result: NDArray[np.bool_] = state.states == END
        return result

    @staticmethod
    def gather(state: ConstraintState, rows: NDArray[np.integer]) -> ConstraintState:
        """Return the state of some texts in a new order."""
        return ConstraintState(state.states[rows], state.columns[rows])


def compile_constraints(
    constraints: Constraints, vocabulary: Vocabulary, seed: str, length: int, stops: Sequence[str] = ()
) -> TextConstraint:
    """Return the automaton and look-ahead of constraints.

    A text ends when it has ``length`` characters, at a stop string, at the line end after the last line of an acrostic, or when
    it is complete and nothing can follow. It then obeys all constraints.

    Args:
        constraints: The constraints.
        vocabulary: The characters that the model can generate.
        seed: The text before.
        length: The maximum number of characters.
        stops: Strings that end a text.

    Raises:
        ConfigError: If a constraint is invalid, no text of at most ``length`` characters obeys, or a table would be too large.
    """
    allowed = allowed_characters(vocabulary, constraints.avoid, constraints.only)
    newline, space = (vocabulary.characters.find(character) for character in (NEWLINE, " "))
    writes_lines = newline >= 0 and bool(allowed[newline])
    automata = [letters(allowed)]
    if constraints.pattern is not None:
        automata.append(pattern_automaton(vocabulary, constraints.pattern))
    if constraints.acrostic is not None:
        if not writes_lines and len(constraints.acrostic.strip()) > 1:
            raise _no_line_ends("acrostic", known=newline >= 0)
        automata.append(acrostic_automaton(vocabulary, constraints.acrostic, seed))
    width = constraints.line_length
    begun = len(last_line(seed))
    if width is not None:
        if not writes_lines and begun + length > width:
            raise _no_line_ends("line_length", known=newline >= 0)
        automata.append(line_ends(vocabulary))
    if constraints.words is not None:
        automata.append(words_automaton(vocabulary, constraints.words, seed, allowed))
    automaton = product(automata)
    if stops and len(automaton.accepting) > FIRST:
        automaton = with_stops(automaton, vocabulary, stops)
    columns = 0
    if width is None:
        needed = completion(automaton)[:, None]
    else:
        width = min(width, begun + length)  # a longer one cannot be reached
        needed = completion_in_lines(automaton, newline, space, width)
        columns = max(width - begun, 0) + 1
    result = TextConstraint(automaton, needed, newline, space, columns, tuple(stops))
    if automaton.start < FIRST or result.least == UNREACHABLE:
        names = [f"`{name}`" for name in (*constraints.names, *["stop"] * bool(stops))]
        raise ConfigError(f"no text obeys {' and '.join(names)}{'; relax it' if len(names) == 1 else ' together; relax one'}")
    if result.least > length:
        raise ConfigError(
            f"the shortest text that obeys the constraints has {exactly(result.least, 'character')}; raise `length` from "
            f"{length:,}"
        )
    return result


def _no_line_ends(setting: str, *, known: bool) -> ConfigError:
    why = "`avoid` or `only` excludes; allow the line end" if known else "the model does not know; leave it out"
    return ConfigError(setting=setting, reason=f"it needs line ends, which {why}")
