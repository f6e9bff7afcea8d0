"""Whether a regular expression can match any text of a model's characters.

The parser is that of Python's ``re``. Every rule beside the characters (places in the text, look-around, references) counts as
kept, so an expression is called impossible only if it is.
"""

import re
import warnings
from re import _compiler, _constants, _parser  # type: ignore[attr-defined] # private
from typing import Any

_SETS = frozenset({_constants.LITERAL, _constants.NOT_LITERAL, _constants.ANY, _constants.IN})
_REPEATS = frozenset({_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT})
_TYPES = re.ASCII | re.LOCALE | re.UNICODE


def can_match(expression: str, characters: str) -> bool:
    """Return whether a regular expression may match a text of these characters; True also if ``re`` does not read it.

    >>> can_match("(é|e)t+", "est"), can_match("[éè]t+", "est")
    (True, False)
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of sets inside sets, which the library regex warns of
        try:
            parsed = _parser.parse(expression)
            return _sequence(parsed, parsed.state.flags, characters)
        except (re.error, OverflowError, RecursionError):  # the library regex can do more than re
            return True


def _sequence(items: Any, flags: int, characters: str) -> bool:
    """Return whether each of some parsed items can match."""
    return all(_item(operation, argument, flags, characters) for operation, argument in items)


def _item(operation: Any, argument: Any, flags: int, characters: str) -> bool:
    if operation in _SETS:
        state = _parser.State()
        state.flags = flags
        matches = _compiler.compile(_parser.SubPattern(state, [(operation, argument)]), flags).fullmatch
        return any(matches(character) for character in characters)
    if operation is _constants.SUBPATTERN:
        _, added, removed, items = argument
        kept = flags & ~_TYPES if added & _TYPES else flags  # a, L and u replace each other
        return _sequence(items, (kept | added) & ~removed, characters)
    if operation is _constants.BRANCH:
        return any(_sequence(items, flags, characters) for items in argument[1])
    if operation in _REPEATS:
        least, _, items = argument
        return least == 0 or _sequence(items, flags, characters)
    if operation is _constants.ATOMIC_GROUP:
        return _sequence(argument, flags, characters)
    return True
