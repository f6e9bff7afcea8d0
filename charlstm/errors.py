"""The errors that a user can cause. Each message says what was expected, what was found and what to do."""

import difflib
import re
import reprlib
import unicodedata
from collections.abc import Sequence
from numbers import Integral
from pathlib import Path
from types import UnionType
from typing import Any

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80
_BLANKS = re.compile("[ \n\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
JOINERS = "\u200c\u200d"
"""Format characters that emoji and some scripts need."""


def short_repr(value: Any) -> str:
    """Return a short representation of any value for use in a sentence.

    >>> short_repr([1] * 1000)
    '[1, 1, 1, 1, 1, 1, ...]'
    """
    return _SHORT.repr(value)


def clip_text(text: str, most: int = 200) -> str:
    """Return a text, shortened to its first characters if it is longer than ``most``.

    >>> clip_text("a.txt + b.txt", 9)
    'a.txt + …'
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def join_alternatives(words: Sequence[str]) -> str:
    """Return alternatives as a phrase.

    >>> join_alternatives(["last", "every"]), join_alternatives(["scalar", "one-hot", "embedding"])
    ('last or every', 'scalar, one-hot or embedding')
    """
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def suggestion(found: Any, words: Sequence[str]) -> str:
    """Return a question that names the most similar word; an empty string if none is similar.

    >>> suggestion("quik", ["quick", "standard", "best"])
    ' (did you mean quick?)'
    """
    similar = difflib.get_close_matches(found, words, n=1, cutoff=0.8) if isinstance(found, str) and len(found) < 80 else []
    return f" (did you mean {similar[0]}?)" if similar else ""


def check_choice(setting: str, found: Any, choices: Sequence[str]) -> None:
    """Check that a value is one of the choices of a setting.

    Raises:
        ConfigError: If it is not; the message names the similar one.
    """
    if found not in choices:
        hint = suggestion(found, choices)
        raise ConfigError(setting=setting, expected=join_alternatives(choices), found=found, hint=hint)


def check_integer(setting: str, found: Any, least: int, most: int | None = None) -> int:
    """Return the value of a setting that is an integer of Python or NumPy, within its bounds.

    Raises:
        ConfigError: If it is not.
    """
    if isinstance(found, int | Integral) and not isinstance(found, bool):
        value = int(found)
        if least <= value and (most is None or value <= most):
            return value
    raise ConfigError(setting=setting, expected=range_phrase("an integer", ge=least, le=most), found=found)


def check_instance(setting: str, found: Any, kinds: type | UnionType, expected: str) -> None:
    """Check that the value of a setting is an instance of a class.

    Raises:
        ConfigError: If it is not.
    """
    if not isinstance(found, kinds):
        raise ConfigError(setting=setting, expected=expected, found=found)


def range_phrase(
    what: str, ge: float | None = None, gt: float | None = None, le: float | None = None, lt: float | None = None
) -> str:
    """Return a phrase for the expected number and its bounds.

    The bounds are named as in msgspec: ``ge`` and ``le`` are inclusive, ``gt`` and ``lt`` exclusive.

    >>> range_phrase("an integer", ge=1, le=1_000_000), range_phrase("a number", gt=0.0), range_phrase("a number", ge=0, lt=1)
    ('an integer from 1 to 1,000,000', 'a number above 0', 'a number of at least 0 and below 1')
    >>> range_phrase("an integer", ge=0, le=2**63 - 1)
    'an integer from 0 to 9,223,372,036,854,775,807'
    """
    if ge is not None and le is not None:
        return f"{what} from {_number(ge)} to {_number(le)}"
    bounds = (("of at least", ge), ("above", gt), ("up to", le), ("below", lt))
    limits = " and ".join(f"{words} {_number(bound)}" for words, bound in bounds if bound is not None)
    return f"{what} {limits}".rstrip()


def _number(value: float) -> str:
    if isinstance(value, int):  # a float would round a large one
        return f"{value:,}"
    return f"{value:,.0f}" if value.is_integer() and abs(value) < 2**63 else f"{value:g}"


def excerpt(text: str, columns: int) -> str:
    r"""Return the beginning of a text in quotes, on one line.

    Each run of line ends and blanks becomes one space. Other characters that do not print are escaped, except the joiners of
    emoji and of some scripts.

    Args:
        text: The text.
        columns: Maximum width of the result, in terminal columns.

    >>> print(excerpt("\n  The ferry\n\tcrosses at six.", 23))
    "The ferry \tcrosses …"
    """
    result, width = "", 2  # the quotes
    for character in _BLANKS.sub(" ", text).strip(" "):
        printable = character.isprintable() or character in JOINERS
        piece = character if printable else character.encode("unicode_escape").decode()
        added = sum(_width(part) for part in piece)
        if width + added > columns - 1:
            return f'"{result}…"'
        result, width = result + piece, width + added
    return f'"{result}"'


def has_no_width(character: str) -> bool:
    """Return whether a character is written over or into the one before it: an accent, a joiner, a variation selector."""
    return unicodedata.category(character) in ("Mn", "Me") or character in JOINERS


def _width(character: str) -> int:
    """Return the width of a character in terminal columns: 0, 1 or 2."""
    if has_no_width(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class CharlstmError(Exception):
    """An error with a sentence for the user and an exit code; the command line prints no traceback for it.

    Further arguments are lines printed after the sentence, such as the rows of a table.
    """

    exit_code = 1

    def __str__(self) -> str:
        """Return the sentence and the lines after it."""
        return "\n".join(map(str, self.args))


class ConfigError(CharlstmError):
    """An invalid setting or combination of settings.

    Attributes:
        setting: Name of the invalid setting; None for a combination of settings.
        reason: The problem, without the setting's name.
        expected: Description of valid values.
        found: The invalid value.
        hint: Question that suggests a similar valid value; an empty string if there is none.
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


class EncodingError(CorpusError):
    """A text that is not in the text encoding it was read with, or is no text."""


class UnknownCharacterError(CharlstmError):
    """A text with characters that are not in the vocabulary."""


class CheckpointError(CharlstmError):
    """A checkpoint that is missing, damaged or incompatible."""


class SaveError(CheckpointError):
    """A training run that cannot save its state, and can be resumed from the last one.

    Attributes:
        folder: The checkpoint.
    """

    def __init__(self, sentence: str, folder: Path) -> None:
        self.folder = folder
        super().__init__(sentence)


class TakenError(CheckpointError):
    """A checkpoint that already exists, or that another process is creating or training."""


class TrainingError(CharlstmError):
    """A training run that cannot continue."""


class GroupError(TrainingError):
    """A group of workers that can no longer train together.

    The exit code tells a job scheduler that restarting all workers may help.
    """

    exit_code = 75  # EX_TEMPFAIL of sysexits.h
