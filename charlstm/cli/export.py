"""``charlstm export``."""

from typing import Annotated

import typer

from charlstm.choices import ExportFormat, OnnxInput, WeightsFormat
from charlstm.cli.evaluation_inputs import CorpusOption
from charlstm.cli.flags import with_flags
from charlstm.cli.generation_inputs import encoding_of, threads
from charlstm.cli.options import choice
from charlstm.cli.outputs import check_outputs
from charlstm.cli.terminal import CheckpointOption, SearchOption, find_model, printable_name, say
from charlstm.formatting import about


def export(
    to: Annotated[
        str,
        typer.Option(
            help="A file to write that ends in .html (a page that writes in any browser), .keras, .onnx, .pt.safetensors "
            "(PyTorch), .tflite (LiteRT) or .py (a program in NumPy); or a folder: savedmodel (TensorFlow), or with any other "
            "name an ES module for a page of one's own.",
            metavar="FILE",
        ),
    ],
    checkpoint: CheckpointOption = None,
    format: Annotated[  # noqa: A002 (the option's name)
        ExportFormat | None, typer.Option(help="Format, if the name does not say it.", **choice(ExportFormat))
    ] = None,
    weights: Annotated[
        WeightsFormat | None,
        typer.Option(
            help="Weights for a browser: float16, the default, halves the file; the command prints what that costs.",
            **choice(WeightsFormat),
        ),
    ] = None,
    stateful: Annotated[
        bool, typer.Option("--stateful", help="For .keras: layers that carry their state between calls, for one text.")
    ] = False,
    input: Annotated[  # noqa: A002 (the option's name)
        OnnxInput, typer.Option(help="For .onnx: character ids, or normalised windows.", **choice(OnnxInput))
    ] = "ids",
    int8: Annotated[
        bool,
        typer.Option(
            "--int8",
            help="For .tflite: large matrices as 8-bit integers, a quarter as large; the command prints what that costs.",
        ),
    ] = False,
    corpus: CorpusOption = None,
    text_encoding: Annotated[
        str | None, typer.Option(help="Text encoding of --corpus. Default: utf-8.", metavar="ENCODING", show_default=False)
    ] = None,
    checkpoints: SearchOption = None,
) -> None:
    """Write a model for a browser or another framework.

    The name decides the format. Each file works without charlstm, and holds an example of its use.
    """
    from charlstm.export.exporting import export_model
    from charlstm.export.formats import FOLDERS, WEB, FormatOptions, check_target

    path, chosen = check_target(to, format)
    encoding = encoding_of("--corpus", corpus, text_encoding)
    if chosen not in FOLDERS:
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
            text_encoding=encoding,
            options=FormatOptions(stateful=stateful, input=input, int8=int8),
        )
    size, card = f"{about(found.size / 1e6)} MB", found.card
    what = {"html": "The page is", "module": "The module and the model are"}.get(chosen, "The model is")
    beside = f", with its weights in {printable_name(path.with_suffix('.safetensors').name)}" if chosen == "numpy" else ""
    say(f"{what} in {printable_name(str(path))}{beside} ({size}).")
    stored = "int8" if int8 else weights or "float16"
    if chosen not in WEB and not int8:
        return
    if card.nats_per_char is None or card.added_nats is None:
        say(f"The stored weights are not scored: {with_flags(found.unmeasured)}.")
    else:
        say(
            f"The {stored} weights score {card.nats_per_char:.4f} nats per character on "
            f"{card.held_out:,} held-out characters, {card.added_nats:+.5f} against the checkpoint's weights."
        )
