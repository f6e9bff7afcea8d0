"""Names of settings turned into options: `batch_size=64` in a message of the library is --batch-size 64 on the command line."""

import re

FORMER_OPTIONS = ("--weight-average", "--evaluations", "--validation", "--encoding-name", "--encoding", "--or-resume", "--cell")
"""Former names of options. They are accepted for one release, and not shown."""

_SETTING = re.compile(r"`([a-z][a-z_]*)(?:=([^`]*))?`")


def flag(setting: str) -> str:
    """Return the option of a setting.

    >>> flag("batch_size"), flag("base")
    ('--batch-size', '--from')
    """
    return "--from" if setting == "base" else f"--{setting.replace('_', '-')}"


def with_flags(message: str) -> str:
    """Return a message of the library with every setting in backticks as an option.

    >>> with_flags("lower `batch_size`, or train on with `resume=ferry` and `use_bias=False`")
    'lower --batch-size, or train on with --resume ferry and --no-use-bias'
    """
    return _SETTING.sub(_option, message)


def _option(match: re.Match[str]) -> str:
    setting, value = match.groups()
    if value in ("True", "False"):
        return flag(setting if value == "True" else f"no_{setting}")
    return flag(setting) + (f" {value}" if value else "")
