"""Helpers that open pages in a headless Chromium."""

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --virtual-time-budget=3000"
)

browser = pytest.mark.skipif(not CHROMIUM and not os.environ.get("CI"), reason="Chromium is not installed")


def look(folder: Path, text: str, script: str, *, width: int = 1_000, flags: str = "") -> Any:
    """Open a page in a frame of a given width, run a script in it and return its result."""
    assert CHROMIUM, "CI needs a Chromium"
    post = f"addEventListener('load', () => parent.postMessage(JSON.stringify((() => {{ {script} }})()), '*'))"
    inside = html.escape(f"{text}<script>{post}</script>")
    listen = "addEventListener('message', event => { document.body.textContent = event.data; document.body.id = 'result' })"
    frame = f'<iframe width="{width}" height="800" style="border:0" srcdoc="{inside}"></iframe>'
    whole = f"<!doctype html><meta charset=utf-8><script>{listen}</script><body>{frame}</body>"
    (folder / "frame.html").write_text(whole, encoding="utf-8")
    command = [CHROMIUM, *QUIET.split(), *flags.split(), f"--user-data-dir={folder / 'profile'}", "--dump-dom"]
    dom = subprocess.run(
        [*command, (folder / "frame.html").as_uri()], capture_output=True, check=True, timeout=120
    ).stdout.decode()
    result = re.search('<body id="result">(.*)</body>', dom, re.DOTALL)
    assert result, dom[-500:]
    return json.loads(html.unescape(result[1]))
