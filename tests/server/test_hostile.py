"""Requests that no client sends: mutated bodies, headers and chunks. The server answers each and stays up."""

import json
import re
import select
import socket
import time
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from tests.conftest import ALPHABET

PATIENCE = 0.05
"""Seconds for an answer."""

FIELDS = [
    "model", "prompt", "max_tokens", "temperature", "top_p", "n", "best_of", "stop", "seed", "stream", "stream_options",
    "logprobs", "echo", "suffix", "logit_bias", "user", "mode", "top_k", "min_p", "repetition_penalty", "presence_penalty", "x",
]  # fmt: skip
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 30),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(ALPHABET, max_size=40),
    st.text(max_size=20),
    st.sampled_from(["tale", "other", "stateless", "stateful", "\n", "\r\n", "\ud800", "\x00"]),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=5), st.dictionaries(st.text(max_size=3), SCALARS, max_size=3))
OBJECTS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6).map(
    lambda each: {"max_tokens": 4, "prompt": "The", **each}
)
BODIES = st.one_of(
    OBJECTS.map(lambda each: json.dumps(each).encode("utf-8", "surrogatepass")),
    st.tuples(OBJECTS, st.integers(0, 80), st.binary(max_size=4)).map(
        lambda each: (text := json.dumps(each[0]).encode("utf-8", "surrogatepass"))[: each[1]] + each[2] + text[each[1] :]
    ),
    VALUES.map(lambda each: json.dumps(each).encode("utf-8", "surrogatepass")),
    st.binary(max_size=60),
)
LINES = st.sampled_from([
    "Host: localhost", "Host: localhost", "Host: evil", "Host: [", "Content-Type: application/json", "Content-Type: a/b; c",
    "Origin: http://evil", "Origin: null", "Authorization: Bearer x", "Authorization: Basic x", "Connection: close",
    "Expect: 100-continue", "Upgrade: websocket", "Transfer-Encoding: gzip", "Content-Length: 5", "Content-Length: -1",
    "Content-Length: x", "X: " + "y" * 9_000, ": x", "é: ü",
])  # fmt: skip
GOOD = ["Host: localhost", "Content-Type: application/json", "Connection: close"]
PATHS = st.sampled_from(
    ["/v1/completions"] * 6
    + ["/", "/?model=%00", "/v1/models", "/v1/models/%ff", "/health", "/metrics", "//", "*", "/%", "/../x", "/\x80"]
)
METHODS = st.sampled_from(["POST"] * 6 + ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "TRACE", "post", "P\x00ST"])


@st.composite
def requests(draw: Any) -> tuple[bytes, list[int]]:
    """Return the bytes of a request, and where its sender pauses."""
    body = draw(BODIES)
    lines = [*draw(st.one_of(st.just(GOOD), st.lists(LINES, max_size=5)))]
    if draw(st.booleans()):
        size = draw(st.integers(1, 30))
        pieces = [body[place : place + size] for place in range(0, len(body), size)]
        body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + draw(
            st.sampled_from([b"0\r\n\r\n", b"", b"zz\r\n"])
        )
        lines.append("Transfer-Encoding: chunked")
    else:
        lines.append(f"Content-Length: {len(body) + draw(st.sampled_from([0, 0, 0, 0, 5, -1]))}")
    head = "\r\n".join([f"{draw(METHODS)} {draw(PATHS)} HTTP/1.1", *lines])
    data = head.encode("utf-8", "surrogatepass") + b"\r\n\r\n" + body
    return data, sorted(draw(st.lists(st.integers(0, len(data)), max_size=2)))


def send(port: int, data: bytes, pauses: list[int]) -> bytes:
    """Send a request with pauses, and return the status of the answer; empty if the server closed without one."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        answer = b""
        try:
            for start, end in zip([0, *pauses], [*pauses, len(data)], strict=True):
                connection.sendall(data[start:end])
                if end < len(data):
                    time.sleep(0.002)
            # A server waits for the rest of an incomplete request: then end it, as a client that leaves.
            if not select.select([connection], [], [], PATIENCE)[0]:
                connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65_536):
                answer += piece
        except OSError:
            pass  # the server closed first
    found = re.match(rb"HTTP/1\.1 (\d+) ", answer)
    return found[1] if found else b""


def attack(running: Any, examples: int) -> None:
    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        derandomize=True,
        database=None,
    )
    @hypothesis.given(requests())
    def mutated(request: tuple[bytes, list[int]]) -> None:
        assert not send(running.port, *request).startswith(b"5")

    mutated()
    body = b'{"prompt": "The", "max_tokens": 3}'
    head = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
    assert send(running.port, f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body, []) == b"200"
    log = running.log.read_text(encoding="utf-8", errors="replace")
    assert "Traceback" not in log
    known = r"[\w\\]+ \S+ \d{3} \d+ ms|Serving .*|Using .*|Invalid HTTP request received\.|ASGI callable returned without .*"
    assert [line for line in log.splitlines() if not re.fullmatch(known, line)] == []


@pytest.mark.slow
def test_mutated_requests(running):
    attack(running, 300)


@pytest.mark.slow
def test_ten_thousand_mutated_requests(running):
    attack(running, 10_000)
