"""The errors that a user can cause; each message says what was expected, what was found and what to do."""

import difflib
import re
import reprlib
import unicodedata
from collections.abc import Sequence
from typing import Any

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80
_BLANKS = re.compile("[ \n\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_JOINERS = "\u200c\u200d"


def short_repr(value: Any) -> str:
    """Return a short representation of any value for use in a sentence.

    >>> short_repr([1] * 1000)
    '[1, 1, 1, 1, 1, 1, ...]'
    """
    return _SHORT.repr(value)


def clip_text(text: str, most: int = 200) -> str:
    """Return a text as it can stand in a sentence or a table: its beginning, if it is longer.

    >>> clip_text("a.txt + b.txt", 9)
    'a.txt + …'
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def join_alternatives(words: Sequence[str]) -> str:
    """Return alternatives as a phrase.

    >>> join_alternatives(["last", "every"]), listed(["scalar", "one-hot", "embedding"])
    ('last or every', 'scalar, one-hot or embedding')
    """
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def suggestion(found: Any, words: Sequence[str]) -> str:
    """Return a question that names the word that was probably meant; empty if none is similar.

    >>> suggestion("quik", ["quick", "standard", "best"])
    ' (did you mean quick?)'
    """
    similar = difflib.get_close_matches(found, words, n=1, cutoff=0.8) if isinstance(found, str) and len(found) < 80 else []
    return f" (did you mean {similar[0]}?)" if similar else ""


def range_phrase(
    what: str, ge: float | None = None, gt: float | None = None, le: float | None = None, lt: float | None = None
) -> str:
    """Return what a number must be, with its bounds (as in msgspec: ``ge`` and ``le`` are included).

    >>> range_phrase("an integer", ge=1, le=1_000_000), ranged("a number", gt=0.0), ranged("a number", ge=0.0, lt=1.0)
    ('an integer from 1 to 1,000,000', 'a number above 0', 'a number of at least 0 and below 1')
    """
    if ge is not None and le is not None:
        return f"{what} from {_number(ge)} to {_number(le)}"
    bounds = (("of at least", ge), ("above", gt), ("up to", le), ("below", lt))
    limits = " and ".join(f"{words} {_number(bound)}" for words, bound in bounds if bound is not None)
    return f"{what} {limits}".rstrip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) and abs(value) < 2**63 else f"{value:g}"


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
    """A stated error: a sentence for the user, an exit code, never a traceback.

    Further arguments are lines that follow the sentence, such as the rows of a table.
    """

    exit_code = 1

    def __str__(self) -> str:
        """Return the sentence, and the lines that follow it."""
        return "\n".join(map(str, self.args))


class ConfigError(CharlstmError):
    """A setting, or a combination of settings, that cannot work.

    Attributes:
        setting: Name of the setting, where a single one is wrong.
        reason: What is wrong, without that name.
        expected: What its value must be.
        found: Its value.
        hint: What was probably meant; empty if unknown.
    """

    def __init__(
        self, reason: str = "", *, setting: str | None = None, expected: str | None = None, found: Any = None, hint: str = ""
    ) -> None:
        self.setting, self.expected, self.found, self.hint = setting, expected, found, hint
        value = short_repr(list(found)).strip("[]") or "nothing" if isinstance(found, tuple) else short_repr(found)
        self.reason = reason or f"expected {expected}; found {value}{hint}"
        super().__init__(f"{setting}: {self.reason}" if setting else self.reason)


class CorpusError(CharlstmError):
    """A text that cannot be read or cannot be trained on."""


class UnknownCharacterError(CharlstmError):
    """A text has characters that the vocabulary lacks."""


class CheckpointError(CharlstmError):
    """A checkpoint that does not exist, cannot be trusted or does not fit."""


class TakenError(CheckpointError):
    """A checkpoint that exists already, or that another process makes or trains."""


class TrainingError(CharlstmError):
    """A training run that cannot go on."""


class GroupError(TrainingError):
    """Workers that train together and cannot any more; to start them all again may help, which the exit code says."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h
