"""Arrays of ``.safetensors`` files with the names of PyTorch's modules or of Keras's weights."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError

from charlstm.checkpoint.weights import open_tensors
from charlstm.errors import CharlstmError
from charlstm.importing.named_arrays import Facts, NetworkArrays, as_float32, keras_network, torch_network
from charlstm.machine import check_size
from charlstm.text.vocabulary import RareCharacters

_FLOATS = {"F32": 4, "F64": 8, "F16": 2}


def read_safetensors(path: Path) -> NetworkArrays:
    """Return the arrays of a file, with the vocabulary if charlstm wrote it.

    Raises:
        CharlstmError: If the file is damaged, or holds another kind of network.
        OSError: If it cannot be read.
    """
    arrays = {}
    try:
        with open_tensors(path) as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 (a file is not a mapping)
            for name, part in slices.items():
                if part.get_dtype() not in _FLOATS:
                    raise CharlstmError(
                        f"{path} has {name} of type {part.get_dtype()}; expected F32, F64 or F16; convert it first"
                    )
            check_size(path.name, 12 * sum(float(np.prod(part.get_shape(), dtype=float)) for part in slices.values()))
            arrays = {name: as_float32(file.get_tensor(name)) for name in slices}
            facts = _facts(file.metadata() or {})
    except SafetensorError as error:
        raise CharlstmError(f"{path} is damaged or not a safetensors file ({error}); save the weights again") from None
    is_torch = any("weight_ih_l" in name for name in arrays)
    return (torch_network if is_torch else keras_network)(arrays, facts, path.name)


def _facts(metadata: Mapping[str, str]) -> Facts:
    """Return what the metadata of a file that charlstm wrote says."""
    try:
        about: Any = json.loads(metadata.get("charlstm", "{}"))
        rare = about.get("rare")
        return Facts(
            activation=about.get("activation"),
            recurrent_activation=about.get("recurrent_activation"),
            seq_len=about.get("seq_len"),
            targets=about.get("targets"),
            vocabulary=about.get("vocabulary"),
            rare=RareCharacters(str(rare["characters"]), tuple(map(int, rare["counts"]))) if rare else None,
        )
    except (ValueError, AttributeError, TypeError, KeyError, RecursionError):
        return Facts()
