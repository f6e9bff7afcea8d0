"""Helpers that open pages in the headless Chromium of the tests."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.browser_pages import Pages

SCHEMES = {False: "light", True: "dark"}


def look(pages: Pages, folder: Path, text: str, script: str, *, width: int = 1_000, dark: bool = False) -> Any:
    """Open a page in a window of a given width, run a script in it and return its result."""
    return look_at_each(pages, folder, text, script, widths=[width], dark=[dark])[0]


def look_at_each(
    pages: Pages, folder: Path, text: str, script: str, *, widths: Sequence[int] = (1_000,), dark: Sequence[bool] = (False,)
) -> list[Any]:
    """Open a page once, run a script in it at each width and in each colour scheme, and return the results in this order."""
    (folder / "page.html").write_text(text, encoding="utf-8")
    page = pages.borrow(width=widths[0], color_scheme=SCHEMES[dark[0]])
    page.goto((folder / "page.html").as_uri())
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 800})
        for each in dark:
            page.emulate_media(color_scheme=SCHEMES[each])  # type: ignore[arg-type]
            found.append(page.evaluate(f"() => {{ {script} }}"))
    pages.give_back(page)
    return found
