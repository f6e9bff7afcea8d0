"""``config.json``: what a checkpoint's model is, how it was trained, on what."""

import errno
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from charlstm import __version__
from charlstm.checkpoint.atomic import write_atomically
from charlstm.config import ModelConfig, TrainingConfig, build, plain
from charlstm.errors import CheckpointError, ConfigError
from charlstm.text.vocabulary import Vocabulary

FORMAT_VERSION = 1

LARGEST = 16 << 20
"""Bytes of the largest ``config.json`` or ``history.jsonl`` that is read: all of Unicode takes 13 million."""

CONFIG = "config.json"
CARD = "README.md"


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
    record["sha256"] = _digest(record)
    write_atomically(folder / CONFIG, (json.dumps(record, indent=2) + "\n").encode())


def read_config(folder: Path) -> Config:
    """Read and check ``config.json``.

    Raises:
        CheckpointError: If it is not there, is damaged, is of a newer format, or contradicts itself.
    """
    path = folder / CONFIG
    try:
        record = parsed(read_bounded(path))
    except (ValueError, RecursionError):
        raise CheckpointError(f"{path} is damaged: it is not JSON; restore it from a copy or train again") from None
    if not isinstance(record, dict) or type(version := record.get("format_version")) is not int or version < 1:
        raise CheckpointError(f"{path} is not a charlstm checkpoint: it has no format_version; choose another folder")
    if version > FORMAT_VERSION:
        raise CheckpointError(
            f"{path} has format version {version}, and this charlstm reads up to {FORMAT_VERSION}; upgrade charlstm"
        )
    if "sha256" in record and record.pop("sha256") != _digest(record):
        raise CheckpointError(
            f"{path} was changed or damaged since it was written: it does not have its sha256; restore it from a copy, or "
            "remove the line `sha256` if the change was meant"
        )
    try:
        model = build(ModelConfig, _member(record, "model", dict))
        characters = _member(record, "vocabulary", str)
        if len(characters) != model.vocabulary_size or list(characters) != sorted(set(characters)):
            raise ConfigError(f"vocabulary: expected {model.vocabulary_size} characters in ascending order")
        if any("\ud800" <= character <= "\udfff" for character in characters):
            raise ConfigError("vocabulary: expected characters; found half of one (a lone surrogate)")
        corpus = build(CorpusRecord, _member(record, "corpus", dict))
        if not set().union(*corpus.windows) <= set(characters):
            raise ConfigError("windows: expected characters of the vocabulary")
        return Config(
            model=model,
            vocabulary=Vocabulary(characters),
            training=build(TrainingConfig, _member(record, "training", dict)),
            corpus=corpus,
            created=_member(record, "created", str),
        )
    except ConfigError as error:
        raise CheckpointError(f"{path} is damaged: {error}; restore it from a copy or train again") from None


def _digest(record: Mapping[str, Any]) -> str:
    """SHA-256 of what ``config.json`` says, however it is laid out."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def read_bounded(path: Path) -> bytes:
    """The content of a small file, which is refused before it is read if it is not small.

    Raises:
        CheckpointError: If it is not there, cannot be read or has more than :data:`LARGEST` bytes.
    """
    try:
        if not path.is_file():
            raise FileNotFoundError if not path.exists() else OSError(errno.EINVAL, "it is not a file")
        if path.stat().st_size > LARGEST:
            raise CheckpointError(f"{path} has {path.stat().st_size:,} bytes, and {LARGEST:,} are the most; it is no such file")
        return path.read_bytes()
    except FileNotFoundError:
        raise CheckpointError(
            f"{path} does not exist, so {path.parent} is no checkpoint; `charlstm list` shows which there are"
        ) from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror}); check the file and its permissions") from None


def parsed(text: str | bytes) -> Any:
    """What JSON says, whose numbers are finite.

    Raises:
        ValueError: If it is not JSON, or has a NaN or an Infinity, which JSON does not know and Python reads.
        RecursionError: If it is nested too deeply.
    """
    return json.loads(text, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _member(record: Mapping[str, Any], name: str, kind: type) -> Any:
    if not isinstance(record.get(name), kind):
        raise ConfigError(f"{name}: expected a {kind.__name__}; found {type(record.get(name)).__name__}")
    return record[name]
