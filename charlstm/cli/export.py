"""``charlstm export``."""

from typing import Annotated

import typer

from charlstm.choices import ExportFormat, WeightsFormat
from charlstm.cli.evaluation_inputs import CorpusOption
from charlstm.cli.flags import with_flags
from charlstm.cli.generation_inputs import threads
from charlstm.cli.options import choice
from charlstm.cli.outputs import check_outputs
from charlstm.cli.terminal import CheckpointOption, SearchOption, find_model, printable_name, say
from charlstm.formatting import about


def export(
    to: Annotated[
        str,
        typer.Option(
            help="What to write: a file that ends in .html, a page that writes in any browser; or a folder, an ES module for a "
            "page of one's own.",
            metavar="FILE",
        ),
    ],
    checkpoint: CheckpointOption = None,
    format: Annotated[  # noqa: A002 (the option's name)
        ExportFormat | None, typer.Option(help="Format, if the name does not say it.", **choice(ExportFormat))
    ] = None,
    weights: Annotated[
        WeightsFormat,
        typer.Option(help="float16 halves the file; the command prints what that costs.", **choice(WeightsFormat)),
    ] = "float16",
    corpus: CorpusOption = None,
    checkpoints: SearchOption = None,
) -> None:
    """Write a model as a page that runs in a browser.

    The name decides: a file that ends in .html is the page; a folder gets an ES module and the weights, for a page of one's
    own.
    """
    from charlstm.export.formats import check_target, export_model

    path, chosen = check_target(to, format)
    if chosen == "html":
        check_outputs(to=path)
    model = find_model(checkpoint, checkpoints)
    with threads(model.config, rows=1):  # a few seconds of scoring are not worth waiting for a second core
        found = export_model(
            model.path,
            model.checkpoint,
            model.weights,
            path,
            name=printable_name(model.name),
            file_format=chosen,
            weights_format=weights,
            corpus=corpus or [],
        )
    size, card = f"{about(found.size / 1e6)} MB", found.card
    what = "The page is" if chosen == "html" else "The module and the model are"
    say(f"{what} in {printable_name(str(path))} ({size}).")
    if card.nats_per_char is None or card.added_nats is None:
        say(f"The stored weights are not scored: {with_flags(found.unmeasured)}.")
    else:
        say(
            f"The {weights} weights score {card.nats_per_char:.4f} nats per character on the last {card.held_out:,} characters "
            f"of the corpus, {card.added_nats:+.5f} against those of the checkpoint."
        )
