"""The Typer application: its commands and its version."""

from typing import Annotated

import typer

from charlstm import __version__
from charlstm.cli.compare import compare
from charlstm.cli.evaluate import evaluate
from charlstm.cli.export import export
from charlstm.cli.generate import generate
from charlstm.cli.history import history
from charlstm.cli.import_command import import_model
from charlstm.cli.inspect import inspect
from charlstm.cli.launch import Launch, launch
from charlstm.cli.list_command import list_checkpoints
from charlstm.cli.prepare import prepare
from charlstm.cli.program import Command, Program
from charlstm.cli.serve import serve
from charlstm.cli.terminal import say
from charlstm.cli.train import train

app = typer.Typer(
    cls=Program,
    epilog="Examples: charlstm train corpus.txt, charlstm generate --seed 'The '",
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command(cls=Command)(train)
app.command(cls=Command)(prepare)
app.command(cls=Command)(generate)
app.command(cls=Command)(compare)
app.command(cls=Command)(evaluate)
app.command(cls=Command)(inspect)
app.command(cls=Command)(history)
app.command(cls=Command)(export)
app.command("import", cls=Command)(import_model)
app.command(cls=Command)(serve)
app.command(cls=Launch)(launch)
app.command("list", cls=Command)(list_checkpoints)


@app.callback()
def charlstm(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False
) -> None:
    """Train a character-level LSTM on a text, and generate text with it."""
    if version:
        print(f"charlstm {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        say(context.get_help())
        raise typer.Exit(2)
