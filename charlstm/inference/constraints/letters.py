"""Characters that may occur: ``avoid`` and ``only``."""

import numpy as np
from numpy.typing import NDArray

from charlstm.errors import ConfigError
from charlstm.inference.constraints.automaton import FIRST, Automaton, new_automaton
from charlstm.text.vocabulary import Vocabulary, quoted


def allowed_characters(vocabulary: Vocabulary, avoid: str, only: str | None) -> NDArray[np.bool_]:
    """Return which characters of a vocabulary may occur: ``[V]``.

    Args:
        vocabulary: The characters that the model can generate.
        avoid: Characters that may not occur.
        only: The characters that may occur, with ranges such as ``a-z``; None for all.

    Raises:
        ConfigError: If a range is reversed, or no character is left.

    >>> allowed_characters(Vocabulary("abcdef"), "b", "a-d").tolist()
    [True, False, True, True, False, False]
    """
    known = vocabulary.codes
    allowed = ~np.isin(known, [ord(character) for character in avoid])
    if only is not None:
        ranges = [(known >= ord(first)) & (known <= ord(last)) for first, last in character_ranges(only)]
        allowed &= np.any(ranges, axis=0) if ranges else False
    if not allowed.any():
        raise ConfigError("`avoid` and `only` leave no character that the model knows; allow at least one")
    return allowed


def character_ranges(only: str) -> list[tuple[str, str]]:
    """Return the ranges of a list of characters. A hyphen at the beginning, at the end or after a range is a hyphen.

    >>> character_ranges("a-z ,-")
    [('a', 'z'), (' ', ' '), (',', ','), ('-', '-')]

    Raises:
        ConfigError: If a range is reversed.
    """
    ranges, place = [], 0
    while place < len(only):
        is_range = place + 2 < len(only) and only[place + 1] == "-"
        first, last = only[place], only[place + 2 if is_range else place]
        if first > last:
            raise ConfigError(setting="only", expected=f"a range in ascending order, {last}-{first}", found=f"{first}-{last}")
        ranges.append((first, last))
        place += 3 if is_range else 1
    return ranges


def unwritable_notes(vocabulary: Vocabulary, avoid: str, only: str | None) -> list[str]:
    """Return sentences on the characters of ``avoid`` and ``only`` without effect, since the model can never generate them.

    >>> unwritable_notes(Vocabulary("ab'"), "a’", "a-z€")
    ["`avoid`: the model can never generate '’', whether excluded or not", "`only`: the model can never generate '€'"]
    """
    excluded = vocabulary.unknown(avoid)
    known = vocabulary.codes
    allowed = [
        first if first == last else f"{first}-{last}"
        for first, last in dict.fromkeys(character_ranges(only or ""))
        if not ((known >= ord(first)) & (known <= ord(last))).any()
    ]
    never = "the model can never generate"
    notes = [f"`avoid`: {never} {quoted(excluded)}, whether excluded or not"] if excluded else []
    return notes + ([f"`only`: {never} {quoted(allowed)}"] if allowed else [])


def letters(allowed: NDArray[np.bool_]) -> Automaton:
    """Return the automaton of all texts of some characters: ``[V]``."""
    automaton = new_automaton(FIRST + 1, len(allowed))
    automaton.transitions[FIRST, allowed] = FIRST
    automaton.accepting[FIRST] = True
    return automaton
