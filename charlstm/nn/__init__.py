"""The network in Keras: layers, recurrence, masks, the softmax, Adam, and a decoder that runs on Keras.

Importing this package imports TensorFlow, without its log messages, and Keras with the TensorFlow backend. That takes seconds,
so only training and the Keras engine import it.

Shapes: ``B`` windows or streams in a batch, ``T`` characters in a window, ``V`` characters of vocabulary, ``u`` units.
"""

import os

from charlstm.errors import TrainingError
from charlstm.machine import address_space
from charlstm.nn.quiet import quiet

_NEEDED = 3e9
"""Bytes of address space that TensorFlow needs to start on two cores. With less, its native code aborts the process."""

if address_space() < _NEEDED:
    raise TrainingError(
        f"TensorFlow needs about {_NEEDED / 1e9:.0f} GB of address space, and this process may have "
        f"{address_space() / 1e9:.1f} GB; raise the limit on the virtual memory of a process"
    )

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"
# One thread for each operation: the rows of a batch are divided among the cores instead (``charlstm.nn.row_parallelism``).
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

with quiet():
    import keras
    import tensorflow

__all__ = ["keras", "tensorflow"]
