"""A helper that opens pages in the headless Chromium of the tests."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser


def look(chromium: Browser, folder: Path, text: str, script: str, *, width: int = 1_000, dark: bool = False) -> Any:
    """Open a page in a window of a given width, run a script in it and return its result."""
    (folder / "page.html").write_text(text, encoding="utf-8")
    context = chromium.new_context(
        viewport={"width": width, "height": 800}, offline=True, color_scheme="dark" if dark else "light"
    )
    try:
        page = context.new_page()
        page.goto((folder / "page.html").as_uri())
        return page.evaluate(f"() => {{ {script} }}")
    finally:
        context.close()
