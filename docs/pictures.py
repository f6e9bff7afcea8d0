"""Make the pictures of the README: a recording of the terminal, and a screenshot of a comparison page.

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


def photograph_page() -> None:
    """Write ``comparison.png``: the page of a comparison as a browser shows it."""
    names = ("chromium", "chromium-browser", "google-chrome")
    browser = next(filter(None, map(shutil.which, names)), None)
    if browser is None:
        sys.exit(f"a screenshot needs a browser: install {' or '.join(names)}")
    with tempfile.TemporaryDirectory() as folder:
        page, picture = Path(folder) / "comparison.html", Path(folder) / "comparison.png"
        run(["compare", "--seed", "Nan ", "--length", "400", "--windows", "10,25,100", "--report", str(page)])
        options = ["--headless", "--no-sandbox", "--hide-scrollbars", "--force-device-scale-factor=1.5"]
        size = ["--window-size=1000,1150", f"--screenshot={picture}"]
        subprocess.run([browser, *options, *size, page.as_uri()], check=True, capture_output=True)
        shutil.copy(picture, IMAGES / "comparison.png")


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    record_terminal()
    photograph_page()
