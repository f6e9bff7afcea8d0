"""Windows of a corpus as views, and their normalised form."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from charlstm.errors import CorpusError
from charlstm.formatting import counted
from charlstm.text.vocabulary import Ids


def windows(ids: Ids, seq_len: int) -> Ids:
    """Return every window of ``seq_len`` characters with a next character: ``[N] -> [N - seq_len, seq_len]``, a view.

    >>> windows(np.array([3, 1, 4, 1]), 2).tolist()
    [[3, 1], [1, 4]]

    Raises:
        CorpusError: If the text is too short for one window.
    """
    check_length(ids, seq_len)
    return sliding_window_view(ids[:-1], seq_len)


def check_length(ids: Ids, seq_len: int) -> None:
    """Check that a text has at least one window with a next character.

    Raises:
        CorpusError: If it is too short.
    """
    if len(ids) <= seq_len:
        raise CorpusError(
            f"the text has {counted(len(ids), 'character')} to train on, but a window of {seq_len} and its next character need "
            f"{seq_len + 1:,}; give a longer text" + " or lower `seq_len`" * (len(ids) > 1)
        )


def model_ids(ids: Ids, vocabulary_size: int) -> NDArray[np.int32]:
    """Return the ids of the network, ``min(id, V - 1)``; the last one is the placeholder if the model has one.

    >>> model_ids(np.array([0, 3, 4, 99]), 5).tolist()
    [0, 3, 4, 4]
    """
    return np.minimum(ids.astype(np.int32), np.int32(vocabulary_size - 1))


def normalise(ids: Ids, vocabulary_size: int) -> NDArray[np.float32]:
    """Return the normalised form ``x = id / V`` in float32 with a feature axis: ``[..., T] -> [..., T, 1]``.

    Characters that share the placeholder get its id: see :func:`model_ids`.

    ``round(x * V)`` restores the ids exactly (:func:`denormalise`). The rounding error of the quotient is at most half a unit
    in the last place. So the relative error of the product is below 2**-23, an error far below 1/2 for any vocabulary.
    """
    x: NDArray[np.float32] = model_ids(ids, vocabulary_size).astype(np.float32)[..., None] / np.float32(vocabulary_size)
    return x


def denormalise(x: NDArray[np.float32], vocabulary_size: int) -> NDArray[np.int64]:
    """Return the ids of normalised windows: ``[..., T, 1] -> [..., T]``."""
    ids: NDArray[np.int64] = np.rint(x[..., 0] * np.float32(vocabulary_size)).astype(np.int64)
    return ids


def split(ids: Ids, validation: float) -> tuple[Ids, Ids]:
    """Return the training part and the held-out tail: two views, ``[N] -> [N - n], [n]`` with ``n = round(N * validation)``."""
    end = len(ids) - round(len(ids) * validation)
    return ids[:end], ids[end:]
