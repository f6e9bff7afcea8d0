"""A server process for the tests."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import openai


@dataclass
class Running:
    """A running server.

    Attributes:
        process: Its process.
        port: Its port.
        log: The file with its stderr.
    """

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, **options: object) -> openai.OpenAI:
        """Return a client of OpenAI."""
        return openai.OpenAI(base_url=f"{self.url}/v1", **{"api_key": "any", "max_retries": 0, **options})  # type: ignore[arg-type]


@contextmanager
def serving(checkpoints: Path, *arguments: str) -> Iterator[Running]:
    """Run a server on a free port, and end it; its end must be by the signal, without a traceback."""
    log = checkpoints.parent / "serve.log"
    command = [sys.executable, "-m", "charlstm", "serve", "--checkpoints", str(checkpoints), "--port", "0", *arguments]
    with log.open("wb") as stderr, subprocess.Popen(command, stderr=stderr, stdout=subprocess.PIPE) as process:
        try:
            while not (found := re.search(rb"http://\S+?:(\d+)/", log.read_bytes())):
                assert process.poll() is None, log.read_text()
            yield Running(process, int(found[1]), log)
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                assert process.wait(timeout=30) == -signal.SIGTERM
            assert "Traceback" not in log.read_text()
        finally:
            process.kill()
