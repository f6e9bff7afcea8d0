"""``config.json``: what a checkpoint's model is, how it was trained, on what."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from charlstm import __version__
from charlstm.checkpoint.atomic import write_atomically
from charlstm.checkpoint.json_files import MAX_BYTES, parse_json, read_bounded
from charlstm.config import ModelConfig, TrainingConfig, build, to_dict
from charlstm.errors import CheckpointError, ConfigError, short_repr
from charlstm.text.vocabulary import UNICODE, RareCharacters, Vocabulary

FORMAT_VERSION = 2
"""The newest version that is read. A model without a placeholder for rare characters is written as version 1."""

MAX_NAME = 1 << 21
"""Characters of the longest name of a corpus: those of all files that a command line can name, one after the other."""

MAX_WINDOWS = 64
MAX_WINDOW = 20_000
"""Both are more than is ever written."""

MAX_BASES = 1_000
MAX_BASE_NAME = 1_000
"""Bases in a row that a model can be fine-tuned from, and characters that are kept of a base's and its corpus's name."""

MAX_RARE_COUNT = 2**53
"""Occurrences of rare characters that a model can have been trained on."""

_SHORT = 100
_WITH_RARE = 2

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

    name: Annotated[str, Meta(max_length=MAX_NAME)]
    fingerprint: Annotated[str, Meta(max_length=64)]
    characters: Annotated[int, Meta(ge=1, le=2**53)]
    windows: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=MAX_WINDOW)], ...], Meta(min_length=1, max_length=MAX_WINDOWS)
    ]


@dataclass(frozen=True, kw_only=True)
class RareRecord:
    """What a checkpoint remembers of the characters that share the placeholder.

    Attributes:
        characters: In ascending order, none of them learned.
        counts: How often each occurs in the text that the weights were trained on.
    """

    characters: Annotated[str, Meta(max_length=UNICODE)]
    counts: Annotated[tuple[Annotated[int, Meta(ge=1, le=MAX_RARE_COUNT)], ...], Meta(max_length=UNICODE)]


@dataclass(frozen=True, kw_only=True)
class BaseRecord:
    """What a checkpoint remembers of a model that it was fine-tuned from.

    Attributes:
        name: Of its checkpoint.
        corpus: Name of the text that it was trained on.
        fingerprint: SHA-256 of that text in UTF-8.
        characters: N of that text.
        validation: Fraction of that text, its tail, that was held out.
    """

    name: Annotated[str, Meta(max_length=MAX_BASE_NAME)]
    corpus: Annotated[str, Meta(max_length=MAX_BASE_NAME)]
    fingerprint: Annotated[str, Meta(max_length=64)]
    characters: Annotated[int, Meta(ge=1, le=2**53)]
    validation: Annotated[float, Meta(ge=0.0, le=0.9)]


@dataclass(frozen=True, kw_only=True)
class CheckpointConfig:
    """All of ``config.json``.

    Attributes:
        model: The network.
        vocabulary: Its characters, with the rare ones that share a placeholder, if any do.
        training: The recipe.
        corpus: The text.
        created: When the training began, ISO 8601 in UTC.
        bases: The models that it was fine-tuned from, the oldest first; empty if it was trained from scratch.
    """

    model: ModelConfig
    vocabulary: Vocabulary
    training: TrainingConfig
    corpus: CorpusRecord
    created: str
    bases: tuple[BaseRecord, ...] = ()


def write_config(folder: Path, config: CheckpointConfig) -> None:
    """Write ``config.json``.

    Raises:
        CheckpointError: If it cannot be written, or :func:`read_config` would refuse it.
    """
    path = folder / CONFIG
    rare = config.vocabulary.rare
    record: dict[str, Any] = {
        "format_version": _WITH_RARE if rare else 1,
        "charlstm_version": __version__,
        "created": config.created,
        "model": to_dict(config.model),
        "vocabulary": config.vocabulary.characters,
        **({"rare": to_dict(rare)} if rare else {}),
        "training": to_dict(config.training),
        "corpus": to_dict(config.corpus),
    }
    if config.bases:
        record["bases"] = [to_dict(base) for base in config.bases]
    record["sha256"] = _digest(record)
    content = (json.dumps(record, indent=2) + "\n").encode()
    try:
        _built(record)
        if len(content) > MAX_BYTES:
            raise ConfigError(f"it would have {len(content):,} bytes, and {MAX_BYTES:,} are the most")
    except ConfigError as error:
        raise CheckpointError(
            f"{path} cannot be written: {error}; train on fewer files, or on a text with less in it"
        ) from None
    write_atomically(path, content)


def read_config(folder: Path) -> CheckpointConfig:
    """Read and check ``config.json``.

    Raises:
        CheckpointError: If it is not there, is damaged, is of a newer format, or contradicts itself.
    """
    path = folder / CONFIG
    try:
        record = parse_json(read_bounded(path))
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
        return _built(record)
    except ConfigError as error:
        raise CheckpointError(f"{path} is damaged: {error}; restore it from a copy or train again") from None


def _built(record: Mapping[str, Any]) -> CheckpointConfig:
    """Return what ``config.json`` says, each member of it checked.

    Raises:
        ConfigError: If one is missing, is of another type, is out of bounds or contradicts another.
    """
    model = build(ModelConfig, _member(record, "model", dict))
    vocabulary = _vocabulary(record, model)
    corpus = build(CorpusRecord, _member(record, "corpus", dict))
    if not set().union(*corpus.windows) <= set(vocabulary.characters):
        raise ConfigError("windows: expected characters of the vocabulary")
    for name in ("created", "charlstm_version"):
        if len(value := _member({"charlstm_version": "", **record}, name, str)) > _SHORT:
            raise ConfigError(f"{name}: expected at most {_SHORT} characters; found {len(value):,}")
    return CheckpointConfig(
        model=model,
        vocabulary=vocabulary,
        training=build(TrainingConfig, _member(record, "training", dict)),
        corpus=corpus,
        created=record["created"],
        bases=_bases(record),
    )


def _vocabulary(record: Mapping[str, Any], model: ModelConfig) -> Vocabulary:
    """Return the learned characters and, since version 2, the rare ones."""
    rare = None
    if record["format_version"] >= _WITH_RARE:
        found = build(RareRecord, _member(record, "rare", dict))
        rare = RareCharacters(found.characters, found.counts)
        _check_ascending("rare", rare.characters, len(rare.counts))
        if sum(rare.counts) > MAX_RARE_COUNT:
            raise ConfigError(f"rare: expected counts of at most {MAX_RARE_COUNT:,} together")
    characters = _member(record, "vocabulary", str)
    _check_ascending("vocabulary", characters, model.vocabulary_size - (rare is not None))
    if rare and not set(characters).isdisjoint(rare.characters):
        raise ConfigError("rare: expected no character of the vocabulary")
    return Vocabulary(characters, rare)


def _check_ascending(name: str, characters: str, number: int) -> None:
    if len(characters) != number or list(characters) != sorted(set(characters)):
        raise ConfigError(f"{name}: expected {number} characters in ascending order")
    if any("\ud800" <= character <= "\udfff" for character in characters):
        raise ConfigError(f"{name}: expected characters; found half of one (a lone surrogate)")


def _digest(record: Mapping[str, Any]) -> str:
    """SHA-256 of what ``config.json`` says, however it is laid out."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def _bases(record: Mapping[str, Any]) -> tuple[BaseRecord, ...]:
    """Return the optional list of bases; an older checkpoint has none."""
    found = _member({"bases": [], **record}, "bases", list)
    if len(found) > MAX_BASES:
        raise ConfigError(f"bases: expected at most {MAX_BASES}; found {len(found):,}")
    if not all(isinstance(each, dict) for each in found):
        raise ConfigError(f"bases: expected a list of objects; found {short_repr(found)}")
    return tuple(build(BaseRecord, each) for each in found)


def _member(record: Mapping[str, Any], name: str, kind: type) -> Any:
    if not isinstance(record.get(name), kind):
        raise ConfigError(f"{name}: expected a {kind.__name__}; found {type(record.get(name)).__name__}")
    return record[name]
