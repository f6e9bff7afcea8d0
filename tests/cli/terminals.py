"""A process on a terminal, and the styles of its output."""

import os
import pty
import select
import subprocess
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

DIM, PLAIN = "\x1b[2m", "\x1b[0m"
"""Styles before and after text that the model did not generate."""


def undimmed(text: str) -> str:
    return text.replace(DIM, "").replace(PLAIN, "")


@dataclass
class Terminal:
    """A process on a pseudo-terminal, seen from the other end.

    Attributes:
        process: The process.
        descriptor: File descriptor of the other end: writing types, reading returns output.
        seen: Output so far.
    """

    process: subprocess.Popen[bytes]
    descriptor: int
    seen: str = ""

    def read(self) -> str:
        """Return new output of at least one byte; an empty string at the end."""
        ready, _, _ = select.select([self.descriptor], [], [], 60)
        assert ready, f"nothing more came: {self.seen!r}"
        try:
            piece = os.read(self.descriptor, 1 << 16).decode("utf-8", "replace").replace("\r\n", "\n")
        except OSError:  # Linux reports a closed terminal so
            return ""
        self.seen += piece
        assert len(self.seen) < 1 << 20, "it does not end"
        return piece

    def wait_for(self, text: str) -> None:
        """Read until the output contains a text."""
        while text not in self.seen:
            assert self.read(), f"ended without {text!r}: {self.seen!r}"

    def type(self, text: str) -> None:
        """Type something."""
        os.write(self.descriptor, text.encode())

    def finish(self) -> int:
        """Read to the end, and return the exit code."""
        while self.read():
            pass
        return self.process.wait()


@contextmanager
def open_terminal(
    program: Callable[..., subprocess.Popen[bytes]], *arguments: str, columns: int = 80, **elsewhere: Any
) -> Iterator[Terminal]:
    """Start a program on a terminal; named streams go elsewhere."""
    mine, its = pty.openpty()
    termios.tcsetwinsize(its, (24, columns))
    settings = termios.tcgetattr(its)
    settings[3] &= ~termios.ECHO  # otherwise input would appear in the output
    termios.tcsetattr(its, termios.TCSANOW, settings)
    process = program(*arguments, **{"stdin": its, "stdout": its, "stderr": its, **elsewhere})
    os.close(its)
    try:
        yield Terminal(process, mine)
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        os.close(mine)
