"""Damaged JSON: values of the wrong kind, in any place of a JSON text."""

import json
from collections.abc import Iterator
from typing import Any

Place = tuple[str | int, ...]
"""Keys and indices that lead from the root of a JSON value to a member."""

DEEP = b"[" * 200_000
VALUES = [None, True, 0, -1, 1.5, 10**400, float("nan"), float("inf"), "", "x", "\ud800", [], [1], {}, {"a": 1}]
"""Values of every JSON type, and numbers that JSON or a float does not have."""


def places(value: Any, before: Place = ()) -> Iterator[Place]:
    """Yield the place of every member of a JSON value."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield (*before, key)
        yield from places(member, (*before, key))


def with_value(content: bytes, place: Place, value: Any) -> bytes:
    """Return a JSON text with one member replaced or added, without its digest."""
    record = json.loads(content)
    record.pop("sha256", None)  # the digest would hide every other refusal
    parent = record
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = value
    return json.dumps(record).encode()
