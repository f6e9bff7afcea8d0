"""``charlstm import``."""

from pathlib import Path
from typing import Annotated

import typer

from charlstm.cli.generation_inputs import encoding_of
from charlstm.cli.options import integer
from charlstm.cli.resume_command import folder_command
from charlstm.cli.terminal import CHECKPOINTS, CheckpointsOption, printable_name, say, say_command
from charlstm.formatting import decimal


def import_model(
    file: Annotated[
        Path,
        typer.Argument(
            help="A .keras, .weights.h5, .h5 or .safetensors file with LSTM layers and a Dense layer.",
            metavar="FILE",
            show_default=False,
        ),
    ],
    vocabulary: Annotated[
        Path | None,
        typer.Option(
            help="JSON file with the characters in the order of their ids. Default: those in FILE, or the sorted characters of "
            "--corpus.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            help="Text that the model was trained on, for default seeds and, without another source, for the vocabulary. "
            "Repeat for several files.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    text_encoding: Annotated[
        str | None,
        typer.Option(help="Text encoding of --corpus. Default: utf-8.", metavar="ENCODING", show_default=False),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the checkpoint. Default: that of FILE.", metavar="NAME", show_default=False)
    ] = None,
    seq_len: Annotated[
        int | None,
        typer.Option(
            help="Characters in a window. Default: what FILE says, or 100.", show_default=False, **integer(1, 1_000_000)
        ),
    ] = None,
    checkpoints: CheckpointsOption = CHECKPOINTS,
) -> None:
    """Import a network that was trained in Keras or PyTorch.

    The result is a checkpoint. The file is read as arrays by name; no code in it runs.
    """
    from charlstm.importing.checkpoints import import_checkpoint

    encoding = encoding_of("--corpus", corpus, text_encoding)
    found = import_checkpoint(
        file, checkpoints, vocabulary=vocabulary, corpus=corpus or [], text_encoding=encoding, name=name, seq_len=seq_len
    )
    model = found.config.model
    units = " + ".join(map(str, model.units))
    characters = (
        f"{len(found.config.vocabulary):,} characters{' and a placeholder' * (found.config.vocabulary.rare is not None)}"
    )
    say(f"LSTM {units}, {model.encoding} input, {characters}, windows of {model.seq_len}.")
    if found.assumed:
        say(f"The file does not say everything; assumed: {' and '.join(found.assumed)}.")
    if found.nats_per_char is not None:
        score = f"On the beginning of the corpus the model scores {decimal(found.nats_per_char, 3)} nats per character"
        if found.is_worse_than_chance:
            say(f"{score}, worse than chance: its ids stand for other characters, or it was trained on other inputs.")
        else:
            say(f"{score}.")
    where = printable_name(str(found.folder))
    say_command(f"The model is in {where}. Generate with:", folder_command(found.folder, "generate", "--checkpoint"))
