"""The process: a socket, signals, and an end that lets texts finish."""

import math
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from h11 import LocalProtocolError
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from charlstm.errors import CharlstmError, ConfigError
from charlstm.server.app import Server

GRACE = 3.0
"""Seconds that texts have to finish after a signal; then they end with an error."""

_BACKLOG = 1024


class _Protocol(H11Protocol):
    """Uvicorn's protocol, which also closes the connection of a client that sent nonsense and then closed its side."""

    def send_400_response(self, msg: str) -> None:
        """Refuse a malformed request, if the client still listens."""
        try:
            super().send_400_response(msg)
        except LocalProtocolError:  # it does not
            self.transport.close()


class _Process(uvicorn.Server):
    """Uvicorn's server, which also says that it has started, and tells the engines that it ends."""

    def __init__(self, config: uvicorn.Config, server: Server, announce: Callable[[], object]) -> None:
        super().__init__(config)
        self._engines, self._announce = server, announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so: signals are handled by now, so that Ctrl-C can follow at once."""
        await super().startup(sockets)
        self._announce()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End: at once at the second Ctrl-C."""
        self._engines.close(0 if self.should_exit else GRACE)
        super().handle_exit(sig, frame)


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an address.

    Raises:
        ConfigError: If the host is not an address of this machine.
        CharlstmError: If the port is taken, or may not be used.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise ConfigError(setting="host", expected="a name or an address of this machine", found=host) from error
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)  # at once: clients may connect as soon as the address is known
    except OSError as error:
        listening.close()
        raise CharlstmError(f"{host}:{port} cannot be used ({error.strerror}); choose another `port`") from error
    return listening


def run(app: ASGIApp, server: Server, listening: socket.socket, announce: Callable[[], object]) -> None:
    """Serve until a signal, which is raised again at the end.

    Args:
        app: The application.
        server: Its engines.
        listening: The socket, which listens.
        announce: Called when requests and signals are handled.
    """
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, lifespan="on",
        timeout_graceful_shutdown=math.ceil(GRACE) + 1,
        http=_Protocol, timeout_keep_alive=5, h11_max_incomplete_event_size=64_000,
    )  # fmt: skip
    _Process(config, server, announce).run(sockets=[listening])
