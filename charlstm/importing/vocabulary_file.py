"""The vocabulary of an imported model: its characters in the order of their ids."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from charlstm.checkpoint.json_files import parse_json, read_bounded
from charlstm.errors import CharlstmError, short_repr
from charlstm.formatting import counted

PLACEHOLDER = "[UNK]"
"""Stands for all characters that have no id of their own, as in the vocabulary of Keras's ``StringLookup``."""

_FEWEST = 2
_ID = re.compile(r"[0-9]{1,7}")
EXPECTED = "a JSON list of characters in the order of their ids, an object of characters and ids, or a string"


def read_vocabulary(path: Path) -> list[str]:
    """Return the characters in a JSON file, in the order of their ids.

    Raises:
        CharlstmError: If it is not JSON, or no vocabulary.
    """
    if path.suffix.lower() in (".pkl", ".pickle"):
        raise CharlstmError(
            f"{path} is a pickle, which could run code when it is read; write it as JSON where it was made, for example with "
            "json.dump(characters, file)"
        )
    if not path.exists():
        raise CharlstmError(f"{path} does not exist; check the name, or name another file as `vocabulary`")
    try:
        found = parse_json(read_bounded(path))
    except (ValueError, RecursionError):  # or a number of thousands of digits, which Python does not read
        raise CharlstmError(f"{path} is not JSON; expected {EXPECTED}") from None
    return characters_of(found, str(path))


def characters_of(found: Any, name: str = "vocabulary") -> list[str]:
    """Return the characters of a list, of a string, or of an object that maps characters to ids or ids to characters.

    >>> characters_of({"b": 1, "a": 0}), characters_of({"0": "a", "1": "b"}), characters_of("ab")
    (['a', 'b'], ['a', 'b'], ['a', 'b'])

    Raises:
        CharlstmError: If it is none of these, an id is missing, or an entry occurs twice or is not a single character.
    """
    match found:
        case str() | Sequence():
            entries = list(found)
        case Mapping() if all(type(id_) is int for id_ in found.values()):
            entries = _by_id({id_: character for character, id_ in found.items()}, len(found), name)
        case Mapping() if all(type(id_) is int or (isinstance(id_, str) and _ID.fullmatch(id_)) for id_ in found):
            entries = _by_id({int(id_): character for id_, character in found.items()}, len(found), name)
        case Mapping() if found:
            character, id_ = next(each for each in found.items() if type(each[1]) is not int)
            raise CharlstmError(
                f"{name} has the id {short_repr(id_)} for {short_repr(character)}; expected whole numbers without quotes"
            )
        case _:
            raise CharlstmError(f"{name} holds {short_repr(found)}; expected {EXPECTED}")
    if len(entries) < _FEWEST:
        raise CharlstmError(f"{name} has {counted(len(entries), 'character')}; expected at least {_FEWEST} to choose from")
    for entry in entries:
        if entry == PLACEHOLDER:
            continue
        if not isinstance(entry, str) or len(entry) != 1 or "\ud800" <= entry <= "\udfff":
            raise CharlstmError(
                f"{name} has the entry {short_repr(entry)}; expected single characters, or {PLACEHOLDER} for all others"
            )
    if len(set(entries)) < len(entries):
        twice = next(entry for entry in entries if entries.count(entry) > 1)
        raise CharlstmError(f"{name} has {twice!r} twice; expected each character once")
    return entries


def _by_id(characters: Mapping[int, Any], number: int, name: str) -> list[Any]:
    if sorted(characters) != list(range(number)):
        raise CharlstmError(f"{name} has ids other than 0 to {number - 1}; expected one character for each id")
    return [characters[id_] for id_ in range(number)]
