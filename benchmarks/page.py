"""Measure the page of the demo model in a headless browser: opening, speed of both modes, memory over a long text, the inside.

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
        measure_inside(page)
        page.click("#tab-write")
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


COLOUR = """([text, place]) => new Promise(done => {
    const [area, layer] = ["inside-text", "inside-layer"].map(id => document.getElementById(id));
    const heading = document.getElementById("cell-heading");
    heading.textContent = "";
    const began = performance.now();
    const look = first => () => {
        const last = layer.children[layer.children.length - 1];
        const first_now = first ?? (heading.textContent ? performance.now() - began : null);
        if (layer.children.length === [...text].length && last.style.backgroundColor && first_now) {
            done([first_now, performance.now() - began]);
        } else requestAnimationFrame(look(first_now));
    };
    area.focus();
    area.value = text;
    area.setSelectionRange(place, place);
    area.dispatchEvent(new InputEvent("input"));
    requestAnimationFrame(look(null));
})"""
"""Sets the text, and returns the milliseconds until the chosen character's numbers are shown, and until all is coloured."""


def measure_inside(page: Page) -> None:
    """Print how long a text of 1,000 characters takes on the inside tab, and a key press at its end and in its middle."""
    page.click("#tab-inside")
    page.wait_for_selector("#inside[aria-busy=false]")
    text = (Path(__file__).parent.parent / "data" / "ferry-year.txt").read_text(encoding="utf-8")[2_000:2_999]
    _, whole = page.evaluate(COLOUR, [text, len(text)])
    print(f"inside: {len(text):,} characters coloured in {whole:.0f} ms")
    presses = {
        "at the end": [(text[: 900 + count], 900 + count) for count in range(1, 9)],
        "in the middle": [(text[:500] + "e" * count + text[500:900], 500 + count) for count in range(1, 9)],
    }
    page.evaluate(COLOUR, [text[:900], 900])
    for name, keys in presses.items():
        times = [page.evaluate(COLOUR, list(key)) for key in keys]
        first, all_of_it = (sorted(column)[len(times) // 2] for column in zip(*times, strict=True))
        print(f"inside: a key press {name} answered in {first:.0f} ms, everything coloured in {all_of_it:.0f} ms")


def settle(page: Page, length: int) -> None:
    """Set the number of characters to add."""
    page.eval_on_selector("[name=length]", "(field, value) => { field.value = value }", length)


def finish(page: Page) -> None:
    """Wait until the model has written."""
    page.wait_for_selector("#text:not([readonly])", timeout=600_000)


if __name__ == "__main__":
    main()
