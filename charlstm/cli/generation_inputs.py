"""Options and helpers of the commands that generate: the seed, the stop strings, the number of threads."""

import os
import re
from contextlib import nullcontext, suppress
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charlstm.choices import OnUnknown
from charlstm.cli.refusals import once
from charlstm.cli.terminal import known_text, printable_name, say, say_note
from charlstm.errors import CharlstmError, clip_text

if TYPE_CHECKING:
    from charlstm.checkpoint.config_records import CheckpointConfig
    from charlstm.config import ModelConfig
    from charlstm.inference.generation_settings import GenerationSettings
    from charlstm.text.vocabulary import Vocabulary

_ESCAPE = r"\\\\?n"
_SMALL = 100_000_000


SeedOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TEXT",
        help="Text to continue; \\n is a line end, \\\\n a backslash and an n. Default: a passage of the corpus.",
        show_default=False,
    ),
]
SeedFileOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE",
        help="File with the text to continue, without its last line end; - reads stdin.",
        show_default=False,
    ),
]


class _EmptySeedError(CharlstmError):
    """A seed without a character that the model knows."""


@dataclass(frozen=True)
class SeedSource:
    """Where the texts to continue come from: the values of the options.

    Attributes:
        seeds: Values of ``--seed``.
        seed_files: Values of ``--seed-file``.
        seeds_file: Value of ``--seeds-file``.
        text_encoding: Text encoding of the files.
    """

    seeds: list[str] | None
    seed_files: list[str] | None
    seeds_file: str | None
    text_encoding: str


@dataclass(frozen=True)
class Seeds:
    """The texts to continue.

    Attributes:
        texts: The texts, in characters that the model knows.
        given: True if the user gave them; False if the only one is a passage of the corpus.
    """

    texts: tuple[str, ...]
    given: bool


def encoding_of(option: str, files: list[str] | str | None, text_encoding: str | None) -> str:
    """Return the text encoding of an option's file, by default UTF-8; refuse one without a file that needs it."""
    from charlstm.text.prepared_corpus import used_text_encoding

    if text_encoding is not None and not files:
        raise typer.BadParameter(
            f"--text-encoding is the text encoding of {option}; give such a file too, or remove --text-encoding"
        )
    return used_text_encoding(text_encoding, [files] if isinstance(files, str) else files or [])


def find_seeds(
    source: SeedSource,
    config: "CheckpointConfig",
    random_seed: int,
    on_unknown: OnUnknown,
    *,
    named: bool,
    whole_lines: bool = False,
) -> Seeds:
    """Return the texts to continue: given ones, or by default a passage of the corpus.

    Args:
        source: Where they come from.
        config: The checkpoint's configuration, with passages of its corpus.
        random_seed: Number that chooses the passage.
        on_unknown: Action for characters that the model does not know.
        named: True to print the passage on stderr.
        whole_lines: True for a passage that ends with a line end.
    """
    from charlstm.inference.generation_inputs import default_seed
    from charlstm.text.corpus import read_text

    seed_file, file, encoding = once("--seed-file", source.seed_files), source.seeds_file, source.text_encoding
    given = {"--seed": source.seeds, "--seed-file": seed_file, "--seeds-file": file}
    names = [name for name, value in given.items() if value]
    if len(names) > 1:
        raise typer.BadParameter(f"give {' or '.join(names)}, not {'both' if len(names) == 2 else 'all of them'}")
    if file is not None:
        whole = read_text(file, encoding, say_note)
        if not whole:
            shown = "standard input" if file == "-" else printable_name(file)
            raise CharlstmError(f"{shown} is empty; give a file with a seed on each line")
        lines = whole.removesuffix("\n").split("\n")
        return Seeds(tuple(_line(file, number, line, config, on_unknown) for number, line in enumerate(lines, 1)), given=True)
    if seed_file is not None:
        texts = [read_text(seed_file, encoding, say_note).removesuffix("\n")]
    elif source.seeds:
        texts = [unescaped("--seed", seed, config.vocabulary) for seed in source.seeds]
    else:
        passage = default_seed(config, random_seed, whole_lines=whole_lines)
        if named:
            if config.corpus.has_passages:
                corpus = printable_name(clip_text(config.corpus.name))
                say(f"Without --seed, starting from this passage: {passage!r} (of {corpus})")
            else:
                say(f"Without --seed, starting from {passage!r}: the checkpoint has no passage of the text it was trained on")
        return Seeds((passage,), given=False)
    return Seeds(tuple(_known(text, config, on_unknown) for text in texts), given=True)


def _known(text: str, config: "CheckpointConfig", on_unknown: OnUnknown) -> str:
    """Return a given text in the characters of the model."""
    known = known_text(config.vocabulary, text, on_unknown)
    if not known:
        raise _EmptySeedError(
            f"the seed is empty{' without its unknown characters' if text else ''}; give at least one character that the "
            "model knows with --seed, or leave it out for a passage of the corpus"
        )
    config.vocabulary.encode(known)  # refuses unknown characters before anything is printed
    return known


def _line(file: str, number: int, line: str, config: "CheckpointConfig", on_unknown: OnUnknown) -> str:
    """Return a line of ``--seeds-file`` in the characters of the model."""
    where = f"line {number} of {'standard input' if file == '-' else printable_name(file)}"
    if not line:
        raise CharlstmError(f"{where} is empty; give a seed of at least one character on each line, or remove the line")
    try:
        return _known(line, config, on_unknown)
    except _EmptySeedError:
        raise CharlstmError(f"{where} has no character that the model knows; give it one, or remove the line") from None
    except CharlstmError as error:
        raise CharlstmError(f"{where}: {error}") from None


def stop_strings(strings: list[str] | None, vocabulary: "Vocabulary") -> list[str]:
    """Return the strings of ``--stop``; refuse those that the model can never generate."""
    from charlstm.inference.generation_inputs import known_stop

    stops = []
    for string in strings or []:
        if not string:
            raise typer.BadParameter("--stop: expected at least one character; found ''")
        stops.append(known_stop(vocabulary, known_text(vocabulary, unescaped("--stop", string, vocabulary), "error")))
    return stops


def unescaped(option: str, text: str, vocabulary: "Vocabulary") -> str:
    r"""Return a text of the command line, in which ``\n`` is a line end and ``\\n`` a backslash and an n.

    Few shells can pass a line end. CR LF and CR are line ends too, as in files. Every other backslash stands for itself. If
    the model knows backslashes, a note on stderr says how they were read.
    """
    with suppress(UnicodeError):  # arguments are in UTF-8, even if the locale is another or none
        text = os.fsencode(text).decode()
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if others := re.findall(r"\\[tr]", re.sub(_ESCAPE, "", text)):
        say(rf"In {option}, \n is a line end and no other backslash is special: {others[0]} stands for itself.")
    readings = {r"\n": "a line end", r"\\n": "a backslash and an n"}
    found = list(dict.fromkeys(re.findall(_ESCAPE, text)))
    if found and "\\" in vocabulary.characters:
        said = " and ".join(f"{written} is read as {readings[written]}" for written in found)
        other = r"; '\\n' is a backslash and an n" if r"\\n" not in found else ""
        say(f"In {option}, {said}{other}.")
    return re.sub(_ESCAPE, lambda match: "\n" if match[0] == r"\n" else r"\n", text)


def threads(model: "ModelConfig", rows: int) -> Any:
    """Return a context in which small products run on one thread, unless OPENBLAS_NUM_THREADS is set.

    Two threads synchronise at every character. They are up to 1.5 times as fast as one on an idle machine, and up to six
    times as slow on a busy one.

    Args:
        model: The network.
        rows: Rows of a step's product.
    """
    if "OPENBLAS_NUM_THREADS" in os.environ:
        return nullcontext()
    from threadpoolctl import ThreadpoolController

    from charlstm.formatting import count_parameters

    operations = 2 * rows * count_parameters(model.weight_shapes)  # of one character
    return ThreadpoolController().limit(limits=1 if operations < _SMALL else None)


def advice_for_many(samples: int) -> list[str]:
    """Return the advice to write many texts to a file; empty for few."""
    from charlstm.cli.bulk import BATCH

    return [f"write to a file with --output, {BATCH} texts at a time in each process"] * (samples > BATCH)


def settings_of(context: typer.Context, random_seed: int) -> "GenerationSettings":
    """Return the settings of a generation: the options of the command that are named like them.

    Args:
        context: The options of the command.
        random_seed: Random seed of the first text.
    """
    from charlstm.inference.generation_settings import GenerationSettings

    given = {field.name: context.params[field.name] for field in fields(GenerationSettings)}
    if given["end"] is None:
        given["end"] = "sentence" if context.params["interactive"] else "none"
    return GenerationSettings(**{**given, "random_seed": random_seed})
