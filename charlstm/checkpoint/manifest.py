"""Manifests of saved states: the size and digest of a state, in a file that is written after it."""

import hashlib
import json
from dataclasses import dataclass
from io import SEEK_END
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from charlstm.checkpoint.atomic import write_atomically
from charlstm.checkpoint.json_files import parse_json
from charlstm.checkpoint.regular_files import refusal_reason
from charlstm.config import build, to_dict
from charlstm.errors import CheckpointError, ConfigError
from charlstm.files import open_regular
from charlstm.machine import check_size

_MAX_MANIFEST = 1_000
"""Bytes of a manifest that are read; it has about 100."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The expected size and digest of a state's file.

    Attributes:
        bytes: Size of the file.
        sha256: SHA-256 of its content, in hexadecimal digits.
    """

    bytes: Annotated[int, Meta(ge=0, le=2**53)]
    sha256: str


def write_manifest(path: Path, content: bytes) -> None:
    """Write the manifest of a file that has been written.

    Args:
        path: The file; its manifest has the suffix ``.json``.
        content: Content of the file.

    Raises:
        CheckpointError: If it cannot be written.
    """
    manifest = Manifest(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    write_atomically(path.with_suffix(".json"), json.dumps(to_dict(manifest)).encode())


def verify(path: Path, max_bytes: int) -> None:
    """Compare a state with its manifest; check the size before reading anything.

    Args:
        path: The state's file.
        max_bytes: Largest size of a state of this model.

    Raises:
        CheckpointError: If they differ, or if one of them is missing or damaged.
    """
    try:
        with open_regular(path.with_suffix(".json")) as file:
            manifest = build(Manifest, parse_json(file.read(_MAX_MANIFEST)))
        with open_regular(path) as file:
            if (size := file.seek(0, SEEK_END)) != manifest.bytes:
                raise ValueError(f"it has {size:,} bytes and should have {manifest.bytes:,}")
            if manifest.bytes > max_bytes:
                raise ValueError(f"it has {manifest.bytes:,} bytes; a state of this model has at most {max_bytes:,}")
            check_size(str(path), manifest.bytes)
            file.seek(0)
            if hashlib.file_digest(file, "sha256").hexdigest() != manifest.sha256:
                raise ValueError("its SHA-256 differs from the one in its manifest")
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} is incomplete ({Path(error.filename).name} is missing)") from None
    except (OSError, ValueError, TypeError, RecursionError, ConfigError) as error:
        raise CheckpointError(f"{path} is damaged ({refusal_reason(error)})") from None
