"""What a saved state's file must be: its size and its digest, in a file beside it that is written after it."""

import hashlib
import json
from dataclasses import dataclass
from io import SEEK_END
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from charlstm.checkpoint.atomic import write_atomically
from charlstm.checkpoint.json_files import parse_json
from charlstm.checkpoint.memory import check_memory
from charlstm.checkpoint.regular_files import open_regular, refusal_reason
from charlstm.config import build, to_dict
from charlstm.errors import CheckpointError, ConfigError

_LARGEST = 1_000


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a state's file must be.

    Attributes:
        bytes: Its size.
        sha256: The digest of its content, in hexadecimal digits.
    """

    bytes: Annotated[int, Meta(ge=0, le=2**53)]
    sha256: str


def write_manifest(path: Path, content: bytes) -> None:
    """Say what a file, which is written, must be.

    Raises:
        CheckpointError: If it cannot be written.
    """
    manifest = Manifest(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    write_atomically(path.with_suffix(".json"), json.dumps(to_dict(manifest)).encode())


def verify(path: Path, most: int) -> None:
    """Compare a state with its manifest; nothing is read of one that is larger than a state can be.

    Raises:
        CheckpointError: If they do not fit, or one of them is missing or damaged.
    """
    try:
        with open_regular(path.with_suffix(".json")) as file:
            manifest = build(Manifest, parse_json(file.read(_LARGEST)))
        with open_regular(path) as file:
            if (size := file.seek(0, SEEK_END)) != manifest.bytes:
                raise ValueError(f"it has {size:,} bytes and should have {manifest.bytes:,}")
            if manifest.bytes > most:
                raise ValueError(f"it has {manifest.bytes:,} bytes, and a state of this model {most:,} at the most")
            check_memory(str(path), manifest.bytes)
            file.seek(0)
            if hashlib.file_digest(file, "sha256").hexdigest() != manifest.sha256:
                raise ValueError("its SHA-256 is not that of its manifest")
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} was not written to its end ({Path(error.filename).name} is missing)") from None
    except (OSError, ValueError, TypeError, RecursionError, ConfigError) as error:
        raise CheckpointError(f"{path} is damaged ({refusal_reason(error)})") from None
