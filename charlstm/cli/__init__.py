"""The command line. Only this package prints, draws progress bars or exits.

Modules import slow libraries inside the commands, so that ``--help`` is fast.
"""

import io
import os
import signal
import sys


def main() -> None:
    """Run the program ``charlstm``."""
    try:
        _prepare_streams()
        # Imported inside the try: Ctrl-C may come during an import.
        from charlstm.interruption import deliver_lost_signals

        deliver_lost_signals()
        from charlstm.cli.app import app

        app()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C would interrupt the interpreter's exit


def _prepare_streams() -> None:
    """Open closed standard streams, and set all of them to UTF-8 in any locale.

    Messages to a closed stderr are dropped. Writing to a closed stdout fails, so that no command loses its output unnoticed.
    """
    for name, mode, access in (("stdin", "r", os.O_RDONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY)):
        if getattr(sys, name) is None:  # closed by the parent process
            setattr(sys, name, open(os.open(os.devnull, access), mode, encoding="utf-8"))  # noqa: SIM115, PTH123 (until exit)
    # Characters that cannot be encoded are escaped. Bytes that cannot be decoded are refused where they are used.
    for stream, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, "backslashreplace"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors)
