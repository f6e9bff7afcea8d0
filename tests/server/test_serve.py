"""Starting a server, which may be refused, and ending it by a signal."""

import os
import signal
import socket
import threading
import time

import openai
import pytest
from typer.testing import CliRunner

from charlstm.cli.app import app
from tests.conftest import checkpoint
from tests.server.process import serving


def test_sigterm_lets_short_texts_finish_and_ends_long_ones_with_an_error(tmp_path):
    checkpoint(tmp_path / "checkpoints" / "tale")
    with serving(tmp_path / "checkpoints", "--max-tokens", "50000000") as running:
        client = running.client()
        found: dict[str, list[object]] = {"short": [], "long": []}

        def read(name, tokens):
            try:
                for chunk in client.completions.create(model="tale", prompt="The", max_tokens=tokens, stream=True):
                    found[name].append(chunk.choices[0].finish_reason)
            except openai.APIError as error:
                found[name].append(error)

        threads = [threading.Thread(target=read, args=each) for each in (("short", 300), ("long", 50_000_000))]
        for thread in threads:
            thread.start()
        while not all(found.values()):
            time.sleep(0.01)
        running.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        for thread in threads:
            thread.join()
        assert running.process.wait(timeout=30) == -signal.SIGTERM
        assert time.monotonic() - began < 20  # 5 s on an idle machine
    assert found["short"][-1] == "length"
    assert isinstance(found["long"][-1], openai.APIError)
    assert "shutting down" in str(found["long"][-1])


def run(tmp_path, *arguments):
    """Run a server that must be refused, in this process."""
    return CliRunner().invoke(app, ["serve", "--checkpoints", str(tmp_path / "checkpoints"), "--port", "0", *arguments])


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.1"])
def test_other_machines_need_a_key(tmp_path, host):
    checkpoint(tmp_path / "checkpoints" / "tale")
    result = run(tmp_path, "--host", host)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"could use the server at {host} without a key; give --api-key-file" in result.stderr


def test_wrong_keys_ports_and_hosts_are_refused(tmp_path):
    checkpoint(tmp_path / "checkpoints" / "tale")
    checkpoint(tmp_path / "others" / "tale")
    (tmp_path / "short").write_text("1234")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for arguments, said in (
            (["--api-key-file", str(tmp_path / "short")], "found a length of 4"),
            (["--api-key-file", str(tmp_path / "none")], "cannot be read"),
            (["--port", str(port)], f"127.0.0.1:{port} cannot be used (Address already in use); choose another --port"),
            (["--port", "70000"], "--port: expected"),
            (["nobody"], "nobody"),
            (["--allow-host", "example.org:443"], "expected a name without a port"),
            (["--allow-origin", "https://example.org/"], "expected a scheme and a host without a path"),
            (["tale", str(tmp_path / "others" / "tale")], "two models have the name tale"),
            (["tale", "tale", "--port", str(port)], "Address already in use"),  # the same one twice is allowed
        ):
            result = run(tmp_path, *arguments)
            assert result.exit_code in (1, 2)
            assert said in result.stderr
            assert isinstance(result.exception, SystemExit)


def test_ctrl_c_ends_with_130(tmp_path):
    checkpoint(tmp_path / "checkpoints" / "tale")
    with serving(tmp_path / "checkpoints") as running:
        os.kill(running.process.pid, signal.SIGINT)
        assert running.process.wait(timeout=30) == 130
