"""The errors that a user can cause; each message says what was expected, what was found and what to do."""

import re
import reprlib
import unicodedata
from typing import Any

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80
_BLANKS = re.compile("[ \n\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_JOINERS = "\u200c\u200d"


def shown(value: Any) -> str:
    """A value as it can stand in a sentence, whatever it is.

    >>> shown([1] * 1000)
    '[1, 1, 1, 1, 1, 1, ...]'
    """
    return _SHORT.repr(value)


def excerpt(text: str, columns: int) -> str:
    r"""Return the beginning of a text in quotes, on one line of at most so many columns of a terminal.

    Line ends and blanks become one space. Other characters that do not print are escaped, except the joiners of emoji and of
    some scripts.

    >>> print(excerpt("\n  The ferry\n\tcrosses at six.", 23))
    "The ferry \tcrosses …"
    """
    shown_so_far, width = "", 2  # the quotes
    for character in _BLANKS.sub(" ", text).strip(" "):
        printable = character.isprintable() or character in _JOINERS
        piece = character if printable else character.encode("unicode_escape").decode()
        added = sum(_width(part) for part in piece)
        if width + added > columns - 1:
            return f'"{shown_so_far}…"'
        shown_so_far, width = shown_so_far + piece, width + added
    return f'"{shown_so_far}"'


def _width(character: str) -> int:
    """Return the columns of a terminal that a character takes."""
    if unicodedata.combining(character) or character in _JOINERS:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class CharlstmError(Exception):
    """A stated error: one sentence for the user, an exit code, never a traceback."""

    exit_code = 1


class ConfigError(CharlstmError):
    """A setting, or a combination of settings, that cannot work."""


class CorpusError(CharlstmError):
    """A text that cannot be read or cannot be trained on."""


class UnknownCharacterError(CharlstmError):
    """A text has characters that the vocabulary lacks."""


class CheckpointError(CharlstmError):
    """A checkpoint that does not exist, cannot be trusted or does not fit."""


class TrainingError(CharlstmError):
    """A training run that cannot go on."""


class GroupError(TrainingError):
    """Workers that train together and cannot any more; to start them all again may help, which the exit code says."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h
