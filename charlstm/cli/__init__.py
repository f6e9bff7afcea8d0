"""The commands: parse, call, print. The only room that prints, draws progress or exits.

Each module imports at its top only what starts at once; the rest is imported inside the command.
"""

import io
import os
import sys
from pathlib import Path

from charlstm.cli.app import app

__all__ = ["app", "main"]


def main() -> None:
    """The program ``charlstm``."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 (open to the end)
    # Text is in UTF-8 whatever the terminal thinks. What cannot be written is shown escaped, what cannot be read is refused
    # where it is used.
    for stream, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, "backslashreplace"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors)
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
