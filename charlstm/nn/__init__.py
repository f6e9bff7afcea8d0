"""The network in Keras: layers, kernels, masks, the softmax, Adam, and a decoder run by Keras.

Importing this package imports TensorFlow, quietly, with Keras on its TensorFlow backend. It takes seconds, so only the
commands that train, or are asked for the Keras engine, do it.

Shapes: ``B`` windows or streams in a batch, ``T`` characters in a window, ``V`` characters of vocabulary, ``u`` units.
"""

import os

from charlstm.checkpoint.memory import address_space
from charlstm.errors import TrainingError
from charlstm.nn.quiet import quiet

_NEEDED = 3e9
"""Bytes of address space that TensorFlow takes to start, on two cores; with less, its native code ends the process."""

if address_space() < _NEEDED:
    raise TrainingError(
        f"TensorFlow needs about {_NEEDED / 1e9:.0f} GB of address space, and this process may have "
        f"{address_space() / 1e9:.1f} GB; raise the limit (ulimit -v)"
    )

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"
# One thread to an operation: the cores share out the rows of a batch instead (``charlstm.nn.row_parallelism``).
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

with quiet():
    import keras
    import tensorflow

__all__ = ["keras", "tensorflow"]
