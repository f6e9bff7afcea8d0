"""Training states on disk: numbered files under ``resume/``, each with a manifest that is written last.

A state is one file, ``resume/000017.safetensors``; ``resume/000017.json`` has its size and SHA-256. A state without a
manifest is incomplete, and a state that differs from its manifest is damaged. The two newest states are kept, so that
damage to one loses little. The state of the last evaluation is kept too: training rolls back to it if the loss becomes NaN
or infinite.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save

from charlstm.checkpoint.atomic import make_folder, translate_write_errors, write_atomically
from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.history import HistoryEntry
from charlstm.checkpoint.json_files import MAX_BYTES, parse_json
from charlstm.checkpoint.manifest import verify, write_manifest
from charlstm.checkpoint.points import TrainingCurves, decode_curves, encode_curves
from charlstm.checkpoint.regular_files import refusal_reason
from charlstm.checkpoint.training_state import TrainingProgress, TrainingState
from charlstm.checkpoint.weights import contiguous, open_tensors
from charlstm.config import build, to_dict
from charlstm.errors import CheckpointError, ConfigError, short_repr
from charlstm.files import sync_folder
from charlstm.formatting import count_parameters

RESUME = "resume"
KEPT_STATES = 2
"""Number of newest states that are kept."""

_DTYPES = frozenset({"BOOL", "F32", "I32", "I64", "U32", "U64"})
_BEST = "best/"
_MAX_NUMBER = 10**18 - 1


def states_folder(folder: Path) -> Path:
    """Return the folder of a checkpoint's states, which need not exist.

    Raises:
        CheckpointError: If it is a link, which would lead out of the checkpoint.
    """
    place = folder / RESUME
    if place.is_symlink():
        raise CheckpointError(f"{place} is a link out of the checkpoint; replace it with a folder")
    return place


def write_state(folder: Path, state: TrainingState, keep: int = 0) -> int:
    """Write a state, then its manifest, then remove all but the newest :data:`KEPT_STATES` states.

    The caller holds :func:`charlstm.checkpoint.lock.training_lock`.

    Args:
        folder: The checkpoint.
        state: The state to write.
        keep: Number of an older state to keep; 0 for none.

    Returns:
        The number of the new state.

    Raises:
        CheckpointError: If the state cannot be written, or reads back differently; earlier states are unchanged.
    """
    place = folder / RESUME
    with translate_write_errors(place):
        make_folder(place)
    numbers = _numbers(place)
    number = max(numbers, default=0) + 1
    if number > _MAX_NUMBER:
        raise CheckpointError(f"{_path(place, number - 1)} has the highest number that a state can have; remove it")
    metadata = {
        "progress": json.dumps(to_dict(state.progress)),
        "history": json.dumps([to_dict(line) for line in state.history]),
        "curves": encode_curves(state.curves),
    }
    best = {_BEST + name: value for name, value in state.best.items()}
    content = save(contiguous({**state.arrays, **best}), metadata=metadata)
    path = _path(place, number)
    write_atomically(path, content)
    write_manifest(path, content)
    verify(path, len(content))
    with translate_write_errors(place):
        _remove(place, [old for old in numbers if old <= number - KEPT_STATES and old != keep])
    return number


def remove_damaged(folder: Path, intact: TrainingState) -> None:
    """Remove the damaged states, so that they do not count among the :data:`KEPT_STATES` that are kept.

    Args:
        folder: The checkpoint.
        intact: The newest state that is intact; every newer one is damaged.

    Raises:
        CheckpointError: If one cannot be removed.
    """
    place = folder / RESUME
    with translate_write_errors(place):
        _remove(place, [number for number in _numbers(place) if number > intact.number])


def newest_state(folder: Path) -> int:
    """Return the number of the newest state, intact or not; 0 if there is none."""
    return max(_numbers(states_folder(folder)), default=0)


def read_state(
    folder: Path, config: CheckpointConfig, warn: Callable[[str], object] = lambda _: None, *, first: int = 0
) -> TrainingState:
    """Read the newest state that is intact.

    Args:
        folder: The checkpoint.
        config: Its configuration, which bounds the size of a state.
        warn: Called with a sentence for each state that was skipped because it is damaged.
        first: Number of a state to prefer to newer ones; 0 for none.

    Raises:
        CheckpointError: If no state is intact.
    """
    place, damage, max_bytes = states_folder(folder), [], _max_state_bytes(config)
    for number in sorted(_numbers(place), key=lambda number: number != first):
        path = _path(place, number)
        try:
            verify(path, max_bytes)
            state = _read(path, config)
        except CheckpointError as error:
            damage.append(str(error))
            continue
        for sentence in damage:
            warn(f"{sentence}. {'The newest state' if first else 'The state before it'} is used.")
        return state
    if not damage:
        raise CheckpointError(_no_state(folder))
    raise CheckpointError(
        f"{'; '.join(damage)}; restore it from a copy, or train its model further with `base={folder.name!r}`"
    )


def read_progress(folder: Path) -> TrainingProgress:
    """Read the progress of the newest readable state, without its arrays and without comparing it with its manifest.

    Raises:
        CheckpointError: If no state can be read.
    """
    failure = CheckpointError(_no_state(folder))
    place = states_folder(folder)
    for number in _numbers(place):
        try:
            with _opened(_path(place, number)) as file:
                found = build(TrainingProgress, parse_json(file.metadata()["progress"]))
        except CheckpointError as error:
            failure = error
        else:
            return found
    raise failure


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a state's file; turn every error of the block into a CheckpointError."""
    try:
        with open_tensors(path) as file:
            yield file
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, RecursionError, ConfigError) as error:
        raise CheckpointError(f"{path} is damaged ({refusal_reason(error)})") from None
    except MemoryError:
        raise CheckpointError(f"{path} needs more memory than is free") from None


def _read(path: Path, config: CheckpointConfig) -> TrainingState:
    with _opened(path) as file:
        names = list(file.keys())
        foreign = [name for name in names if file.get_slice(name).get_dtype() not in _DTYPES]
        if foreign:
            raise ValueError(f"{foreign[0]} has a data type that training does not use")
        metadata = file.metadata()
        progress = build(TrainingProgress, parse_json(metadata["progress"]))
        lines = parse_json(metadata["history"])
        if not isinstance(lines, list):
            raise ValueError("its history is not a list")
        history = tuple(build(HistoryEntry, line) for line in lines)
        curves = decode_curves(metadata["curves"]) if "curves" in metadata else TrainingCurves()
        for name in names:
            kind, _, weight = name.partition("/")
            part, expected = file.get_slice(name), config.model.weight_shapes.get(weight)
            found = part.get_dtype(), tuple(part.get_shape())
            if kind in ("weights", "average", "best") and found != ("F32", expected):
                should = f"F32 {expected}" if expected else "left out"
                raise ValueError(f"{short_repr(name)} is {found[0]} {short_repr(found[1])} and should be {should}")
        arrays = {name: file.get_tensor(name) for name in names}
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise ValueError(f"{short_repr(name)} contains NaN or infinity")
    best = {name.removeprefix(_BEST): arrays.pop(name) for name in names if name.startswith(_BEST)}
    if best and (missing := config.model.weight_shapes.keys() - best.keys()):
        raise CheckpointError(f"{path} is damaged (its best weights lack {min(missing)})")
    return TrainingState(arrays=arrays, best=best, history=history, progress=progress, curves=curves, number=int(path.stem))


def _remove(place: Path, numbers: Iterable[int]) -> None:
    for number in numbers:
        _path(place, number).with_suffix(".json").unlink(missing_ok=True)
        _path(place, number).unlink(missing_ok=True)
    sync_folder(place)


def _max_state_bytes(config: CheckpointConfig) -> int:
    """Return the largest size of a state in bytes.

    It has five arrays per weight (the weight, its average, the best, two moments), the carried states, and a history.
    """
    carried = 2 * config.training.batch_size * sum(config.model.units)
    return 4 * (5 * count_parameters(config.model.weight_shapes) + carried) + MAX_BYTES


def _numbers(place: Path) -> list[int]:
    """Return the numbers of all states, intact or not, the newest first."""
    found = (re.fullmatch(r"(\d{6,18})\.(?:safetensors|json)", path.name) for path in place.glob("*"))
    return sorted({int(match[1]) for match in found if match}, reverse=True)


def _path(place: Path, number: int) -> Path:
    return place / f"{number:06}.safetensors"


def _no_state(folder: Path) -> str:
    return f"{folder} has no saved training state; train its model further with `base={folder.name!r}`"
