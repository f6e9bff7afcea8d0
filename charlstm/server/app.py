"""The application: its routes, and what happens around every request."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from h11 import LocalProtocolError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from charlstm.errors import join_alternatives
from charlstm.model import Model
from charlstm.server.access import Access, AccessControl
from charlstm.server.api_error import ApiError
from charlstm.server.completion_fields import read_request
from charlstm.server.completion_request import check_request
from charlstm.server.completions import Completion
from charlstm.server.engine import Engine
from charlstm.server.json_response import json_response
from charlstm.server.limits import Limits
from charlstm.server.metrics import Metrics

Log = Callable[[str], object]
"""Called with a line for each request."""

PATHS = ("/", "/health", "/metrics", "/v1/models", "/v1/completions")
"""The paths that are there; others count as one in the metrics."""


class Server:
    """The models that are served, each with its engine."""

    def __init__(self, models: Mapping[str, Model], limits: Limits, page: Callable[[str], str]) -> None:
        """Start the engines.

        Args:
            models: The models by name, the default first.
            limits: Limits of a request.
            page: Function that returns the page of a model.
        """
        self.models, self.limits, self._page = models, limits, page
        self.engines = {name: Engine(model.network, limits) for name, model in models.items()}
        self.metrics = Metrics(self.engines)
        self._started = int(time.time())

    def close(self, seconds: float) -> None:
        """Take no more texts, and end the others within some seconds."""
        for engine in self.engines.values():
            engine.close(seconds)

    async def page(self, request: Request) -> Response:
        """``GET /``: the page of a model."""
        name = request.query_params.get("model", next(iter(self.models)))
        self._model(name)
        return HTMLResponse(await asyncio.to_thread(self._page, name))

    async def health(self, _: Request) -> Response:
        """``GET /health``."""
        return json_response({"status": "ok"})

    async def list_models(self, _: Request) -> Response:
        """``GET /v1/models``."""
        data = [{"id": name, "object": "model", "created": self._started, "owned_by": "charlstm"} for name in self.models]
        return json_response({"object": "list", "data": data})

    async def one_model(self, request: Request) -> Response:
        """``GET /v1/models/NAME``."""
        name = request.path_params["name"]
        self._model(name)
        return json_response({"id": name, "object": "model", "created": self._started, "owned_by": "charlstm"})

    async def show_metrics(self, _: Request) -> Response:
        """``GET /metrics``."""
        return self.metrics.response()

    async def complete(self, request: Request) -> Response:
        """``POST /v1/completions``."""
        asked = read_request(await request.body())
        name = asked.model or next(iter(self.models))
        model = self._model(name)
        checked = check_request(asked, model.vocabulary, self.limits)
        engine = self.engines[name]
        completion = Completion(model, engine, checked, name)
        engine.submit(completion.writings)
        if checked.stream:
            return StreamingResponse(
                _cancelling(completion), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
            )
        answer = asyncio.create_task(completion.response())
        leaving = asyncio.create_task(_left(request))
        try:
            await asyncio.wait([answer, leaving], return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                raise ClientDisconnect
            return json_response(answer.result())
        finally:
            answer.cancel()
            leaving.cancel()
            engine.cancel(completion.writings)

    def _model(self, name: str) -> Model:
        if name not in self.models:
            there = ", ".join(self.models)
            raise ApiError(404, f"the model {name[:100]!r} does not exist; there are {there}", "model")
        return self.models[name]


async def _left(request: Request) -> None:
    """Wait until the client leaves."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _cancelling(completion: Completion) -> AsyncIterator[bytes]:
    """Yield the events of a completion; when the client leaves, its texts end."""
    try:
        async for each in completion.events():
            yield each
    finally:
        completion.engine.cancel(completion.writings)


class RequestLog:
    """The ASGI application that writes a line for each request and counts it; no text of a request is in it."""

    def __init__(self, app: ASGIApp, metrics: Metrics, log: Log) -> None:
        self.app, self.metrics, self.log = app, metrics, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began, status = time.perf_counter(), 499  # a client that leaves before the answer

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            with suppress(LocalProtocolError):  # the client has closed its side: nobody reads the answer
                await send(message)

        try:
            await self.app(scope, receive, sending)
        finally:
            seconds = time.perf_counter() - began
            path = scope["path"] if scope["path"] in PATHS else "other"
            self.metrics.observe(path, status, seconds)
            self.log(f"{scope['method']} {path} {status} {1000 * seconds:.0f} ms")


def create_app(server: Server, access: Access, log: Log) -> ASGIApp:
    """Return the application of a server."""

    async def api_error(_: Request, error: Exception) -> Response:
        return error.response() if isinstance(error, ApiError) else Response(status_code=500)

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        headers, path = dict(error.headers or {}), request.url.path[:100]
        methods = join_alternatives(sorted(headers.get("Allow", "").split(", ")))
        message = {
            404: f"there is no {path!r}; there are {', '.join(PATHS)}",
            405: f"{request.method} is not allowed for {path!r}; expected {methods}",
        }
        return ApiError(error.status_code, message.get(error.status_code, error.detail), headers=headers).response()

    async def left(_: Request, __: Exception) -> Response:
        return Response(status_code=499)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        server.close(0)

    handlers: dict[Any, Any] = {ApiError: api_error, HTTPException: http_error, ClientDisconnect: left}
    routes = [
        Route("/", server.page),
        Route("/health", server.health),
        Route("/metrics", server.show_metrics),
        Route("/v1/models", server.list_models),
        Route("/v1/models/{name:path}", server.one_model),
        Route("/v1/completions", server.complete, methods=["POST"]),
    ]
    app = Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)
    return RequestLog(AccessControl(app, access), server.metrics, log)
