"""The files that make a checkpoint: ``config.json``, ``model.safetensors``, ``history.jsonl``."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from charlstm import __version__
from charlstm.checkpoint.atomic import write_atomically, writing
from charlstm.config import ModelConfig, TrainingConfig, build, plain
from charlstm.errors import CheckpointError, ConfigError
from charlstm.text.vocabulary import Vocabulary

FORMAT_VERSION = 1

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
HISTORY = "history.jsonl"
CARD = "README.md"

Weights = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, kw_only=True)
class CorpusRecord:
    """What a checkpoint remembers of its corpus.

    Attributes:
        name: File names, without folders.
        fingerprint: SHA-256 of the text in UTF-8.
        characters: N.
        windows: A handful of its windows, to start a text from when no seed is given.
    """

    name: str
    fingerprint: str
    characters: Annotated[int, Meta(ge=1)]
    windows: Annotated[tuple[Annotated[str, Meta(min_length=1)], ...], Meta(min_length=1)]


@dataclass(frozen=True, kw_only=True)
class Config:
    """All of ``config.json``.

    Attributes:
        model: The network.
        vocabulary: Its characters.
        training: The recipe.
        corpus: The text.
        created: When the training began, ISO 8601 in UTC.
    """

    model: ModelConfig
    vocabulary: Vocabulary
    training: TrainingConfig
    corpus: CorpusRecord
    created: str


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One line of ``history.jsonl``.

    Attributes:
        step: Training steps so far.
        epoch: Passes over the training part so far.
        seconds: Of training so far, evaluations included.
        learning_rate: At that step.
        train_nats_per_char: Mean training loss since the last evaluation.
        nats_per_char: On the held-out tail, one pass, state carried; None where nothing is held out.
        best: Whether it is the best so far, and its weights the model.
    """

    step: int
    epoch: float
    seconds: float
    learning_rate: float
    train_nats_per_char: float
    nats_per_char: float | None
    best: bool


def write_config(folder: Path, config: Config) -> None:
    """Write ``config.json``."""
    record = {
        "format_version": FORMAT_VERSION,
        "charlstm_version": __version__,
        "created": config.created,
        "model": plain(config.model),
        "vocabulary": config.vocabulary.characters,
        "training": plain(config.training),
        "corpus": plain(config.corpus),
    }
    write_atomically(folder / CONFIG, (json.dumps(record, indent=2) + "\n").encode())


def read_config(folder: Path) -> Config:
    """Read and check ``config.json``.

    Raises:
        CheckpointError: If it is not there, is damaged, is of a newer format, or contradicts itself.
    """
    path = folder / CONFIG
    try:
        record = json.loads(_read(path))
    except (ValueError, RecursionError):
        raise CheckpointError(f"{path} is damaged: it is not JSON; restore it from a copy or train again") from None
    if not isinstance(record, dict) or type(version := record.get("format_version")) is not int or version < 1:
        raise CheckpointError(f"{path} is not a charlstm checkpoint: it has no format_version; choose another folder")
    if version > FORMAT_VERSION:
        raise CheckpointError(
            f"{path} has format version {version}, and this charlstm reads up to {FORMAT_VERSION}; upgrade charlstm"
        )
    try:
        model = build(ModelConfig, _member(record, "model", dict))
        characters = _member(record, "vocabulary", str)
        if len(characters) != model.vocabulary_size or list(characters) != sorted(set(characters)):
            raise ConfigError(f"vocabulary: expected {model.vocabulary_size} characters in ascending order")
        if any("\ud800" <= character <= "\udfff" for character in characters):
            raise ConfigError("vocabulary: expected characters, found half of one (a lone surrogate)")
        return Config(
            model=model,
            vocabulary=Vocabulary(characters),
            training=build(TrainingConfig, _member(record, "training", dict)),
            corpus=build(CorpusRecord, _member(record, "corpus", dict)),
            created=_member(record, "created", str),
        )
    except ConfigError as error:
        raise CheckpointError(f"{path} is damaged: {error}; restore it from a copy or train again") from None


def write_weights(folder: Path, weights: Weights) -> None:
    """Write ``model.safetensors``."""
    write_atomically(folder / WEIGHTS, save(contiguous(weights)))


def read_weights(folder: Path, model: ModelConfig) -> Weights:
    """Read ``model.safetensors``.

    Raises:
        CheckpointError: See :func:`open_weights`.
    """
    with open_weights(folder, model) as file:
        return {name: file.get_tensor(name) for name in model.weight_shapes}


@contextmanager
def open_weights(folder: Path, model: ModelConfig) -> Iterator[Any]:
    """Open ``model.safetensors``, checking names, types and shapes before anything is allocated.

    Raises:
        CheckpointError: If it is not there, is truncated, or does not fit the model.
    """
    path = folder / WEIGHTS
    if not path.is_file():
        why = "is not a file" if path.exists() else "does not exist: its training ended before the first evaluation"
        raise CheckpointError(f"{path} {why}; go on with `charlstm train --resume {folder.name}`, or choose another checkpoint")
    try:
        with safe_open(path, framework="numpy") as file:
            expected, found = model.weight_shapes, set(file.keys())
            if found != set(expected):
                odd = sorted(found ^ set(expected))[0]
                raise CheckpointError(
                    f"{path} does not fit {CONFIG}: the weight {odd!r} is {'missing' if odd in expected else 'unexpected'}; "
                    "restore both files from the same training"
                )
            for name, shape in expected.items():
                part = file.get_slice(name)
                if tuple(part.get_shape()) != shape or part.get_dtype() != "F32":
                    raise CheckpointError(
                        f"{path} does not fit {CONFIG}: {name} should be F32 {shape} and is {part.get_dtype()} "
                        f"{tuple(part.get_shape())}; restore both files from the same training"
                    )
            yield file
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is damaged or truncated ({error}); restore it from a copy or train again") from None


def append_history(folder: Path, evaluation: Evaluation) -> None:
    """Add a line to ``history.jsonl``."""
    with writing(folder / HISTORY), (folder / HISTORY).open("ab") as file:
        file.write(json.dumps(plain(evaluation)).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def write_history(folder: Path, history: Sequence[Evaluation]) -> None:
    """Write ``history.jsonl`` anew."""
    write_atomically(folder / HISTORY, b"".join(json.dumps(plain(line)).encode() + b"\n" for line in history))


def read_history(folder: Path) -> list[Evaluation]:
    """Read ``history.jsonl``; a last line that was cut off is passed over.

    Raises:
        CheckpointError: If a line before the last is damaged.
    """
    path = folder / HISTORY
    if not path.exists():
        return []
    lines = _read(path).split(b"\n")[:-1]  # what follows the last line end was not written to its end
    try:
        return [build(Evaluation, json.loads(line)) for line in lines]
    except (ValueError, TypeError, RecursionError, ConfigError):
        raise CheckpointError(f"{path} is damaged: a line is not an evaluation; delete the file to go on without it") from None


def contiguous(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Arrays as safetensors must have them: it writes out the memory as it lies."""
    return {name: np.asarray(array, order="C") for name, array in arrays.items()}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CheckpointError(
            f"{path} does not exist, so {path.parent} is no checkpoint; `charlstm list` shows which there are"
        ) from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror}); check the file and its permissions") from None


def _member(record: Mapping[str, Any], name: str, kind: type) -> Any:
    if not isinstance(record.get(name), kind):
        raise ConfigError(f"{name}: expected a {kind.__name__}, found {type(record.get(name)).__name__}")
    return record[name]
