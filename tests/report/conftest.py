"""Fixtures of the report tests: a comparison, and a browser."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from charlstm.evaluation.comparison import Comparison
from charlstm.inference.network import Network
from tests.evaluation.conftest import compared
from tests.report.browser import look


@pytest.fixture
def comparison(make_network: Callable[..., Network]) -> Comparison:
    return compared(make_network(), windows=(3, 9))


@pytest.fixture
def browse(tmp_path: Path) -> Callable[..., Any]:
    """Return a function that opens a page in a browser and runs a script in it: see :func:`tests.report.browser.look`."""
    return partial(look, tmp_path)
