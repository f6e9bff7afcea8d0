"""What the commands share: messages on stderr, JSON on stdout, common options."""

import errno
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TextIO

import typer

if TYPE_CHECKING:
    from charlstm.text.vocabulary import Vocabulary

OnUnknown = Literal["error", "skip", "replace"]

CheckpointsOption = Annotated[
    Path,
    typer.Option("--checkpoints", envvar="CHARLSTM_CHECKPOINTS", help="Folder of the checkpoints.", metavar="FOLDER"),
]
CheckpointOption = Annotated[
    str | None,
    typer.Option(
        "--checkpoint", help="Name or folder of the checkpoint. Default: the newest.", metavar="NAME", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout in place of text.")]

CHECKPOINTS = Path("checkpoints")


_PICTURES = {**{code: 0x2400 + code for code in range(32)}, 0x7F: 0x2421, **dict.fromkeys(range(0x80, 0xA0), 0xFFFD)}


def visible(text: str, kept: str = "\n") -> str:
    r"""A text whose control characters are pictures of themselves: a terminal would obey them.

    >>> visible("red: \x1b[31m")
    'red: ␛[31m'
    """
    return text.translate({code: picture for code, picture in _PICTURES.items() if chr(code) not in kept})


def say(message: str) -> None:
    """A line for the user, on stderr. If that is gone, a closed terminal or the reader of a log, the work goes on unseen."""
    try:
        print(visible(message, "\n\t"), file=sys.stderr, flush=True)
    except OSError as error:  # the disk of a log may have room again
        if error.errno in (errno.EPIPE, errno.EIO):
            abandon(sys.stderr)


def fitted(vocabulary: "Vocabulary", text: str, on_unknown: OnUnknown) -> str:
    """A text in characters that the model knows, as far as ``--on-unknown`` sees to that; the user is told."""
    result = vocabulary.fit(text, on_unknown)
    if result != text:
        unknown = " ".join(map(repr, vocabulary.unknown(text)))
        what = "left out" if on_unknown == "skip" else "replaced by the nearest known characters"
        say(f"The model does not know {unknown}: {what}.")
    return result


def readable(name: str) -> str:
    """A name as it can be printed: file names need not be UTF-8, and may have control characters."""
    return visible(name.encode("utf-8", "backslashreplace").decode(), "")


def print_json(value: dict[str, Any]) -> None:
    """The one JSON object of ``--json``, on stdout."""
    print(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))


def abandon(stream: TextIO) -> None:
    """Discard what a stream could not write: the interpreter would try again, and complain, when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> duration(7.4), duration(75), duration(3700)
    ('7 s', '1:15 min', '1:01:40 h')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02} h"
