"""What the commands that measure share: the text to measure on, what the model learnt from, progress."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from tqdm import tqdm

from charlstm.cli.memory import check_text
from charlstm.cli.options import choice, integer
from charlstm.cli.terminal import OnUnknown, fitted_to_read, readable, say, say_note

if TYPE_CHECKING:
    from charlstm.checkpoint.config_file import CheckpointConfig
    from charlstm.evaluation.evaluation_texts import EvaluationTexts
    from charlstm.evaluation.scores import Scores
    from charlstm.text.vocabulary import Ids, Vocabulary

CorpusOption = Annotated[
    list[str] | None,
    typer.Option(
        help="File of the training text, if it has moved. May be given several times.", metavar="FILE", show_default=False
    ),
]
SampleOption = Annotated[int, typer.Option(help="Positions scored with a window each; more take longer.", **integer(2))]
UnknownOption = Annotated[
    OnUnknown,
    typer.Option(
        help="What to do with characters that are not in the vocabulary; error refuses none if the model has rare characters.",
        **choice(OnUnknown),
    ),
]


def find_texts(
    folder: Path,
    config: "CheckpointConfig",
    text: str | None,
    corpus: list[str] | None,
    on_unknown: OnUnknown,
    encoding_name: str,
) -> "EvaluationTexts":
    """The texts to measure with.

    Args:
        folder: The checkpoint.
        config: Its configuration.
        text: A text to measure on, in place of the held-out one: a path, or - for stdin.
        corpus: Where the text is that the model was trained on; it is looked for if None.
        on_unknown: What to do with characters of the text that the model does not know.
        encoding_name: Of either.
    """
    from charlstm.errors import CorpusError
    from charlstm.evaluation.evaluation_texts import EvaluationText, evaluation_texts
    from charlstm.text.corpus import read_text

    if text == "-" and "-" in (corpus or []):
        raise typer.BadParameter("a text to measure on and --corpus cannot both be read from stdin")
    measured = None
    if text is not None:
        whole = read_text(text, encoding_name, say_note)
        check_text(len(whole))
        ids = config.vocabulary.encode_any(fitted_to_read(config.vocabulary, whole, on_unknown))
        name = "standard input" if text == "-" else readable(text)
        if len(ids) < 2:
            raise CorpusError(f"{name} has {len(ids)} characters that the model knows; at least two are needed to predict one")
        measured = EvaluationText(name, ids)
    return evaluation_texts(folder, config, measured, corpus or [], encoding_name)


def say_rare(vocabulary: "Vocabulary", ids: "Ids") -> None:
    """Say how many characters of a text the model did not learn, and what they cost."""
    rare = ids[ids >= len(vocabulary)]
    if len(rare):
        say(
            f"{len(rare):,} of {len(ids):,} characters are rare or new to the model: each costs the placeholder's surprisal "
            f"and that of naming it, {vocabulary.naming_nats(rare).mean():.1f} nats on average."
        )


def say_unbounded(found: "Scores | None") -> None:
    """Say how much of a score stands for a state that grew out of bounds."""
    from charlstm.text.scoring import MAX_NATS

    if found and found.unbounded:
        better = found.nats_per_char(found.window) < 0.9 * found.nats_per_char()
        say(
            f"With its state carried the model gives {found.unbounded:,} of {len(found.stateful):,} characters no probability "
            f"that a float32 can hold: each counts as {MAX_NATS:.1f} nats."
            f"{' Write with it stateless (`--mode stateless`).' if better else ' Its weights may be damaged.'}"
        )


def bar(work: float) -> "tqdm[Any]":
    """Return a bar over work of any unit, on a terminal: how much of it is done, and the time to its end."""
    form = "{percentage:3.0f}%|{bar}| {elapsed}<{remaining}"
    return tqdm(total=work, bar_format=form, smoothing=0, disable=not sys.stderr.isatty(), leave=False, dynamic_ncols=True)
