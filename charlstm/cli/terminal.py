"""What the commands share: saying things, stated errors, common options."""

import errno
import functools
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TextIO, TypeVar

import typer

from charlstm.cli.layout import columns, wrapped
from charlstm.errors import CharlstmError

if TYPE_CHECKING:
    from charlstm.text.vocabulary import Vocabulary

Result = TypeVar("Result")
OnUnknown = Literal["error", "skip", "replace"]

CheckpointsOption = Annotated[
    Path,
    typer.Option("--checkpoints", envvar="CHARLSTM_CHECKPOINTS", help="The folder that checkpoints are in.", metavar="FOLDER"),
]
CheckpointOption = Annotated[
    str | None, typer.Option("--checkpoint", help="Name or folder of the model. Default: the newest.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object to stdout instead.")]

CHECKPOINTS = Path("checkpoints")


_PICTURES = {**{code: 0x2400 + code for code in range(32)}, 0x7F: 0x2421, **dict.fromkeys(range(0x80, 0xA0), 0xFFFD)}


def visible(text: str, kept: str = "\n") -> str:
    r"""A text whose control characters are pictures of themselves: a terminal would obey them.

    >>> visible("red: \x1b[31m")
    'red: ␛[31m'
    """
    return text.translate({code: picture for code, picture in _PICTURES.items() if chr(code) not in kept})


def say(message: str) -> None:
    """Print a message for the user on stderr, wrapped between words if that is a terminal.

    If stderr is gone (a closed terminal, the reader of a log), the message is dropped and the command continues.
    """
    shown, width = visible(message, "\n\t"), columns(sys.stderr)
    try:
        print(wrapped(shown, width) if width else shown, file=sys.stderr, flush=True)
    except OSError as error:  # the disk of a log may have room again
        if error.errno in (errno.EPIPE, errno.EIO):
            _abandon(sys.stderr)


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


def stated(command: Callable[..., Result]) -> Callable[..., Result]:
    """End a command with the exit code and the one sentence that its error calls for."""

    @functools.wraps(command)
    def wrapped(*arguments: Any, **options: Any) -> Result:
        try:
            result = command(*arguments, **options)
            sys.stdout.flush()
            return result
        except CharlstmError as error:
            say(f"charlstm: {error}")
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            with suppress(OSError):
                sys.stdout.flush()  # what was written comes before what is said of it
            say("\ncharlstm: interrupted")
            raise typer.Exit(130) from None
        except MemoryError:
            say("charlstm: the memory does not suffice; try fewer --samples, a shorter window, or --mode stateful")
            raise typer.Exit(1) from None
        except BrokenPipeError:  # whoever read our output has had enough
            _abandon(sys.stdout)
            raise typer.Exit(0) from None
        except OSError as error:
            _abandon(sys.stdout)
            what = f"{error.filename} cannot be used" if error.filename else "the output cannot be written"
            say(f"charlstm: {what} ({error.strerror}); make room, or choose another place")
            raise typer.Exit(1) from None

    return wrapped


def _abandon(stream: TextIO) -> None:
    """Let what could not be written go: the interpreter would try, and complain, once more at its end."""
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
