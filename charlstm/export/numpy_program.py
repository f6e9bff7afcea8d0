"""``.py``: a program in NumPy alone, with the LSTM written out, and its weights beside it."""

import json
from functools import cache
from pathlib import Path

from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.weights import Weights, contiguous, open_tensors
from charlstm.config import to_dict
from charlstm.errors import CharlstmError


def program_files(checkpoint: CheckpointConfig, weights: Weights, name: str, file: str) -> dict[str, bytes]:
    """Return the program and its weights by file name; the program is the same for all models."""
    from safetensors.numpy import save

    config = checkpoint.model
    about = {
        "name": name,
        **({"rare": to_dict(checkpoint.vocabulary.rare)} if checkpoint.vocabulary.rare else {}),
        "vocabulary": list(checkpoint.vocabulary.characters),
        "encoding": config.encoding,
        "units": config.units,
        "seq_len": config.seq_len,
        "targets": config.targets,
        "activation": config.activation,
        "recurrent_activation": config.recurrent_activation,
    }
    arrays = contiguous({key: weights[key] for key in config.weight_shapes})
    packed = save(arrays, {"charlstm": json.dumps(about, ensure_ascii=True)})
    return {str(Path(file).with_suffix(".safetensors")): packed, file: _program()}  # no program without its weights


_BEGINNING = b'"""A trained character-level LSTM that continues a text, in NumPy alone'


def is_program(path: Path) -> bool:
    """Return whether a file is an exported program, of this or of another release."""
    try:
        with path.open("rb") as file:
            return file.read(len(_BEGINNING)) == _BEGINNING
    except OSError:
        return False


def is_program_weights(path: Path) -> bool:
    """Return whether a file holds the weights of an exported program, so that it may be replaced by those of another."""
    from safetensors import SafetensorError

    try:
        with open_tensors(path) as file:
            about = json.loads((file.metadata() or {}).get("charlstm", "{}"))
            return isinstance(about, dict) and {"vocabulary", "activation"} <= about.keys()
    except (CharlstmError, SafetensorError, OSError, ValueError, RecursionError):
        return False


@cache
def _program() -> bytes:
    return (Path(__file__).parent / "program.py.txt").read_bytes()
