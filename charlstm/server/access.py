"""Who may use the server: hosts, origins, keys, and the size and type of a request."""

import base64
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from charlstm.server.api_error import ApiError

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Names of this machine, which a request may have as its host."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """The rules.

    Attributes:
        hosts: Further names that a request may have as its host.
        origins: Origins of pages of other sites that may use the server.
        key: The key that a request needs; None without one.
        max_body: Bytes of a request, at most.
    """

    hosts: Sequence[str] = ()
    origins: Sequence[str] = ()
    key: str | None = None
    max_body: int


def is_loopback(host: str) -> bool:
    """Return whether an address is reached from this machine alone.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return host in LOOPBACK or ip_address(host).is_loopback
    except ValueError:
        return False


class AccessControl:
    """The ASGI application that lets through what the rules allow, and answers the rest itself."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app, self.access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a request before it is read."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        allowed = origin if origin in self.access.origins else None
        try:
            self._check(scope, headers, origin)
        except ApiError as error:
            return await error.response()(scope, receive, _with_origin(send, allowed))
        if scope["method"] == "OPTIONS" and allowed:
            return await _preflight(send, allowed)
        return await self.app(scope, self._limited(receive), _with_origin(send, allowed))

    def _check(self, scope: Scope, headers: Headers, origin: str | None) -> None:
        host = _host(headers.get("host", ""))
        if not host or (host not in LOOPBACK and host not in self.access.hosts):
            raise ApiError(
                403, f"the host {host[:100]!r} is not allowed; the server allows others with its setting `allow_host`"
            )
        if origin is not None and origin not in self.access.origins and _host(origin.partition("://")[2]) != host:
            raise ApiError(
                403, f"pages of {origin[:100]!r} are not allowed; the server allows others with its setting `allow_origin`"
            )
        if scope["method"] == "OPTIONS":
            return
        if self.access.key is not None and scope["path"] != "/health" and not self._knows_key(headers):
            raise ApiError(
                401, "a key is needed: Authorization: Bearer …", headers={"WWW-Authenticate": 'Basic realm="charlstm"'}
            )
        if scope["method"] == "POST":
            if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
                raise ApiError(415, "the content type must be application/json")
            length = headers.get("content-length", "0")
            if length.isdecimal() and int(length) > self.access.max_body:
                raise ApiError(413, self._too_large())

    def _knows_key(self, headers: Headers) -> bool:
        """Return whether a request has the key: as a bearer token, or as the password that a browser asks for."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                given = base64.b64decode(given, validate=True).decode().partition(":")[2]
            except ValueError:  # no base64, or no text
                return False
        elif scheme.lower() != "bearer":
            return False
        return hmac.compare_digest(given.strip().encode(), (self.access.key or "").encode())

    def _limited(self, receive: Receive) -> Receive:
        """Return a function that receives a body of limited size, whatever its headers say."""
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.access.max_body:
                raise ApiError(413, self._too_large())
            return message

        return limited

    def _too_large(self) -> str:
        return f"the request is larger than {self.access.max_body:,} bytes"


def _host(address: str) -> str:
    """Return the host of an address without its port; an empty string if it is not an address.

    >>> _host("localhost:8000"), _host("[::1]:80"), _host("127.0.0.1"), _host("localhost:80@evil.example")
    ('localhost', '::1', '127.0.0.1', '')
    """
    found = re.fullmatch(r"(?:\[([0-9a-f:.]+)\]|([^:@\[\]/]+))(?::\d+)?", address.lower())
    return (found[1] or found[2]) if found else ""


def _with_origin(send: Send, origin: str | None) -> Send:
    if origin is None:
        return send

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", []), (b"access-control-allow-origin", origin.encode()), (b"vary", b"Origin")]
            message = {**message, "headers": headers}
        await send(message)

    return sending


async def _preflight(send: Send, origin: str) -> None:
    headers = {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": "*, authorization",
        "access-control-max-age": "600",
        "vary": "Origin",
    }
    start = {"type": "http.response.start", "status": 204}
    await send({**start, "headers": [(name.encode(), value.encode()) for name, value in headers.items()]})
    await send({"type": "http.response.body"})
