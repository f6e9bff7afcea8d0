"""The navigation of the site against the pages of docs/."""

import tomllib
from collections.abc import Iterator
from typing import Any

from docs.site import ROOT


def targets(entry: Any) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
    for each in entry.values() if isinstance(entry, dict) else entry if isinstance(entry, list) else ():
        yield from targets(each)


def test_every_page_is_in_the_navigation_once():
    project = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]
    pages = [page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")]
    assert sorted(targets(project["nav"])) == sorted(pages)


def test_pages_link_to_no_file_outside_docs():
    for page in (ROOT / "docs").rglob("*.md"):
        depth = len(page.relative_to(ROOT / "docs").parts)
        assert f"]({'../' * depth}" not in page.read_text(encoding="utf-8"), page
