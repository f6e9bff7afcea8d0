"""JSON from files that may come from a stranger: bounded size, ordinary files, finite numbers."""

import json
from collections.abc import Mapping
from io import SEEK_END
from pathlib import Path
from typing import Any

from charlstm.errors import CheckpointError, ConfigError
from charlstm.files import open_regular

MAX_BYTES = 16 << 20
"""Largest ``config.json`` or ``history.jsonl`` that is read, in bytes; all of Unicode as JSON takes 13 million."""


def read_bounded(path: Path) -> bytes:
    """Return the content of a small ordinary file; check its kind and size before reading it.

    Raises:
        CheckpointError: If it is missing, cannot be read or has more than :data:`MAX_BYTES` bytes.
    """
    try:
        with open_regular(path) as file:
            if (size := file.seek(0, SEEK_END)) > MAX_BYTES:
                raise CheckpointError(f"{path} has {size:,} bytes; expected at most {MAX_BYTES:,}; restore it from a copy")
            file.seek(0)
            return file.read(MAX_BYTES)
    except FileNotFoundError:
        raise CheckpointError(
            f"{path} does not exist, so {path.parent} is not a checkpoint; choose another checkpoint"
        ) from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror}); check the file and its permissions") from None


def parse_json(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: If it is not JSON, or contains NaN or Infinity, which Python would accept.
        RecursionError: If it is nested too deeply.
    """
    return json.loads(text, parse_constant=_refuse_constant)


def member(record: Mapping[str, Any], name: str, kind: type) -> Any:
    """Return a member of a JSON object.

    Raises:
        ConfigError: If it is missing or of another type.
    """
    if not isinstance(record.get(name), kind):
        raise ConfigError(f"{name}: expected a {kind.__name__}; found {type(record.get(name)).__name__}")
    return record[name]


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not valid JSON")
