"""Fixtures of the report tests: a comparison, and a browser."""

from functools import partial

import pytest

from charlstm.evaluation.comparison import Comparison
from tests.evaluation.conftest import compared
from tests.report.browser import look


@pytest.fixture
def comparison(make_network) -> Comparison:
    return compared(make_network(), windows=(3, 9))


@pytest.fixture
def browse(tmp_path):
    """Return a function that opens a page in a browser and runs a script in it: see :func:`tests.report.browser.look`."""
    return partial(look, tmp_path)
