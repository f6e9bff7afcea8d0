"""JSON bodies, by msgspec."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

_encode = msgspec.json.Encoder().encode


def json_response(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response with a JSON body."""
    return Response(_encode(body), status, headers, "application/json")


def event(body: Any) -> bytes:
    """Return a server-sent event with a JSON body."""
    return b"data: " + _encode(body) + b"\n\n"


LAST_EVENT = b"data: [DONE]\n\n"
"""The event that ends a stream."""
