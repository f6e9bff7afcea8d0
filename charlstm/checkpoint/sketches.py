"""The member ``sketches`` of ``config.json``: sketches of what a model and its bases were trained on."""

import binascii
from base64 import b64decode, b64encode
from typing import Any

from charlstm.errors import ConfigError, short_repr
from charlstm.text.overlap import SKETCH_HASHES, is_sketch

Sketches = tuple[bytes | None, ...]
"""A sketch for each base, the oldest first, then one for the corpus. None stands for a sketch that was not recorded."""

_MAX_CHARACTERS = len(b64encode(bytes(8 * SKETCH_HASHES)))


def sketches_to_json(sketches: Sketches) -> list[str | None]:
    """Return sketches as JSON: base64, or null for an unknown one."""
    return [None if each is None else b64encode(each).decode() for each in sketches]


def parse_sketches(found: Any, number: int) -> Sketches:
    """Return the sketches in a value of JSON.

    Args:
        found: The value.
        number: Number of the bases, plus one for the corpus.

    Raises:
        ConfigError: If they are not so many, or one of them is damaged.
    """
    if not isinstance(found, list) or len(found) != number:
        raise ConfigError(f"sketches: expected a list of {number}, one for each base and one for the corpus")
    return tuple(None if each is None else _sketch(each) for each in found)


def _sketch(found: Any) -> bytes:
    try:
        if isinstance(found, str) and len(found) <= _MAX_CHARACTERS and is_sketch(decoded := b64decode(found, validate=True)):
            return decoded
    except (binascii.Error, ValueError):
        pass
    raise ConfigError(
        f"sketches: expected base64 of up to {SKETCH_HASHES:,} ascending integers of 8 bytes; found {short_repr(found)}"
    )
