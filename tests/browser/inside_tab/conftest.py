"""A model with random weights, and its page on the tab Inside."""

from typing import Any

import pytest
from playwright.sync_api import Page

from charlstm.model import Model
from tests.browser.conftest import OpenPage
from tests.browser.inside_tab.inside import settle, tale


@pytest.fixture(scope="module")
def model(tmp_path_factory: Any) -> Model:
    """Return the model; its page is tale.html beside it."""
    return tale(tmp_path_factory.mktemp("inside"))


@pytest.fixture
def page(open_page: OpenPage, model: Model) -> Page:
    """Return its page, opened."""
    opened = open_page(model.path.parent / "tale.html", locale="en-GB")
    opened.click("#tab-inside")
    settle(opened)
    return opened
