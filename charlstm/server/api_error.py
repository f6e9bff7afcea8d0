"""Errors in the form that OpenAI's clients read."""

from starlette.responses import Response

from charlstm.server.json_response import json_response


class ApiError(Exception):
    """A request that cannot be answered.

    Attributes:
        status: HTTP status.
        message: A sentence for the user.
        param: The field that is wrong; None for the request as a whole.
        headers: Headers of the response.
    """

    def __init__(self, status: int, message: str, param: str | None = None, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.param, self.headers = status, message, param, headers or {}

    def body(self) -> dict[str, object]:
        """Return the JSON of the error."""
        kind = _KINDS.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": None}}

    def response(self) -> Response:
        """Return the response."""
        return json_response(self.body(), self.status, self.headers)


_KINDS = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error", 503: "server_error"}
