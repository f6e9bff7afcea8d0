"""Helpers for the tests of the tab on the inside of a model."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
from playwright.sync_api import Page

from charlstm.config import ModelConfig
from charlstm.model import Model, load
from tests.browser.conftest import write_page
from tests.conftest import ALPHABET, checkpoint

TEXT = "The quick brown fox jumps over the lazy dog.\nThe dog was over the fox "
CHINESE = "".join(chr(0x4E00 + number) for number in range(1_530))


def tale(folder: Path, vocabulary: str = ALPHABET, **settings: Any) -> Model:
    """Return a model with random weights in 16-bit precision; its page is tale.html beside it."""
    config = ModelConfig(vocabulary_size=len(vocabulary), **{"seq_len": 12, "units": (20, 9), **settings})
    model = load(checkpoint(folder / "tale", config, vocabulary=vocabulary), weights="float16")
    write_page(model, folder / "tale.html")
    return model


def place(page: Page) -> int:
    """Return the position of the character that the tab shows."""
    found = re.search(r"character (\d+)", page.inner_text("#cell-heading"))
    assert found
    return int(found[1])


def show(page: Page, **choice: Any) -> None:
    """Show a moment by the fragment of the address, and wait until it is complete."""
    page.evaluate(
        """fragment => new Promise(done => {
            addEventListener("hashchange", () => setTimeout(done), { once: true });
            location.hash = fragment;
        })""",
        urlencode({"tab": "inside", "text": TEXT, **choice}),
    )
    settle(page)


def settle(page: Page) -> None:
    """Wait until everything that is shown is complete."""
    page.wait_for_selector("#inside[aria-busy=false]")


def numbers(page: Page, selector: str) -> dict[str, float]:
    """Return the exact values of the named numbers in an element; check that all its numbers are shown rounded to their end."""
    found = page.eval_on_selector_all(
        f"{selector} .number", "all => all.map(each => [each.dataset.name, Number(each.dataset.value), each.textContent])"
    )
    assert found
    for _, value, shown in found:
        digits = float(shown.replace("−", "-"))
        assert abs(digits - value) <= (0.006 * abs(value) if "e" in shown else 5.001e-5), (value, shown)
    return {name: value for name, value, _ in found if name}


def expected_next(logits: np.ndarray) -> np.ndarray:
    """Return the softmax of logits, in float64."""
    powers: np.ndarray = np.exp(logits.astype(np.float64) - logits.max())
    return powers / powers.sum()
