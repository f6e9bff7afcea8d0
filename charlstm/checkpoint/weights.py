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
from charlstm.checkpoint.json_files import MAX_BYTES
from charlstm.checkpoint.memory import check_memory
from charlstm.checkpoint.regular_files import open_regular, refusal_reason
from charlstm.config import ModelConfig
from charlstm.errors import CheckpointError, short_repr
from charlstm.formatting import count_parameters

WEIGHTS = "model.safetensors"

Weights = Mapping[str, NDArray[np.float32]]

_COPIES = 3
"""Of the weights in memory once they are read: as they came, and arranged for the products of generation."""
_RESTORE = "restore it from a copy, or write it anew from the saved training with `charlstm train --resume`"


def write_weights(folder: Path, weights: Weights) -> None:
    """Write ``model.safetensors``, with its digest."""
    write_atomically(folder / WEIGHTS, save(contiguous(weights), metadata={"sha256": weights_digest(weights)}))


def read_weights(folder: Path, model: ModelConfig) -> Weights:
    """Read ``model.safetensors``.

    Raises:
        CheckpointError: If it does not have its digest, or a weight is not a number, or as :func:`open_weights`.
    """
    path = folder / WEIGHTS
    check_memory(str(path), 4 * _COPIES * count_parameters(model.weight_shapes))
    with open_weights(folder, model) as file:
        weights = {name: file.get_tensor(name) for name in model.weight_shapes}
        expected = (file.metadata() or {}).get("sha256")
    if expected is not None and expected != weights_digest(weights):
        raise CheckpointError(f"{path} is damaged: its weights do not have its sha256; {_RESTORE}")
    for name, value in weights.items():
        if not np.isfinite(value).all():
            raise CheckpointError(f"{path} is damaged: {name} has weights that are no finite numbers; {_RESTORE}")
    return weights


@contextmanager
def open_weights(folder: Path, model: ModelConfig) -> Iterator[Any]:
    """Open ``model.safetensors``, checking names, types and shapes before anything is allocated.

    Raises:
        CheckpointError: If it is not there, is truncated, or does not fit the model.
    """
    path = folder / WEIGHTS
    try:
        with open_tensors(path) as file:
            expected, found = model.weight_shapes, set(file.keys())
            if found != set(expected):
                odd = sorted(found ^ set(expected))[0]
                raise CheckpointError(
                    f"{path} does not fit {CONFIG}: the weight {short_repr(odd)} is "
                    f"{'missing' if odd in expected else 'unexpected'}; restore both files from the same training"
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
        raise CheckpointError(
            f"{path} does not exist: its training ended before the first evaluation; go on with "
            f"`charlstm train --resume {folder.name}`, or choose another checkpoint"
        ) from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({refusal_reason(error)}); {_RESTORE}") from None
    except SafetensorError as error:
        raise CheckpointError(f"{path} is damaged or truncated ({error}); {_RESTORE}") from None


@contextmanager
def open_tensors(path: Path) -> Iterator[Any]:
    """Open a file of tensors, if it is an ordinary file with a header of a size that can be.

    Raises:
        OSError: If it cannot be opened.
        SafetensorError: If it is no such file.
    """
    with open_regular(path) as start:
        header = int.from_bytes(start.read(8), "little")
    if header > MAX_BYTES:
        raise SafetensorError(f"its header has {header:,} bytes, and {MAX_BYTES:,} are the most")
    with safe_open(path, framework="numpy") as file:
        yield file


def contiguous(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Arrays as safetensors must have them: it writes out the memory as it lies."""
    return {name: np.asarray(array, order="C") for name, array in arrays.items()}


def weights_digest(weights: Weights) -> str:
    """SHA-256 of weights with their names and shapes."""
    digest = hashlib.sha256()
    for name, value in sorted(weights.items()):
        digest.update(f"{name} {value.shape}\n".encode())
        digest.update(np.ascontiguousarray(value, "<f4").data)
    return digest.hexdigest()
