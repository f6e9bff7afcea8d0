"""The commands: parse, call, print. The only room that prints, draws progress or exits.

Each module imports at its top only what starts at once; the rest is imported inside the command.
"""

import sys

from charlstm.cli.app import app

__all__ = ["app", "main"]


def main() -> None:
    """The program ``charlstm``."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # Corpora are in UTF-8 whatever the terminal thinks; what cannot be encoded at all is shown escaped.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")  # what is no text is refused where it is used
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
