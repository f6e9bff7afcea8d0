"""Names of settings turned into options: `batch_size=64` in a message of the library is --batch-size 64 on the command line."""

import ast
import re
import shlex
from contextlib import suppress

FORMER_OPTIONS = ("--weight-average", "--evaluations", "--validation", "--encoding-name", "--encoding", "--or-resume", "--cell")
"""Former names of options. They are accepted for one release, and not shown."""

_RENAMED = {"base": "--from", "models": "--mix"}
"""Options with a name of their own, by setting."""

_ARGUMENT = re.compile(r"""(?:(\w+)=)?('[^'`]*'|"[^"`]*")(?:, )?""")
_CALL = re.compile(rf"`charlstm\.(\w+)\(((?:{_ARGUMENT.pattern})*)\)`")
_SETTING = re.compile(r"`([a-z][a-z_]*)(?:=([^`]*))?`")


def flag(setting: str) -> str:
    """Return the option of a setting.

    >>> flag("batch_size"), flag("base")
    ('--batch-size', '--from')
    """
    return _RENAMED.get(setting) or f"--{setting.replace('_', '-')}"


def with_flags(message: str) -> str:
    """Return a message of the library with every setting in backticks as an option.

    >>> with_flags("lower `batch_size`, or train on with `resume='ferry'` and `use_bias=False`")
    'lower --batch-size, or train on with --resume ferry and --no-use-bias'

    A call of the library becomes the shell command that does the same:

    >>> with_flags("Resume it with: `charlstm.train(resume='my novel')`")
    "Resume it with: charlstm train --resume 'my novel'"
    """
    return _SETTING.sub(_option, _CALL.sub(_command, message))


def _command(match: re.Match[str]) -> str:
    """Return the shell command of a call whose arguments are strings."""
    words = ["charlstm", match[1]]
    for name, text in _ARGUMENT.findall(match[2]):
        try:
            words += [flag(name)] * bool(name) + [ast.literal_eval(text)]
        except (SyntaxError, ValueError):  # a note of a damaged checkpoint, which is not a call
            return match[0]
    return shlex.join(words)


def _option(match: re.Match[str]) -> str:
    setting, value = match.groups()
    if value in ("True", "False"):
        return flag(setting if value == "True" else f"no_{setting}")
    with suppress(SyntaxError, ValueError):  # a number is not quoted, and a template such as FILE is not Python
        value = shlex.quote(text) if value and isinstance(text := ast.literal_eval(value), str) else value
    return flag(setting) + (f" {value}" if value else "")
