"""Estimates, in bytes, of the memory that inference needs, computed before anything is allocated.

With B texts at a time, V characters, W lanes (1 in stateful mode), u units of a layer::

    weights    4 (n + l + 2 k) + 16 V u_1  n weights as read; l of the LSTM layers, scaled; k of the kernels, in two layouts;
                                           the first layer's input projection of every character
    states     8 B W sum(u)                h and c
    workspace  32 B W sum(u) + 16 B W      twice four gates; the ids of every lane
    choosing   20 B V or 61 B V            logits, their copy in float64, noise; the arrays of top-k, top-p, min-p and penalty
    passages   48,000 B                    the ends of the texts in which repeated passages are looked for
    particles  4 B P length + 40 B P V     P particles of each text, each with its own states: B P in place of B; what they
                                           write and how they are ordered; allowed characters and their probabilities; W is
                                           the number of windows that they read together
    texts      4,000 B + 22 B length       random streams and records; a pointer for each character, then the strings
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from charlstm.choices import Mode
from charlstm.config import ModelConfig
from charlstm.formatting import count_parameters
from charlstm.inference.constraints.text_constraint import TextConstraint
from charlstm.inference.repeated_passages import WINDOW
from charlstm.inference.sampling import Sampling
from charlstm.inference.shared_windows import AHEAD

_PROCESS = 60_000_000  # Python, NumPy, this package
_THREAD = 30_000_000  # buffers of BLAS
_STATE, _WORKSPACE, _LANE = 8, 32, 16
_CHOICE, _FILTERED = 20, 61
_TEXT, _CHARACTER = 4_000, 22
_PARTICLE_CHARACTER, _WEIGHED = 4, 40
_OBJECT = 80  # a character outside Latin-1: Python allocates an object for each occurrence
_SCORED = 44  # logits, and log_softmax of their copy in float64
_READ = 40  # a character as text, code point, id and index into the vocabulary; later its surprisal
_LOGPROB, _LIKELY = 500, 150  # objects of Python, and their JSON
_NAMED = 8  # the surprisal of naming a character


@dataclass(frozen=True)
class Particles:
    """The particles of texts that obey constraints.

    Attributes:
        count: P, the number of particles of each text; 1 for texts without constraints.
        tables: Bytes of the automaton; 0 for texts without constraints.
    """

    count: int = 1
    tables: int = 0

    @classmethod
    def of(cls, count: int, constraints: Sequence[TextConstraint]) -> "Particles":
        """Return the particles of texts that obey constraints, one for each seed; of free texts if there are none."""
        return cls(count, sum(each.nbytes for each in {id(each): each for each in constraints}.values()))

    def reading(self, model: ModelConfig) -> ModelConfig:
        """Return the configuration of a network with as many windows as particles read together in stateless mode."""
        return replace(model, seq_len=min(AHEAD, model.seq_len)) if self.count > 1 else model

    def nbytes(self, model: ModelConfig, texts: int, length: int, mode: Mode) -> int:
        """Return the bytes that the particles need in addition to those of as many texts.

        Resampling copies their states.
        """
        if not self.tables:
            return 0
        rows, model = texts * self.count, self.reading(model)
        copies = carried_bytes(model, rows * (model.seq_len if mode == "stateless" else 1))
        return self.tables + copies + rows * (model.vocabulary_size * _WEIGHED + length * _PARTICLE_CHARACTER)


NO_PARTICLES = Particles()
"""For texts without constraints."""


def process_bytes(model: ModelConfig, threads: int) -> int:
    """Return the bytes of a process that runs a network on a number of threads."""
    return _PROCESS + _THREAD * threads + network_bytes(model)


def network_bytes(model: ModelConfig) -> int:
    """Return the bytes of a network's weights, as read and in the layouts for its products."""
    shapes = model.weight_shapes
    layers = {name: shape for name, shape in shapes.items() if name.startswith("lstm")}
    looked_up = "lstm_1/kernel" if model.encoding == "one-hot" else ""
    kernels = {name: shape for name, shape in layers.items() if name.endswith("kernel") and name != looked_up}
    parameters = count_parameters(shapes) + count_parameters(layers) + 2 * count_parameters(kernels)
    return 4 * parameters + 16 * model.vocabulary_size * model.units[0]


def carried_bytes(model: ModelConfig, rows: int) -> int:
    """Return the bytes of ``h`` and ``c`` of a number of rows."""
    return rows * _STATE * sum(model.units)


def workspace_bytes(model: ModelConfig, rows: int) -> int:
    """Return the bytes of the scratch memory of a step of a number of rows."""
    temporary = 16 * max(model.units) if "softsign" in (model.activation, model.recurrent_activation) else 0
    return rows * (_WORKSPACE * sum(model.units) + _LANE + temporary)


def stepping_bytes(model: ModelConfig, rows: int) -> int:
    """Return the bytes of state and workspace of a number of rows."""
    return carried_bytes(model, rows) + workspace_bytes(model, rows)


def writing_bytes(model: ModelConfig, texts: int, mode: Mode, sampling: Sampling) -> dict[str, int]:
    """Return the bytes that generation needs in addition to the weights, by purpose.

    Args:
        model: The network.
        texts: B, the number of texts in a batch.
        mode: In stateless mode, each text has one state for every character of the window.
        sampling: The sampling settings.
    """
    plain = sampling == Sampling(sampling.temperature)
    remembered = 3 * WINDOW * 8 if sampling.dry_multiplier else 0  # the texts, and copies of them as they get longer
    return {
        "states": stepping_bytes(model, texts * (model.seq_len if mode == "stateless" else 1)),
        "choosing characters": texts * (model.vocabulary_size * (_CHOICE if plain else _FILTERED) + remembered),
    }


def text_bytes(texts: int, length: int, *, latin: bool) -> int:
    """Return the bytes of texts that stay in memory until all of them are complete.

    Args:
        texts: B.
        length: The length of each text, in characters.
        latin: True if all characters are in Latin-1.
    """
    return texts * (_TEXT + length * (_CHARACTER + (0 if latin else _OBJECT)))


def logprob_bytes(texts: int, length: int, top: int) -> int:
    """Return the bytes of the log-probabilities of texts, and of a number of likeliest characters beside each character."""
    return texts * length * (_LOGPROB + _LIKELY * top)


def scoring_bytes(model: ModelConfig, rows: int) -> dict[str, int]:
    """Return the bytes that scoring a number of rows at a time needs in addition to the weights, by purpose."""
    return {"states": stepping_bytes(model, rows), "next-character distributions": rows * model.vocabulary_size * _SCORED}


def read_bytes(characters: int, *, rare: bool) -> int:
    """Return the bytes of a text that is encoded and scored; ``rare`` is True if the model has rare characters."""
    return characters * (_READ + _NAMED * rare)
