"""The commands: parse, call, print. The only package that prints, draws progress or exits.

Each module imports at its top only what starts at once; the rest is imported inside the command.
"""

import io
import os
import signal
import sys


def main() -> None:
    """Run the program ``charlstm``."""
    try:
        _prepare_streams()
        from charlstm.cli.app import app  # inside, since Ctrl-C may come while it is imported

        app()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C would only interrupt the interpreter's own exit


def _prepare_streams() -> None:
    """Have all streams open, in UTF-8 whatever the locale."""
    from pathlib import Path

    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 (open to the end)
    # What cannot be written is shown escaped, what cannot be read is refused where it is used.
    for stream, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, "backslashreplace"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors)
