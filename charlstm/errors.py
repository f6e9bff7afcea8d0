"""The errors that a user can cause; each message says what was expected, what was found and what to do."""

import reprlib
from typing import Any

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80


def shown(value: Any) -> str:
    """A value as it can stand in a sentence, whatever it is.

    >>> shown([1] * 1000)
    '[1, 1, 1, 1, 1, 1, ...]'
    """
    return _SHORT.repr(value)


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


class TakenError(CheckpointError):
    """A checkpoint that exists already, or that another process makes or trains."""


class TrainingError(CharlstmError):
    """A training run that cannot go on."""


class GroupError(TrainingError):
    """Workers that train together and cannot any more; to start them all again may help, which the exit code says."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h
