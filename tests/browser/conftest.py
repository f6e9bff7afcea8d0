"""Pages of exported models in a headless Chromium."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Error, Page, Request

from charlstm.config import ModelConfig
from charlstm.export.card import Card
from charlstm.export.html import html_page
from charlstm.model import Model, load
from tests.browser_pages import Pages
from tests.conftest import ALPHABET, checkpoint

OpenPage = Callable[..., Page]


def card(model: Model) -> Card:
    """Return a card without a score."""
    return Card(version="0", corpus=model.checkpoint.corpus.name, corpus_characters=2_000, parameters=9)


def write_page(model: Model, path: Path) -> Path:
    """Write the page of a model."""
    path.write_text(html_page(model.checkpoint, model.weights, model.name, card(model), "float16"), encoding="utf-8")
    return path


@pytest.fixture
def open_page(pages: Pages) -> Iterator[OpenPage]:
    """Return a function that opens a page from disk, and fail on requests, console errors and exceptions of its pages."""
    wrong: list[str] = []
    opened: list[Page] = []

    def check_request(request: Request) -> None:
        if not request.url.startswith(("file:", "blob:")):
            wrong.append(f"request: {request.url}")

    def check_message(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            wrong.append(f"console: {message.text}")

    def check_error(error: Error) -> None:
        wrong.append(f"exception: {error}")

    def open_(path: Path, *, width: int = 1_200, **options: Any) -> Page:
        page = pages.borrow(width=width, **options)
        opened.append(page)
        page.on("request", check_request)
        page.on("console", check_message)
        page.on("pageerror", check_error)
        page.goto(path.as_uri())
        page.wait_for_selector("#begin:not([disabled])", state="attached")
        return page

    yield open_
    for page in opened:
        page.remove_listener("request", check_request)
        page.remove_listener("console", check_message)
        page.remove_listener("pageerror", check_error)
    assert wrong == []


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Return a small model with random weights, in 16-bit precision as its page has them."""
    config = ModelConfig(vocabulary_size=len(ALPHABET), seq_len=12, units=(16, 9))
    return load(checkpoint(tmp_path_factory.mktemp("checkpoints") / "tale", config), weights="float16")


@pytest.fixture(scope="module")
def path(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page of the model."""
    return write_page(model, tmp_path_factory.mktemp("page") / "tale.html")


@pytest.fixture
def page(open_page: OpenPage, path: Path) -> Page:
    """Open the page of the model."""
    return open_page(path, locale="en-GB")
