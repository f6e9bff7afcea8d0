"""What training needs to go on: ``resume/state.safetensors``."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from charlstm.checkpoint.atomic import write_atomically, writing
from charlstm.checkpoint.files import contiguous
from charlstm.config import build, plain
from charlstm.errors import CheckpointError, ConfigError

_TYPES = frozenset({"BOOL", "F32", "I32", "I64", "U32", "U64"})

RESUME = Path("resume") / "state.safetensors"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a training run is, besides what is in its arrays.

    Attributes:
        steps: Training steps made.
        evaluations: Evaluations made.
        seconds: Wall clock so far.
        loss_sum: Sum of the training losses since the last evaluation, nats per character.
        loss_count: How many they are.
        poor: Evaluations since the best one.
        paths: Where the corpus was read from.
        text_encoding: In which encoding.
    """

    steps: Annotated[int, Meta(ge=0)]
    evaluations: Annotated[int, Meta(ge=0)]
    seconds: Annotated[float, Meta(ge=0.0)]
    loss_sum: float
    loss_count: Annotated[int, Meta(ge=0)]
    poor: Annotated[int, Meta(ge=0)]
    paths: Annotated[tuple[str, ...], Meta(min_length=1)]
    text_encoding: str


def write_resume(folder: Path, tensors: Mapping[str, NDArray[Any]], progress: Progress) -> None:
    """Write what training needs to go on, as one file: arrays, and the other numbers as its metadata."""
    with writing(folder / RESUME):
        (folder / RESUME).parent.mkdir(exist_ok=True)
    write_atomically(folder / RESUME, save(contiguous(tensors), metadata={"progress": json.dumps(plain(progress))}))


def read_resume(folder: Path) -> tuple[dict[str, NDArray[Any]], Progress]:
    """Read what :func:`write_resume` wrote.

    Raises:
        CheckpointError: If it is not there or is damaged.
    """
    path = folder / RESUME
    if not path.exists():
        raise CheckpointError(
            f"{folder} has no saved training state; train its model further with `charlstm train TEXT --from {folder.name}`"
        )
    try:
        with safe_open(path, framework="numpy") as file:
            odd = [name for name in file.keys() if file.get_slice(name).get_dtype() not in _TYPES]  # noqa: SIM118
            if odd:
                raise ValueError(f"{odd[0]} has a type of numbers that training does not use")
            progress = build(Progress, json.loads(file.metadata()["progress"]))
            return {name: file.get_tensor(name) for name in file.keys()}, progress  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, RecursionError, ConfigError) as error:
        raise CheckpointError(f"{path} is damaged ({error}); restore it from a copy, or train again with --from") from None
