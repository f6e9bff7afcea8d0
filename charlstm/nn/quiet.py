"""Suppression of TensorFlow's log messages on the user's terminal."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from charlstm.errors import CharlstmError


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress the standard error of native code; print it if the block fails with any error but a ``CharlstmError``.

    TensorFlow's C++ code logs before it reads its log level, so the file descriptor itself is redirected.
    """
    sys.stderr.flush()
    try:
        terminal = os.dup(2)
    except OSError:  # standard error is closed, so there is nothing to suppress
        yield
        return
    with tempfile.TemporaryFile() as captured:
        os.dup2(captured.fileno(), 2)
        try:
            yield
        except CharlstmError:
            raise
        except Exception:
            captured.seek(0)
            os.write(terminal, captured.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)


@cache
def create_devices() -> None:
    """Let TensorFlow search for its devices, which it does once and logs."""
    import tensorflow as tf

    with quiet():
        tf.constant(0.0)
