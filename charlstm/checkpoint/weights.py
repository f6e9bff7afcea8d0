"""``model.safetensors``: the weights of a checkpoint's model."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from charlstm.checkpoint.atomic import write_atomically
from charlstm.checkpoint.config_file import CONFIG
from charlstm.checkpoint.history import HISTORY
from charlstm.checkpoint.json_files import MAX_BYTES
from charlstm.checkpoint.regular_files import refusal_reason
from charlstm.config import ModelConfig
from charlstm.errors import CheckpointError, short_repr
from charlstm.files import open_regular
from charlstm.formatting import count_parameters
from charlstm.machine import check_size

WEIGHTS = "model.safetensors"

Weights = Mapping[str, NDArray[np.float32]]

_COPIES = 3
"""Copies of the weights in memory after reading: the arrays read, and those laid out for generation."""
_RESTORE = "restore it from a copy, or resume the training, which writes it again from its saved state"


def write_weights(folder: Path, weights: Weights) -> None:
    """Write ``model.safetensors``, with its digest.

    Raises:
        CheckpointError: If it cannot be written.
    """
    write_atomically(folder / WEIGHTS, save(contiguous(weights), metadata={"sha256": weights_digest(weights)}))


def read_weights(folder: Path, model: ModelConfig) -> Weights:
    """Read ``model.safetensors``.

    Raises:
        CheckpointError: If it does not match its digest, contains NaN or infinity, or :func:`open_weights` refuses it.
    """
    path = folder / WEIGHTS
    check_size(str(path), 4 * _COPIES * count_parameters(model.weight_shapes))
    with open_weights(folder, model) as file:
        weights = {name: file.get_tensor(name) for name in model.weight_shapes}
        expected = (file.metadata() or {}).get("sha256")
    if expected is not None and expected != weights_digest(weights):
        raise CheckpointError(f"{path} is damaged: its weights do not match its sha256; {_RESTORE}")
    for name, value in weights.items():
        if not np.isfinite(value).all():
            raise CheckpointError(f"{path} is damaged: {name} contains NaN or infinity; {_RESTORE}")
    return weights


@contextmanager
def open_weights(folder: Path, model: ModelConfig) -> Iterator[Any]:
    """Open ``model.safetensors``; check names, types and shapes before allocating anything.

    Raises:
        CheckpointError: If it is missing, truncated, or does not fit the model.
    """
    path = folder / WEIGHTS
    try:
        with open_tensors(path) as file:
            expected, found = model.weight_shapes, set(file.keys())
            if found != set(expected):
                name = min(found ^ set(expected))
                raise CheckpointError(
                    f"{path} does not fit {CONFIG}: the weight {short_repr(name)} is "
                    f"{'missing' if name in expected else 'unexpected'}; restore both files from the same training"
                )
            for name, shape in expected.items():
                part = file.get_slice(name)
                if tuple(part.get_shape()) != shape or part.get_dtype() != "F32":
                    raise CheckpointError(
                        f"{path} does not fit {CONFIG}: {name} should be F32 {shape} and is {part.get_dtype()} "
                        f"{short_repr(tuple(part.get_shape()))}; restore both files from the same training"
                    )
            yield file
    except FileNotFoundError:
        history = folder / HISTORY
        if history.is_file() and history.stat().st_size:
            raise CheckpointError(f"{path} does not exist any more; {_RESTORE}") from None
        raise CheckpointError(
            f"{path} does not exist: its training ended before the first evaluation; resume the training of {folder.name}, or "
            "choose another checkpoint"
        ) from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({refusal_reason(error)}); {_RESTORE}") from None
    except SafetensorError as error:
        raise CheckpointError(f"{path} is damaged or truncated ({error}); {_RESTORE}") from None


@contextmanager
def open_tensors(path: Path) -> Iterator[Any]:
    """Open a safetensors file; refuse one that is not an ordinary file or has a header of impossible size.

    Raises:
        OSError: If it cannot be opened.
        SafetensorError: If it is not a safetensors file.
    """
    with open_regular(path) as start:
        header = int.from_bytes(start.read(8), "little")
    if header > MAX_BYTES:
        raise SafetensorError(f"its header has {header:,} bytes; expected at most {MAX_BYTES:,}")
    with safe_open(path, framework="numpy") as file:
        yield file


def contiguous(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return arrays in C order, because safetensors writes their memory unchanged."""
    return {name: np.asarray(array, order="C") for name, array in arrays.items()}


def weights_digest(weights: Weights) -> str:
    """Return the SHA-256 of weights, their names and their shapes, in hexadecimal digits."""
    digest = hashlib.sha256()
    for name, value in sorted(weights.items()):
        digest.update(f"{name} {value.shape}\n".encode())
        digest.update(np.ascontiguousarray(value, "<f4").data)
    return digest.hexdigest()
