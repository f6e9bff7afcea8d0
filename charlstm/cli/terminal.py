"""Messages on stderr, JSON on stdout, and options that several commands have."""

import errno
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO
from unicodedata import category

import typer
from tqdm.utils import disp_len

from charlstm.choices import OnUnknown, WeightsFormat
from charlstm.cli.flags import with_flags
from charlstm.cli.layout import columns, wrapped
from charlstm.errors import JOINERS
from charlstm.formatting import first_of, replacements, visible_character

if TYPE_CHECKING:
    from charlstm.model import Model
    from charlstm.text.vocabulary import Vocabulary

CheckpointsOption = Annotated[
    Path,
    typer.Option("--checkpoints", envvar="CHARLSTM_CHECKPOINTS", help="Folder of the checkpoints.", metavar="FOLDER"),
]
SearchOption = Annotated[
    Path | None,
    typer.Option(
        "--checkpoints",
        envvar="CHARLSTM_CHECKPOINTS",
        help="Folder of the checkpoints. Default: checkpoints, then the user's data folder, then the demo model.",
        metavar="FOLDER",
        show_default=False,
    ),
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
    r"""Return a text with control characters replaced by their pictures, since a terminal would execute them.

    >>> visible("red: \x1b[31m")
    'red: ␛[31m'
    """
    return text.translate({code: picture for code, picture in _PICTURES.items() if chr(code) not in kept})


def say(message: str) -> None:
    """Print a message on stderr, as :func:`say_text` does; the names in it cannot reorder or hide the rest."""
    say_text(printable_name(message, "\n\t"))


def say_command(sentence: str, command: str) -> None:
    """Print a sentence and a shell command on stderr; the command is never broken, so that it can be copied."""
    line, width = f"{sentence} {command}", columns(sys.stderr)
    if width is None or disp_len(line) <= width:
        say(line)
    else:
        say(sentence)
        say_text(printable_name(command), wrap=False)


def say_text(text: str, *, wrap: bool = True) -> None:
    """Print text on stderr, wrapped between words on a terminal.

    If stderr is closed (a terminal, the reader of a log), the text is dropped and the command continues.
    """
    shown = visible(text, "\n\t")
    try:
        print(wrapped_on_stderr(shown) if wrap else shown, file=sys.stderr, flush=True)
    except OSError as error:  # the disk of a log may have room again
        if error.errno in (errno.EPIPE, errno.EIO):
            abandon(sys.stderr)


MixOption = Annotated[
    list[str] | None,
    typer.Option(
        "--mix",
        help="Mix in another model with a weight, such as novel:0.4: the geometric mean of both models' probabilities. Repeat "
        "for several models.",
        metavar="NAME:WEIGHT",
        show_default=False,
    ),
]


def find_mixture(
    checkpoint: str | None, checkpoints: Path | None, mixed: list[str] | None, weights: WeightsFormat = "float32"
) -> "Model":
    """Return the model of ``--checkpoint`` with those of ``--mix``, which may be none.

    Raises:
        typer.BadParameter: If a value of ``--mix`` is not a name with a weight, or the weights leave none for the first model.
    """
    model = find_model(checkpoint, checkpoints, weights)
    if not mixed:
        return model
    from charlstm.model_mixture import mix

    others = []
    for value in mixed:
        name, _, number = value.rpartition(":")
        try:
            weight = float(number)
        except ValueError:
            name = ""
        if not name or not 0 < weight < 1:
            raise typer.BadParameter(f"--mix: expected NAME:WEIGHT with a weight between 0 and 1; found {value!r}")
        others.append((find_model(name, checkpoints, weights), weight))
    rest = 1 - sum(weight for _, weight in others)
    if rest < 1e-9:
        raise typer.BadParameter(
            f"--mix: expected weights whose sum is below 1, the first model's is the rest; found {1 - rest:g}"
        )
    return mix([(model, rest), *others])


def find_model(checkpoint: str | None, checkpoints: Path | None, weights: WeightsFormat = "float32") -> "Model":
    """Return the model of ``--checkpoint`` and ``--checkpoints``; say which one it is if it is not in ./checkpoints."""
    from charlstm.model import load

    model = load(checkpoint, checkpoints=checkpoints, weights=weights)
    named_by_path = checkpoint is not None and model.path == Path(checkpoint)
    if checkpoints is None and model.path.parent != CHECKPOINTS and not named_by_path:
        say(f"Using the model {printable_name(model.name)} in {printable_name(str(model.path.parent))}.")
    return model


def wrapped_on_stderr(text: str) -> str:
    """Return text wrapped between words if stderr is a terminal."""
    width = columns(sys.stderr)
    return wrapped(text, width) if width else text


def say_note(sentence: str) -> None:
    """Print a sentence of the library on stderr, with its settings as options."""
    say(with_flags(sentence))


def write_given(text: str, stream: TextIO) -> None:
    """Write text that the model did not generate: dim on a terminal, unchanged elsewhere."""
    if text and stream.isatty() and os.environ.get("TERM") != "dumb":
        typer.secho(visible(text, "\n\t"), file=stream, nl=False, dim=True)
    else:
        stream.write(visible(text, "\n\t") if stream.isatty() else text)


def known_text(vocabulary: "Vocabulary", text: str, on_unknown: OnUnknown) -> str:
    """Return a text with unknown characters treated as ``--on-unknown`` says, and report every change."""
    from charlstm.text.replacement import replace_unknown
    from charlstm.text.vocabulary import quoted

    found = replace_unknown(vocabulary, text, on_unknown)
    if found.respelled:
        pairs = [f"{_code_points(before)} → {_code_points(after)}" for before, after in found.respelled]
        say(f"The same characters, spelled as the model knows them: {first_of(pairs)}")
    if found.replaced:
        done = f"replaced by the nearest known ones: {replacements(found.replaced)}"
        say(f"The model does not know every character; {done}")
    if found.left_out:
        say(f"The model does not know {quoted(found.left_out)}: left out.")
    return found.text


def known_text_to_read(vocabulary: "Vocabulary", text: str, on_unknown: OnUnknown) -> str:
    """Return a text to score or inspect: unchanged if the model has a placeholder for unknown characters.

    ``--on-unknown skip`` and ``replace`` apply even then.
    """
    return text if vocabulary.rare and on_unknown == "error" else known_text(vocabulary, text, on_unknown)


def _code_points(text: str) -> str:
    """Return a character with its code points, which distinguish equivalent spellings."""
    return f"{visible_character(text)} ({' '.join(f'U+{ord(character):04X}' for character in text)})"


def printable_name(name: str, kept: str = "") -> str:
    r"""Return a name, or a message with names, as printable text.

    Names need not be UTF-8, and may have control characters. Format characters, such as those that reverse the direction of
    writing, are escaped, except the joiners of emoji and of some scripts.

    >>> print(printable_name("\u202efoo"))
    \u202efoo
    >>> print(printable_name("bad\udcff.txt"))
    bad\xff.txt
    """
    # Python holds a byte of a name that is not UTF-8 as a surrogate.
    name = re.sub("[\udc80-\udcff]", lambda match: f"\\x{ord(match[0]) - 0xDC00:02x}", name)
    encoded = name.encode("utf-8", "backslashreplace").decode()
    return "".join(map(_without_format, visible(encoded, kept)))


def _without_format(character: str) -> str:
    if character in JOINERS or category(character) not in ("Cf", "Zl", "Zp"):
        return character
    return character.encode("unicode_escape").decode()


def print_json(value: dict[str, Any]) -> None:
    """Print the JSON object of ``--json`` on stdout."""
    print(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))


def abandon(stream: TextIO) -> None:
    """Discard what a stream could not write, or the interpreter would try again and fail at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
