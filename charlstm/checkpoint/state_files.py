"""What training needs to go on: numbered states under ``resume/``, each with a manifest that is written last.

A state is one file, ``resume/000017.safetensors``; ``resume/000017.json`` has its size and its SHA-256. A state without a
manifest was not written to its end, and one that does not fit its manifest is damaged. The two newest states are kept, so
that there is one to fall back on, and that of the last evaluation: a training whose loss is no number goes back to it, from
wherever it was saved since.
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

from charlstm.checkpoint.atomic import make_folder, sync_folder, translate_write_errors, write_atomically
from charlstm.checkpoint.config_file import CheckpointConfig
from charlstm.checkpoint.history import HistoryEntry
from charlstm.checkpoint.json_files import MAX_BYTES, parse_json
from charlstm.checkpoint.manifest import verify, write_manifest
from charlstm.checkpoint.regular_files import refusal_reason
from charlstm.checkpoint.training_state import TrainingProgress, TrainingState
from charlstm.checkpoint.weights import contiguous, open_tensors
from charlstm.config import build, to_dict
from charlstm.errors import CheckpointError, ConfigError, short_repr
from charlstm.formatting import count_parameters

RESUME = "resume"
KEPT_STATES = 2
"""States that are kept, the newest among them."""

_TYPES = frozenset({"BOOL", "F32", "I32", "I64", "U32", "U64"})
_BEST = "best/"
_NO_NUMBER = 10**18


def states_folder(folder: Path) -> Path:
    """Return the folder of a checkpoint's states, there or not.

    Raises:
        CheckpointError: If it is a link: what it leads to is not the checkpoint's.
    """
    place = folder / RESUME
    if place.is_symlink():
        raise CheckpointError(f"{place} leads out of the checkpoint; put a folder in its place")
    return place


def write_state(folder: Path, state: TrainingState, keep: int = 0) -> int:
    """Write a state: its file, then its manifest, then remove what is older than the one before it.

    The caller holds :func:`charlstm.checkpoint.lock.training_lock`.

    Args:
        folder: The checkpoint's.
        state: What is to be written.
        keep: The number of a state that is not removed, however old it is.

    Returns:
        Its number.

    Raises:
        CheckpointError: If it cannot be written, or is not read back as it was written; the states before it are left.
    """
    place = folder / RESUME
    with translate_write_errors(place):
        make_folder(place)
    numbers = _numbers(place)
    number = max(numbers, default=0) + 1
    if number == _NO_NUMBER:
        raise CheckpointError(f"{_path(place, number - 1)} has the last number that a state can have; remove it")
    metadata = {
        "progress": json.dumps(to_dict(state.progress)),
        "history": json.dumps([to_dict(line) for line in state.history]),
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


def remove_damaged(folder: Path, whole: TrainingState) -> None:
    """Remove the states that are newer than the newest one that is whole: they must not count as one to fall back on.

    Raises:
        CheckpointError: If one cannot be removed.
    """
    place = folder / RESUME
    with translate_write_errors(place):
        _remove(place, [number for number in _numbers(place) if number > whole.number])


def newest_state(folder: Path) -> int:
    """The number of the newest state, whole or not; 0 if there is none."""
    return max(_numbers(states_folder(folder)), default=0)


def read_state(
    folder: Path, config: CheckpointConfig, warn: Callable[[str], object] = lambda _: None, *, first: int = 0
) -> TrainingState:
    """Read the newest state that is whole.

    Args:
        folder: The checkpoint's.
        config: Its configuration, which bounds the size of a state.
        warn: Told of each newer one what is wrong with it.
        first: The number of one that is preferred to newer ones.

    Raises:
        CheckpointError: If there is none.
    """
    place, wrong, most = states_folder(folder), [], _most_bytes(config)
    for number in sorted(_numbers(place), key=lambda number: number != first):
        path = _path(place, number)
        try:
            verify(path, most)
            state = _read(path, config)
        except CheckpointError as error:
            wrong.append(str(error))
            continue
        for sentence in wrong:
            warn(f"{sentence}. {'The newest state' if first else 'The state before it'} is used.")
        return state
    if not wrong:
        raise CheckpointError(_nothing_saved(folder))
    raise CheckpointError(f"{'; '.join(wrong)}; restore it from a copy, or train its model further with --from {folder.name}")


def read_progress(folder: Path) -> TrainingProgress:
    """The numbers of the newest state that can be read, without its arrays, and not verified.

    Raises:
        CheckpointError: If there is none that can be read.
    """
    wrong = CheckpointError(_nothing_saved(folder))
    place = states_folder(folder)
    for number in _numbers(place):
        try:
            with _opened(_path(place, number)) as file:
                found = build(TrainingProgress, parse_json(file.metadata()["progress"]))
        except CheckpointError as error:
            wrong = error
        else:
            return found
    raise wrong


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A state's file, open."""
    try:
        with open_tensors(path) as file:
            yield file
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, RecursionError, ConfigError) as error:
        raise CheckpointError(f"{path} is damaged ({refusal_reason(error)})") from None
    except MemoryError:
        raise CheckpointError(f"{path} is larger than the memory that is left") from None


def _read(path: Path, config: CheckpointConfig) -> TrainingState:
    with _opened(path) as file:
        names = list(file.keys())
        odd = [name for name in names if file.get_slice(name).get_dtype() not in _TYPES]
        if odd:
            raise ValueError(f"{odd[0]} has a type of numbers that training does not use")
        metadata = file.metadata()
        progress = build(TrainingProgress, parse_json(metadata["progress"]))
        lines = parse_json(metadata["history"])
        if not isinstance(lines, list):
            raise ValueError("its history is no list")
        history = tuple(build(HistoryEntry, line) for line in lines)
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
                raise ValueError(f"{short_repr(name)} has numbers that are not finite")
    best = {name.removeprefix(_BEST): arrays.pop(name) for name in names if name.startswith(_BEST)}
    if best and (missing := config.model.weight_shapes.keys() - best.keys()):
        raise CheckpointError(f"{path} is damaged (its best weights lack {min(missing)})")
    return TrainingState(arrays=arrays, best=best, history=history, progress=progress, number=int(path.stem))


def _remove(place: Path, numbers: Iterable[int]) -> None:
    for number in numbers:
        _path(place, number).with_suffix(".json").unlink(missing_ok=True)
        _path(place, number).unlink(missing_ok=True)
    sync_folder(place)


def _most_bytes(config: CheckpointConfig) -> int:
    """What a state can take at the most: weights, their average, the best, two moments of each; states; a history."""
    carried = 2 * config.training.batch_size * sum(config.model.units)
    return 4 * (5 * count_parameters(config.model.weight_shapes) + carried) + MAX_BYTES


def _numbers(place: Path) -> list[int]:
    """The numbers of all states, whole or not, the newest first."""
    found = (re.fullmatch(r"(\d{6,18})\.(?:safetensors|json)", path.name) for path in place.glob("*"))
    return sorted({int(match[1]) for match in found if match}, reverse=True)


def _path(place: Path, number: int) -> Path:
    return place / f"{number:06}.safetensors"


def _nothing_saved(folder: Path) -> str:
    return f"{folder} has no saved training state; train its model further with `charlstm train TEXT --from {folder.name}`"
