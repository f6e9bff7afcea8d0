"""Fixtures of the report tests: a comparison, its JSON, and a browser."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from charlstm.evaluation.comparison import Comparison
from charlstm.inference.network import Network
from charlstm.report.records import comparison_result
from charlstm.results.comparison import ComparisonResult
from tests.browser_pages import Pages
from tests.evaluation.conftest import compared
from tests.report.browser import look, look_at_each


@pytest.fixture
def comparison(make_network: Callable[..., Network]) -> Comparison:
    return compared(make_network(), windows=(3, 9))


@pytest.fixture
def record(comparison: Comparison) -> dict[str, Any]:
    """Return the JSON of the comparison, which a test may change."""
    result: dict[str, Any] = json.loads(json.dumps(comparison_result("tale", comparison).to_dict()))
    return result


def typed(record: dict[str, Any]) -> ComparisonResult:
    """Return the result with this JSON; an unknown key, a missing one or a wrong type is an error."""
    return msgspec.json.decode(json.dumps(record), type=ComparisonResult)


@pytest.fixture
def browse(pages: Pages, tmp_path: Path) -> Callable[..., Any]:
    """Return a function that opens a page in a browser and runs a script in it: see :func:`tests.report.browser.look`."""
    return partial(look, pages, tmp_path)


@pytest.fixture
def browse_each(pages: Pages, tmp_path: Path) -> Callable[..., list[Any]]:
    """Return a function that runs a script in a page at several widths: see :func:`tests.report.browser.look_at_each`."""
    return partial(look_at_each, pages, tmp_path)
