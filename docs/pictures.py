"""Make the pictures of the docs: a recording of the terminal, and screenshots of a comparison page and of an exported model.

Run it in the root of a clone, with Chromium installed: ``python docs/pictures.py``. It writes to ``docs/images``.
"""

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlencode

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
COMMANDS = (
    'generate --seed "The ferry " --length 300 --temperature 0.6 --random-seed 1',
    'compare --seed "Nan " --length 120 --sample 200 --random-seed 2',
)
WIDTH = 96


def run(arguments: list[str]) -> str:
    """Return what a command prints on stdout."""
    program = [sys.executable, "-m", "charlstm", *arguments]
    environment = {**os.environ, "COLUMNS": str(WIDTH)}
    return subprocess.run(program, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout


def record_terminal() -> None:
    """Write ``terminal.svg``: commands with what they print."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for command in COMMANDS:
        console.print(Text("$ ", style="green") + Text(f"charlstm {command}", style="bold"))
        console.print(Text(run(shlex.split(command))))
    # Without the fonts' addresses: a picture fetches nothing.
    picture = re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title="charlstm"), flags=re.DOTALL)
    (IMAGES / "terminal.svg").write_text(picture, encoding="utf-8")


def find_browser() -> str:
    """Return the path of a browser."""
    names = ("chromium", "chromium-browser", "google-chrome")
    browser = next(filter(None, map(shutil.which, names)), None)
    if browser is None:
        sys.exit(f"a screenshot needs a browser: install {' or '.join(names)}")
    return browser


def photograph_page() -> None:
    """Write ``comparison.png``: the page of a comparison as a browser shows it."""
    browser = find_browser()
    with tempfile.TemporaryDirectory() as folder:
        page, picture = Path(folder) / "comparison.html", Path(folder) / "comparison.png"
        run(["compare", "--seed", "Nan ", "--length", "400", "--windows", "10,25,100", "--report", str(page)])
        options = ["--headless", "--no-sandbox", "--hide-scrollbars", "--force-device-scale-factor=1.5"]
        size = ["--window-size=1000,1150", f"--screenshot={picture}"]
        subprocess.run([browser, *options, *size, page.as_uri()], check=True, capture_output=True)
        shutil.copy(picture, IMAGES / "comparison.png")


def photograph_desk() -> None:
    """Write ``page.png``, the exported page after the model has written, and ``inside.png``, the tab on its inside."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "ferry.html"
        run(["export", "--to", str(path)])
        chromium = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_page(viewport={"width": 1100, "height": 640}, device_scale_factor=1.5, locale="en-GB")
        page.goto(path.as_uri())
        page.wait_for_selector("#begin:not([disabled])")
        page.eval_on_selector("[name=randomSeed]", "field => { field.value = '7' }")
        page.fill("#text", "The ferry ")
        page.click("#begin")
        page.wait_for_selector("#text:not([readonly])")
        page.check("#colour")
        page.evaluate("document.getElementById('text').setSelectionRange(12, 12)")
        page.focus("#text")
        page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(1_000)
        page.evaluate("() => { scrollTo(0, 0); document.getElementById('paper').scrollTop = 0 }")
        page.screenshot(path=IMAGES / "page.png")
        page.set_viewport_size({"width": 1240, "height": 860})
        text = '"Is the ferry late again?" said Nan. "It is always late on Mondays," said the ferryman, '
        fields = {"tab": "inside", "text": text, "at": len('"Is the fer') - 1, "unit": 62, "show": "c"}
        page.evaluate("fragment => { location.hash = fragment }", urlencode(fields))
        page.wait_for_timeout(500)
        page.wait_for_selector("#inside[aria-busy=false]")
        page.click("[data-kind=h][data-gate=f]")
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=IMAGES / "inside.png")
        chromium.close()


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    record_terminal()
    photograph_page()
    photograph_desk()
