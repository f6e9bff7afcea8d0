r"""Regular expressions: ``pattern``, which the whole text matches, as in ``re.fullmatch``.

The syntax is that of Python's ``re``, whose own parser reads it, and which decides what each set of characters matches. What
no finite automaton can do is refused: references, look-around, word boundaries and possessive repetition.

The parser is the private ``re._parser``, as in Hypothesis and Lark. The libraries that compile regular expressions were
measured: greenery 4.2.3 takes 98 s for ``[^\n]{0,200}``, interegular 0.3.3 is not maintained, and both differ from ``re`` in
``\w``, ``.`` and flags.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from re import _compiler, _constants, _parser  # type: ignore[attr-defined] # private
from typing import Any

import numpy as np

from charlstm.errors import ConfigError
from charlstm.inference.constraints.automaton import DEAD, FIRST, Automaton, new_automaton
from charlstm.text.vocabulary import Vocabulary

_MOST_PLACES = 20_000
"""Maximum number of places of a pattern, in which each bounded repetition counts as often as it can occur."""

_MOST_STATES = 1 << 15
"""Maximum number of states of a pattern's automaton."""

_CHARACTER_SETS = frozenset(
    {_constants.LITERAL, _constants.NOT_LITERAL, _constants.ANY, _constants.IN},
)
_TYPES = re.ASCII | re.LOCALE | re.UNICODE
_BEGINNINGS = frozenset({_constants.AT_BEGINNING, _constants.AT_BEGINNING_STRING})
_ENDS = frozenset({_constants.AT_END, _constants.AT_END_STRING})
_NAMES = {
    _constants.GROUPREF: "a reference to a group",
    _constants.GROUPREF_EXISTS: "a reference to a group",
    _constants.ASSERT: "look-around",
    _constants.ASSERT_NOT: "look-around",
    _constants.POSSESSIVE_REPEAT: "possessive repetition",
    _constants.ATOMIC_GROUP: "an atomic group",
    _constants.AT: r"\b, \B, or ^ and $ by line",
}


def pattern_automaton(vocabulary: Vocabulary, pattern: str) -> Automaton:
    """Return the automaton of the texts that a regular expression matches as a whole.

    Args:
        vocabulary: The characters that the model can generate.
        pattern: The regular expression.

    Raises:
        ConfigError: If it is invalid, no automaton can match it, or it is too large.
    """
    try:
        re.compile(pattern)
        parsed = _parser.parse(pattern)
        places = _Places(vocabulary.characters)
        start = places.new()
        final = places.add(parsed, start, parsed.state.flags)
    except (re.error, OverflowError, RecursionError) as error:
        raise ConfigError(setting="pattern", reason=f"{pattern!r} is not a regular expression of Python: {error}") from None
    return _determined(places, start, final)


@dataclass
class _Places:
    """A nondeterministic automaton (Thompson 1968): places, with moves by a character and moves by none.

    Attributes:
        characters: The characters of the vocabulary.
        free: The places that each place reaches by no character.
        moves: By place, the set of characters and the next place: at most one.
        beginnings: Pairs of places that are connected at the beginning of the text only.
        ends: Pairs of places that are connected at the end of the text only.
        sets: The number of each set of characters.
    """

    characters: str
    free: list[list[int]] = field(default_factory=list)
    moves: dict[int, tuple[int, int]] = field(default_factory=dict)
    beginnings: dict[int, int] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)
    sets: dict[tuple[bool, ...], int] = field(default_factory=dict)
    _matched: dict[tuple[str, int], int] = field(default_factory=dict)

    def new(self) -> int:
        """Add a place, and return its number."""
        if len(self.free) >= _MOST_PLACES:
            raise _too_large()
        self.free.append([])
        return len(self.free) - 1

    def add(self, items: Any, start: int, flags: int) -> int:
        """Add a sequence of parsed items after a place, and return the place after it."""
        for operation, argument in items:
            start = self._add_item(operation, argument, start, flags)
        return start

    def _add_item(self, operation: Any, argument: Any, start: int, flags: int) -> int:
        if operation in _CHARACTER_SETS:
            after = self.new()
            self.moves[self._copied(start)] = self._set(operation, argument, flags), after
            return after
        if operation is _constants.SUBPATTERN:
            _, added, removed, items = argument
            kept = flags & ~_TYPES if added & _TYPES else flags  # a, L and u replace each other
            return self.add(items, start, (kept | added) & ~removed)
        if operation is _constants.BRANCH:
            after = self.new()
            for items in argument[1]:
                self.free[self.add(items, self._copied(start), flags)].append(after)
            return after
        if operation in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
            least, most, items = argument
            return self._add_repeat(least, most, items, start, flags)
        if operation is _constants.AT and not flags & re.MULTILINE:
            after = self.new()
            if argument in _BEGINNINGS:
                self.beginnings[self._copied(start)] = after
                return after
            if argument in _ENDS:
                self.ends[self._copied(start)] = after
                return after
        name = _NAMES.get(operation, str(operation).lower())
        raise ConfigError(setting="pattern", reason=f"{name} cannot be used in a pattern; describe the text without it")

    def _add_repeat(self, least: int, most: int, items: Any, start: int, flags: int) -> int:
        for _ in range(least):
            start = self.add(items, start, flags)
        if most == _constants.MAXREPEAT:
            loop = self._copied(start)
            self.free[self.add(items, self._copied(loop), flags)].append(loop)
            after = self.new()
            self.free[loop].append(after)
            return after
        after = self.new()
        for _ in range(most - least):
            self.free[start].append(after)
            start = self.add(items, start, flags)
        self.free[start].append(after)
        return after

    def _copied(self, place: int) -> int:
        """Return a new place that a place reaches by no character."""
        copy = self.new()
        self.free[place].append(copy)
        return copy

    def _set(self, operation: Any, argument: Any, flags: int) -> int:
        """Return the number of a set of characters: those that ``re`` matches."""
        key = repr((operation, argument)), flags
        if key not in self._matched:
            state = _parser.State()
            state.flags = flags
            matches = _compiler.compile(_parser.SubPattern(state, [(operation, argument)]), flags).fullmatch
            members = tuple(matches(character) is not None for character in self.characters)
            self._matched[key] = self.sets.setdefault(members, len(self.sets))
        return self._matched[key]


def _determined(places: _Places, start: int, final: int) -> Automaton:
    """Return the deterministic automaton (subset construction); a set of places is an integer with a bit for each."""
    size = len(places.characters)
    members = np.array(list(places.sets), bool).reshape(-1, size)
    kinds, kind_of = np.unique(members, axis=1, return_inverse=True)  # characters that are in the same sets

    @cache
    def closure(place: int, *, beginning: bool, end: bool) -> int:
        reached, left = 1 << place, [place]
        while left:
            here = left.pop()
            conditional = [places.beginnings] * beginning + [places.ends] * end
            for after in (*places.free[here], *(pairs[here] for pairs in conditional if here in pairs)):
                if not reached >> after & 1:
                    reached |= 1 << after
                    left.append(after)
        return reached

    @cache
    def leaving(place: int) -> tuple[int, int]:
        """Return the set of characters with which a place is left, and the places after it."""
        number, after = places.moves[place]
        return number, closure(after, beginning=False, end=False)

    mask = sum(1 << place for place in places.moves)
    ending = sum(1 << place for place in range(len(places.free)) if closure(place, beginning=False, end=True) >> final & 1)
    first = closure(start, beginning=True, end=False)
    # At the beginning the text can also end, between ^ and $.
    empty = closure(start, beginning=True, end=True) >> final & 1
    numbers, subsets, rows = {first: FIRST}, [first], []
    for subset in subsets:
        targets: dict[int, int] = defaultdict(int)
        for place in _bits(subset & mask):
            number, after = leaving(place)
            targets[number] |= after
        row = np.full(kinds.shape[1], DEAD, np.int32)
        for kind in range(kinds.shape[1]):
            after = 0
            for number, reached in targets.items():
                if kinds[number, kind]:
                    after |= reached
            if after:
                if after not in numbers:
                    numbers[after] = FIRST + len(subsets)
                    subsets.append(after)
                    if len(subsets) > _MOST_STATES:
                        raise _too_large()
                row[kind] = numbers[after]
        rows.append(row[kind_of])
    automaton = new_automaton(FIRST + len(subsets), size)
    automaton.transitions[FIRST:] = rows
    automaton.accepting[FIRST:] = [bool(subset & ending) for subset in subsets]
    if empty:
        automaton.accepting[FIRST] = True
    return automaton


def _too_large() -> ConfigError:
    return ConfigError(setting="pattern", reason="the pattern is too large; lower its numbers of repetitions")


def _bits(number: int) -> list[int]:
    """Return the positions of the bits of an integer that are 1."""
    places = []
    while number:
        lowest = number & -number
        places.append(lowest.bit_length() - 1)
        number ^= lowest
    return places
