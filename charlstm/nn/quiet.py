"""Keeping TensorFlow's own messages from the user's terminal."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from charlstm.errors import CharlstmError


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what native code writes to standard error; show it only if the block fails without saying how.

    TensorFlow's C++ logs before it reads any setting of its log level, so the file descriptor itself is redirected.
    """
    sys.stderr.flush()
    try:
        terminal = os.dup(2)
    except OSError:  # standard error is closed: nothing to keep clean
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except CharlstmError:
            raise
        except Exception:
            held.seek(0)
            os.write(terminal, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)


@cache
def create_devices() -> None:
    """Have TensorFlow look for its devices, which it does once and not without a word."""
    import tensorflow as tf

    with quiet():
        tf.constant(0.0)
