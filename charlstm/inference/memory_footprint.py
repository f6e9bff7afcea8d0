"""The memory that reading and writing with a network takes, in bytes, calculated before any of it is allocated.

With B texts at a time, V characters, W lanes (1 if the state is carried), u units of a layer::

    weights    4 (n + l + 2 k) + 16 V u_1  n weights as read; l of the LSTM layers, scaled; k in kernels, arranged for one row
                                           and for many; the first layer's projection of every character
    states     40 B W sum(u) + 16 B W      h and c, twice four gates; the ids of every lane
    choosing   20 B V or 61 B V            logits, their copy in float64, noise; what top-k, top-p, min-p and the penalty make
    texts      4,000 B + 22 B length       random streams and records; a pointer for each character, then the strings
"""

import math
from collections.abc import Mapping

from charlstm.config import Mode, ModelConfig
from charlstm.inference.sampling import Sampling

_PROCESS = 60_000_000  # Python, NumPy, this package
_THREAD = 30_000_000  # what BLAS works in
_STATE, _LANE = 40, 16
_CHOICE, _FILTERED = 20, 61
_TEXT, _CHARACTER = 4_000, 22
_OBJECT = 80  # a character beyond Latin-1, of which Python makes an object wherever it stands
_SCORED = 44  # logits, and log_softmax of their copy in float64
_READ = 40  # a character as text, as code points, as ids and its places in the vocabulary; later its surprisal


def process_bytes(model: ModelConfig, threads: int) -> int:
    """Return the bytes of a process that has a network, and computes in some threads."""
    return _PROCESS + _THREAD * threads + network_bytes(model)


def network_bytes(model: ModelConfig) -> int:
    """Return the bytes of a network's weights, as read and as arranged for its products."""
    shapes = model.weight_shapes
    layers = {name: shape for name, shape in shapes.items() if name.startswith("lstm")}
    looked_up = "lstm_1/kernel" if model.encoding == "one-hot" else ""
    kernels = {name: shape for name, shape in layers.items() if name.endswith("kernel") and name != looked_up}
    return 4 * (_count(shapes) + _count(layers) + 2 * _count(kernels)) + 16 * model.vocabulary_size * model.units[0]


def state_bytes(model: ModelConfig, rows: int) -> int:
    """Return the bytes of the states of some rows."""
    temporary = 16 * max(model.units) if "softsign" in (model.activation, model.recurrent_activation) else 0
    return rows * (_STATE * sum(model.units) + _LANE + temporary)


def writing_bytes(model: ModelConfig, texts: int, mode: Mode, sampling: Sampling) -> dict[str, int]:
    """Return the bytes that writing takes besides the weights, by what they are for.

    Args:
        model: The network.
        texts: B, written at a time.
        mode: Stateless, each text has a state for every character of the window.
        sampling: How characters are chosen.
    """
    plain = sampling == Sampling(sampling.temperature)
    return {
        "states": state_bytes(model, texts * (model.seq_len if mode == "stateless" else 1)),
        "choosing characters": texts * model.vocabulary_size * (_CHOICE if plain else _FILTERED),
    }


def text_bytes(texts: int, length: int, *, latin: bool) -> int:
    """Return the bytes of texts that are held until all of them are written.

    Args:
        texts: B.
        length: Characters of each.
        latin: Whether all characters are of Latin-1.
    """
    return texts * (_TEXT + length * (_CHARACTER + (0 if latin else _OBJECT)))


def scoring_bytes(model: ModelConfig, rows: int) -> dict[str, int]:
    """Return the bytes that scoring takes besides the weights, for rows that are read at a time, by what they are for."""
    return {"states": state_bytes(model, rows), "next-character distributions": rows * model.vocabulary_size * _SCORED}


def read_bytes(characters: int) -> int:
    """Return the bytes of a text that is encoded and scored."""
    return characters * _READ


def _count(shapes: Mapping[str, tuple[int, ...]]) -> int:
    return sum(math.prod(shape) for shape in shapes.values())
