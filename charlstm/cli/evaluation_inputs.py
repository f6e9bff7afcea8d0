"""Options and helpers of the commands that score a model: the text to score, the training text, the progress bar."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from tqdm import tqdm

from charlstm.choices import OnUnknown
from charlstm.cli.memory_checks import check_text
from charlstm.cli.options import choice, integer
from charlstm.cli.terminal import known_text_to_read, printable_name, say, say_note
from charlstm.formatting import exactly

if TYPE_CHECKING:
    from charlstm.evaluation.evaluation_texts import EvaluationTexts
    from charlstm.evaluation.scores import Scores
    from charlstm.model import Model
    from charlstm.text.vocabulary import Ids, Vocabulary

CorpusOption = Annotated[
    list[str] | None,
    typer.Option(
        help="File of the training text, if it has moved. Repeat for several files.", metavar="FILE", show_default=False
    ),
]
SampleOption = Annotated[int, typer.Option(help="Positions scored with a window each; more take more time.", **integer(2))]
UnknownOption = Annotated[
    OnUnknown,
    typer.Option(
        help="Action for characters that are not in the vocabulary; error accepts them if the model has rare characters.",
        **choice(OnUnknown),
    ),
]
TextEncodingOption = Annotated[
    str | None,
    typer.Option(
        "--text-encoding",
        "--encoding-name",
        help="Text encoding of the files. Default: utf-8.",
        metavar="ENCODING",
        show_default=False,
    ),
]


def find_texts(
    model: "Model",
    text: str | None,
    corpus: list[str] | None,
    on_unknown: OnUnknown,
    text_encoding: str | None,
) -> "EvaluationTexts":
    """Return the text to score and the training text.

    Args:
        model: The model, or a mixture.
        text: Path of a text to score in place of the held-out one, or - for stdin.
        corpus: Paths of the training text; None to search for it.
        on_unknown: Action for characters of the texts that the model does not know.
        text_encoding: Text encoding of both; None for UTF-8, and for that of the training where the text is searched for.

    Raises:
        ConfigError: If a text encoding is given for prepared corpora alone, or is unknown.
        CorpusError: If fewer than two characters of the text are known to the model.
    """
    from charlstm.errors import CorpusError
    from charlstm.evaluation.evaluation_texts import EvaluationText, evaluation_texts
    from charlstm.text.corpus import check_encoding, read_text
    from charlstm.text.prepared_corpus import used_text_encoding

    if text == "-" and "-" in (corpus or []):
        raise typer.BadParameter("the text to score and --corpus cannot both be read from stdin")
    encoding = used_text_encoding(text_encoding, [*filter(None, [text]), *(corpus or [])])
    check_encoding(encoding)
    measured = None
    if text is not None:
        whole = read_text(text, encoding, say_note)
        check_text(len(whole))
        ids = model.vocabulary.encode_any(known_text_to_read(model.vocabulary, whole, on_unknown))
        name = "standard input" if text == "-" else printable_name(text)
        if len(ids) < 2:
            found = exactly(len(ids), "character")
            raise CorpusError(f"{name} has {found} that the model knows; at least two are needed to predict one")
        measured = EvaluationText(name, ids)
    return evaluation_texts(
        model.path,
        model.recorded,
        measured,
        corpus or [],
        text_encoding,
        vocabulary=model.vocabulary,
        on_unknown=on_unknown,
    )


def say_rare(vocabulary: "Vocabulary", ids: "Ids") -> None:
    """Report how many characters of a text the model did not learn, and their cost in nats."""
    rare = ids[ids >= len(vocabulary)]
    if len(rare):
        say(
            f"{len(rare):,} of {len(ids):,} characters {'is' if len(rare) == 1 else 'are'} rare or new to the model: each "
            f"costs the placeholder's surprisal plus {vocabulary.naming_nats(rare).mean():.1f} nats on average "
            "to name the character."
        )


def say_unbounded(found: "Scores | None") -> None:
    """Report how many characters have no finite surprisal because the carried state grew out of bounds."""
    from charlstm.text.scoring import MAX_NATS

    if found and found.unbounded:
        better = found.nats_per_char(found.window) < 0.9 * found.nats_per_char()
        say(
            f"With its state carried, the model gives {found.unbounded:,} of {len(found.stateful):,} characters a probability "
            f"too small for a float32: each counts as {MAX_NATS:.1f} nats."
            f"{' Generate with `--mode stateless`.' if better else ' Its weights may be damaged.'}"
        )


def bar(work: float) -> "tqdm[Any]":
    """Return a progress bar over work in any unit, with elapsed and remaining time; it is shown on a terminal only."""
    form = "{percentage:3.0f}%|{bar}| {elapsed}<{remaining}"
    return tqdm(total=work, bar_format=form, smoothing=0, disable=not sys.stderr.isatty(), leave=False, dynamic_ncols=True)
