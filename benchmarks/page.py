"""Measure the page of the demo model in a headless browser: opening, speed of both modes, memory over a long text.

    python -m benchmarks.page [CHARACTERS]

CHARACTERS of the long text: 100,000 by default, which take a minute or two.
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

import charlstm

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]


def main() -> None:
    """Print the measurements."""
    long = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        sys.exit("this needs Chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "ferry.html"
        exported = charlstm.load("ferry", checkpoints="checkpoints").export(path)
        print(f"page: {exported.size / 1e6:.2f} MB")
        chromium = playwright.chromium.launch(executable_path=browser, args=FLAGS)
        page = chromium.new_page()
        began = time.perf_counter()
        page.goto(path.as_uri())
        page.wait_for_selector("#begin:not([disabled])")
        opened = time.perf_counter() - began
        page.fill("#text", "The ferry ")
        began = time.perf_counter()
        page.click("#begin")
        page.wait_for_selector("#layer .generated")
        print(f"opening: {opened:.2f} s; then to the first character: {time.perf_counter() - began:.2f} s")
        finish(page)
        for mode, length in (("stateful", 2_000), ("stateless", 500)):
            page.check(f"[name=mode][value={mode}]")
            settle(page, length)
            page.click("#begin")
            finish(page)
            print(f"{mode}: {page.inner_text('#rate')}")
        page.check("[name=mode][value=stateful]")
        session = page.context.new_cdp_session(page)
        heaps = []
        while len(page.input_value("#text")) < long:
            settle(page, 2_000)
            page.click("#begin")
            finish(page)
            session.send("HeapProfiler.collectGarbage")
            heaps.append(session.send("Runtime.getHeapUsage")["usedSize"] / 1e6)
        print(f"{long:,} characters: {page.inner_text('#rate')} at the end")
        print(f"memory of the page's scripts: {heaps[0]:.1f} MB after the first part, {heaps[-1]:.1f} MB at the end")
        chromium.close()


def settle(page: Page, length: int) -> None:
    """Set the number of characters to add."""
    page.eval_on_selector("[name=length]", "(field, value) => { field.value = value }", length)


def finish(page: Page) -> None:
    """Wait until the model has written."""
    page.wait_for_selector("#text:not([readonly])", timeout=600_000)


if __name__ == "__main__":
    main()
