"""Helpers for the tests of the writing desk."""

from playwright.sync_api import Page


def finish(page: Page) -> None:
    """Wait until the model has finished writing."""
    page.wait_for_selector("#text:not([readonly])")
    page.wait_for_selector("#begin:text('Continue')")


def settle(page: Page, **values: object) -> None:
    """Open the settings and enter values."""
    page.eval_on_selector("details", "element => { element.open = true }")
    for name, value in values.items():
        page.eval_on_selector(
            f"[name={name}]",
            "(field, value) => { field.value = value; field.dispatchEvent(new Event('input', { bubbles: true })) }",
            str(value),
        )
