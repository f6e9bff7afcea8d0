"""The program: its commands and what it says of itself."""

from typing import Annotated

import typer

from charlstm import __version__
from charlstm.cli.compare import compare
from charlstm.cli.evaluate import evaluate
from charlstm.cli.generate import generate
from charlstm.cli.inspect import inspect
from charlstm.cli.launch import launch
from charlstm.cli.listing import list_checkpoints
from charlstm.cli.train import train

app = typer.Typer(
    help="Train a character-level LSTM on a text, and let it write.",
    epilog="Start with: charlstm generate --seed 'The '   or: charlstm train corpus.txt",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(train)
app.command()(generate)
app.command()(compare)
app.command()(evaluate)
app.command()(inspect)
app.command()(launch)
app.command("list")(list_checkpoints)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"charlstm {__version__}")
        raise typer.Exit


@app.callback()
def charlstm(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Train a character-level LSTM on a text, and let it write."""
