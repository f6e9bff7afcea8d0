"""``.py``: a program in NumPy alone, with the LSTM written out, and its weights beside it."""

import json
from functools import cache
from pathlib import Path

from charlstm.checkpoint.config_file import CheckpointConfig
from charlstm.checkpoint.weights import Weights, contiguous
from charlstm.config import to_dict


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
        "activation": config.activation,
        "recurrent_activation": config.recurrent_activation,
    }
    arrays = contiguous({key: weights[key] for key in config.weight_shapes})
    packed = save(arrays, {"charlstm": json.dumps(about, ensure_ascii=True)})
    return {str(Path(file).with_suffix(".safetensors")): packed, file: _program()}  # no program without its weights


@cache
def _program() -> bytes:
    return (Path(__file__).parent / "program.py.txt").read_bytes()
