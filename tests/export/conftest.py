"""A Node process that runs scripts with the browser engine."""

from collections.abc import Iterator

import pytest

from tests.export.node import Engine


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Start Node once for all tests of a module."""
    started = Engine()
    yield started
    assert started.process.stdin
    assert started.process.stdout
    started.process.stdin.close()
    started.process.wait(timeout=30)
    started.process.stdout.close()
