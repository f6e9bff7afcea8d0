"""Signals that ask a long run to stop at its next safe point."""

import _thread
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that stop a training: Ctrl-C, kill, and (except on Windows) a closed terminal."""
_ECHO = 0.3
"""Signals closer together than this many seconds count as one: a shell may signal a process and its group."""
_AGAIN = 0.01
"""Seconds until a signal whose exception was lost is delivered again."""


class StopRequest:
    """A signal handler that remembers the first signal in ``number``; Ctrl-C after it interrupts at once."""

    def __init__(self, answer: str = "") -> None:
        """Start without a request.

        Args:
            answer: Text to write on stderr at the first signal.
        """
        self.number = 0
        self._asked = 0.0
        self._answer = answer.encode()

    def __call__(self, number: int, _: Any) -> None:
        """Remember a signal."""
        if self.number:
            if number == signal.SIGINT and time.monotonic() - self._asked > _ECHO:
                raise KeyboardInterrupt
            return
        self.number, self._asked = number, time.monotonic()
        # Not print: it is not reentrant, and the signal may have interrupted one.
        with suppress(OSError):  # the terminal may have been closed
            os.write(2, self._answer)


class StopSignal(BaseException):
    """A signal that ends a command. A BaseException, as KeyboardInterrupt is, because libraries such as tqdm catch Exception.

    Attributes:
        number: Number of the signal.
    """

    def __init__(self, number: int) -> None:
        """Store the number of the signal."""
        super().__init__(number)
        self.number = number


def raise_stop(number: int, _: Any) -> NoReturn:
    """Handle a signal by raising :class:`StopSignal`."""
    raise StopSignal(number)


@contextmanager
def signals(handler: Callable[[int, Any], object], numbers: tuple[int, ...] = ENDING) -> Iterator[None]:
    """Handle signals with a function, except those that the process ignores; only the main thread receives signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    wanted = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]  # such as SIGHUP under nohup
    previous = [signal.signal(number, handler) for number in wanted]
    try:
        yield
    finally:
        for number, old in zip(wanted, previous, strict=True):
            signal.signal(number, old)


def deliver_lost_signals() -> None:
    """Deliver Ctrl-C, and signals handled by :func:`raise_stop`, again where Python drops their exceptions.

    It drops those of finalisers and of weak references' callbacks. Imports have such callbacks, so that a Ctrl-C while a
    command starts would print a traceback and end nothing.
    """
    previous = sys.unraisablehook

    def deliver(lost: Any) -> None:
        if isinstance(lost.exc_value, StopSignal):
            number = lost.exc_value.number
        elif issubclass(lost.exc_type, KeyboardInterrupt):
            number = signal.SIGINT
        else:
            previous(lost)
            return
        # Not here, where the exception would be lost again; not threading.Thread, whose locks this thread may hold.
        _thread.start_new_thread(_deliver_again, (signal.Signals(number),))

    sys.unraisablehook = deliver


def _deliver_again(number: signal.Signals) -> None:
    time.sleep(_AGAIN)
    if hasattr(signal, "pthread_kill"):  # which interrupts a blocking call, as interrupt_main does not
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:
        _thread.interrupt_main(number)
