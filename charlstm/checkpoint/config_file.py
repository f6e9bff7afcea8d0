"""Reading and writing ``config.json``, which records what a checkpoint is."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from charlstm import __version__
from charlstm.checkpoint.atomic import write_atomically
from charlstm.checkpoint.config_records import BaseRecord, CheckpointConfig, CorpusRecord, ValidationRecord
from charlstm.checkpoint.json_files import MAX_BYTES, member, parse_json, read_bounded
from charlstm.checkpoint.sketches import parse_sketches, sketches_to_json
from charlstm.checkpoint.vocabulary_record import RARE_VERSION, parse_vocabulary
from charlstm.config import ModelConfig, TrainingConfig, build, to_dict
from charlstm.errors import CheckpointError, ConfigError, short_repr

FORMAT_VERSION = 2
"""Newest version that is read. A model without a placeholder for rare characters is written as version 1."""

MAX_BASES = 1_000
"""Most successive fine-tunings that a model can have behind it."""

MAX_INFO = 100
"""Longest text about the origin of a checkpoint, in characters."""

_NEW_SETTINGS = {"gradient_precision": "float32", "input_rate_multiplier": 1.0}
"""Settings of a training that older releases refuse, since they do not know them, and their defaults, which are not written."""

CONFIG = "config.json"
CARD = "README.md"


def write_config(folder: Path, config: CheckpointConfig) -> None:
    """Write ``config.json``.

    Raises:
        CheckpointError: If it cannot be written, or if :func:`read_config` would refuse it.
    """
    path = folder / CONFIG
    rare, training = config.vocabulary.rare, to_dict(config.training)
    for name, default in _NEW_SETTINGS.items():
        if training[name] == default:
            del training[name]
    record: dict[str, Any] = {
        "format_version": RARE_VERSION if rare else 1,
        "charlstm_version": __version__,
        "created": config.created,
        "model": to_dict(config.model),
        "vocabulary": config.vocabulary.characters,
        **({"rare": to_dict(rare)} if rare else {}),
        "training": training,
        "corpus": to_dict(config.corpus),
    }
    record |= {"bases": [to_dict(base) for base in config.bases]} if config.bases else {}
    record |= {"sketches": sketches_to_json(config.sketches)} if config.sketches else {}
    if config.validation_text:
        record["validation_text"] = to_dict(config.validation_text)
        if not config.validation_text.trained_share:
            del record["validation_text"]["trained_share"]
    record |= {"imported": config.imported} if config.imported else {}
    record["sha256"] = _digest(record)
    content = (json.dumps(record, indent=2) + "\n").encode()
    try:
        _parse_record(record)
        if len(content) > MAX_BYTES:
            raise ConfigError(f"expected at most {MAX_BYTES:,} bytes; found {len(content):,}")
    except ConfigError as error:
        raise CheckpointError(
            f"{path} cannot be written: {error}; train on fewer files, or on a text with fewer distinct characters"
        ) from None
    write_atomically(path, content)


def read_config(folder: Path) -> CheckpointConfig:
    """Read and check ``config.json``.

    Raises:
        CheckpointError: If it is missing or damaged, has a newer format, or contradicts itself.
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
            f"{path} was changed or damaged after it was written: its content does not match its sha256; restore it from a "
            "copy, or, if you changed the file on purpose, remove its last entry, sha256, with the comma before it"
        )
    try:
        return _parse_record(record)
    except ConfigError as error:
        raise CheckpointError(f"{path} is damaged: {error}; restore it from a copy or train again") from None


def _parse_record(record: Mapping[str, Any]) -> CheckpointConfig:
    """Return the configuration in a JSON object of ``config.json``; check each member.

    Raises:
        ConfigError: If a member is missing, has the wrong type, is out of bounds or contradicts another.
    """
    model = build(ModelConfig, member(record, "model", dict))
    vocabulary = parse_vocabulary(record, model)
    corpus = build(CorpusRecord, member(record, "corpus", dict))
    if not set().union(*corpus.windows) <= set(vocabulary.characters):
        raise ConfigError("windows: expected characters of the vocabulary")
    for name in ("created", "charlstm_version", "imported"):
        if len(value := member({"charlstm_version": "", "imported": "", **record}, name, str)) > MAX_INFO:
            raise ConfigError(f"{name}: expected at most {MAX_INFO} characters; found {len(value):,}")
    try:
        datetime.fromisoformat(record["created"])
    except ValueError:
        raise ConfigError(f"created: expected a date of ISO 8601; found {short_repr(record['created'])}") from None
    return CheckpointConfig(
        model=model,
        vocabulary=vocabulary,
        training=build(TrainingConfig, member(record, "training", dict)),
        corpus=corpus,
        created=record["created"],
        bases=(bases := _bases(record)),
        sketches=parse_sketches(record["sketches"], len(bases) + 1) if "sketches" in record else (),
        validation_text=(
            build(ValidationRecord, member(record, "validation_text", dict)) if "validation_text" in record else None
        ),
        imported=record.get("imported") or None,
    )


def _digest(record: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a JSON object, independent of its layout and of the order of its keys."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def _bases(record: Mapping[str, Any]) -> tuple[BaseRecord, ...]:
    """Return the bases; an older checkpoint has no such member."""
    found = member({"bases": [], **record}, "bases", list)
    if len(found) > MAX_BASES:
        raise ConfigError(f"bases: expected at most {MAX_BASES}; found {len(found):,}")
    if not all(isinstance(each, dict) for each in found):
        raise ConfigError(f"bases: expected a list of objects; found {short_repr(found)}")
    return tuple(build(BaseRecord, each) for each in found)
