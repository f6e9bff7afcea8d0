"""Who may use the server, and what it does with requests that no client sends."""

import http.client
import json
import socket
import time
from contextlib import suppress

import openai
import pytest

from tests.conftest import checkpoint
from tests.server.process import serving

JSON = {"Content-Type": "application/json"}
BODY = json.dumps({"prompt": "The", "max_tokens": 3})


def ask(running, method="POST", path="/v1/completions", body=BODY, headers=JSON):
    """Return the status, the headers and the JSON of a response."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    connection.request(method, path, body, dict(headers))
    response = connection.getresponse()
    content = response.read()
    connection.close()
    kind = response.headers.get("content-type", "")
    return response.status, response.headers, json.loads(content) if kind == "application/json" else content


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "localhost:80", "[::1]:9", "LOCALHOST"])
def test_names_of_this_machine_are_hosts(running, host):
    assert ask(running, headers={**JSON, "Host": host})[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        "localhost:evil",
        "localhost:80@evil.example",
        "[::1].evil.example",
        "[::1",
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8000",
        "",
        "0.0.0.0",
        "[::2]",
    ],
)
@pytest.mark.parametrize("path", ["/", "/health", "/v1/models", "/v1/completions"])
def test_other_hosts_are_refused(running, host, path):
    status, _, body = ask(running, "POST" if "completions" in path else "GET", path, headers={**JSON, "Host": host})
    assert status in (400, 403)
    if status == 403:
        assert body["error"]["type"] == "permission_error"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://localhost.evil.example", "file://"])
def test_pages_of_other_sites_are_refused(running, origin):
    status, headers, _ = ask(running, headers={**JSON, "Origin": origin})
    assert status == 403
    assert "access-control-allow-origin" not in headers
    assert ask(running, "OPTIONS", headers={"Origin": origin, "Access-Control-Request-Method": "POST"})[0] == 403


def test_the_own_page_is_allowed(running):
    assert ask(running, headers={**JSON, "Origin": running.url})[0] == 200


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", None])
def test_forms_are_refused(running, kind):
    status, _, body = ask(running, headers={} if kind is None else {"Content-Type": kind})
    assert status == 415
    assert "application/json" in body["error"]["message"]


@pytest.mark.parametrize("chunked", [False, True])
def test_large_bodies_are_refused(running, chunked):
    large = json.dumps({"prompt": "x" * 2_000_000}).encode()
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as connection:
        length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(large)}"
        head = f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{length}\r\n\r\n"
        connection.sendall(head.encode())
        with suppress(OSError):  # the server has answered and closed
            connection.sendall((f"{len(large):x}\r\n".encode() if chunked else b"") + large)
            connection.sendall(b"\r\n0\r\n\r\n" if chunked else b"")
        assert b" 413 " in connection.recv(100)


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/v1/completions", 405), ("POST", "/v1/models", 405), ("GET", "/nowhere", 404), ("DELETE", "/", 405),
    ("GET", "/v1/models/%F0%9F%90%88", 404), ("GET", "/?model=nobody", 404),
])  # fmt: skip
def test_what_is_not_there_is_said_in_the_same_form(running, method, path, status):
    found, _, body = ask(running, method, path)
    assert found == status
    assert set(body["error"]) == {"message", "type", "param", "code"}
    if status == 405:
        assert body["error"]["message"].endswith("expected POST" if "completions" in path else "expected GET or HEAD")
    if path == "/nowhere":
        assert body["error"]["message"] == "there is no '/nowhere'; there are /, /health, /metrics, /v1/models, /v1/completions"


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "null", '"x"', '{"prompt": NaN}', '{"prompt": "\\ud800"}', "[" * 10_000, "{}{}", "\ufeff{}"]
)
def test_bodies_that_are_no_request_are_refused(running, body):
    status, _, answer = ask(running, body=body.encode("utf-8", "surrogatepass"))
    assert status == 400
    assert answer["error"]["message"]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("guarded")
    checkpoint(folder / "checkpoints" / "tale")
    (folder / "key").write_text("a-key-of-some-length\n")
    options = [
        "--api-key-file",
        str(folder / "key"),
        "--allow-host",
        "models.example",
        "--allow-origin",
        "https://page.example",
    ]
    with serving(folder / "checkpoints", *options, "--max-tokens", "2000000", "--max-texts", "2", "--max-queue", "1") as server:
        yield server


def test_a_key_is_needed(guarded):
    for key in ("wrong", "a-key-of-some-lengtH", "", "a-key-of-some-length-and-more"):
        assert ask(guarded, headers={**JSON, "Authorization": f"Bearer {key}"})[0] == 401
    assert ask(guarded)[0] == 401
    assert ask(guarded, "GET", "/")[0] == 401
    assert ask(guarded, "GET", "/metrics")[0] == 401
    assert ask(guarded, "GET", "/health")[0] == 200
    with pytest.raises(openai.AuthenticationError):
        guarded.client(api_key="wrong").models.list()
    assert [model.id for model in guarded.client(api_key="a-key-of-some-length").models.list()] == ["tale"]
    assert ask(guarded, "GET", "/", headers={"Authorization": "Basic dXNlcjphLWtleS1vZi1zb21lLWxlbmd0aA=="})[0] == 200
    for wrong in ("////", "\xe9", "=", "dXNlcg=="):
        assert ask(guarded, "GET", "/", headers={"Authorization": f"Basic {wrong}"})[0] == 401


def test_allowed_hosts_and_origins(guarded):
    key = {"Authorization": "Bearer a-key-of-some-length"}
    origin = {"Origin": "https://page.example"}
    status, headers, _ = ask(guarded, headers={**JSON, **key, **origin, "Host": "models.example"})
    assert (status, headers["access-control-allow-origin"], headers["vary"]) == (200, "https://page.example", "Origin")
    status, headers, _ = ask(guarded, "OPTIONS", headers={**origin, "Access-Control-Request-Method": "POST"})
    assert (status, headers["access-control-allow-headers"]) == (204, "*, authorization")
    assert ask(guarded, headers={**JSON, **key, "Origin": "https://other.example"})[0] == 403


def test_a_full_queue_is_said_and_a_client_that_leaves_makes_room(guarded):
    client = guarded.client(api_key="a-key-of-some-length")
    options = {"model": "tale", "prompt": "The", "max_tokens": 2_000_000, "stream": True}
    streams = [client.completions.create(**options) for _ in range(3)]
    for stream in streams[:2]:
        next(iter(stream))
    with pytest.raises(openai.RateLimitError) as error:
        client.completions.create(**options)
    assert error.value.response.headers["retry-after"] == "2"
    streams[0].close()
    next(iter(streams[2]))  # which waited
    for stream in streams[1:]:
        stream.close()
    wait_until_idle(guarded)


def wait_until_idle(running, seconds=5.0):
    """Wait until no text is written, and return how long that took."""
    began = time.monotonic()
    key = {"Authorization": "Bearer a-key-of-some-length"}
    while time.monotonic() < began + seconds:
        metrics = ask(running, "GET", "/metrics", headers=key)[2].decode()
        if 'charlstm_texts{model="tale"} 0.0' in metrics and 'charlstm_queue{model="tale"} 0.0' in metrics:
            return time.monotonic() - began
    raise AssertionError(metrics)


@pytest.mark.parametrize("stream", [False, True])
def test_the_work_ends_when_the_client_leaves(guarded, stream):
    body = json.dumps({"prompt": "The", "max_tokens": 2_000_000, "stream": stream})
    connection = socket.create_connection(("127.0.0.1", guarded.port))
    head = (
        f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    )
    connection.sendall(f"{head}Authorization: Bearer a-key-of-some-length\r\n\r\n{body}".encode())
    key = {"Authorization": "Bearer a-key-of-some-length"}
    while 'charlstm_texts{model="tale"} 1.0' not in ask(guarded, "GET", "/metrics", headers=key)[2].decode():
        pass
    connection.close()
    wait_until_idle(guarded)


def test_logs_have_no_text(running):
    secret = "quick brown dog over the lazy"
    ask(running, body=json.dumps({"prompt": secret, "max_tokens": 3}))
    ask(running, "GET", f"/{secret.replace(' ', '%20')}")
    until = time.monotonic() + 30
    while "GET other 404" not in (log := running.log.read_text()) and time.monotonic() < until:
        time.sleep(0.01)  # a request is logged after its response
    assert "POST /v1/completions 200" in log
    assert "GET other 404" in log
    assert "quick" not in log
