"""Benchmark of the cost of rare characters: training on the Python sources of the installed packages.

Of the thousands of distinct characters in such a text, about 97 make up more than 99.9 %. The text is trained on by default,
with all its characters, and reduced to ASCII. The ASCII part gives the lower bound of the loss.

    python -m benchmarks.vocabulary --minutes 6
"""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

TRAININGS = {
    "ASCII part": ("ascii.txt",),
    "by default": ("sources.txt",),
    "all characters (--min-count 1)": ("sources.txt", "--min-count", "1"),
}


def write_texts(folder: Path) -> dict[str, int]:
    """Write the concatenated UTF-8 ``*.py`` files of the installed packages, and the ASCII part of that text.

    Returns:
        Counts of characters, distinct characters and characters that are not ASCII.
    """
    parts = []
    for path in sorted(Path(sysconfig.get_paths()["purelib"]).rglob("*.py")):
        try:
            parts.append(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue
    text = "".join(parts).replace("\r\n", "\n").replace("\r", "\n").replace("\ufeff", "").replace("\0", "")
    ascii_part = text.encode("ascii", "ignore").decode()
    (folder / "sources.txt").write_text(text, encoding="utf-8", newline="")
    (folder / "ascii.txt").write_text(ascii_part, encoding="utf-8", newline="")
    return {"characters": len(text), "distinct": len(set(text)), "not ASCII": len(text) - len(ascii_part)}


def measure_sources(folder: Path, minutes: float) -> dict[str, dict[str, Any]]:
    """Train on each text in turn, for ``minutes`` each.

    Returns:
        The counts of the text, and the output of ``charlstm train --json`` for each training.
    """
    found: dict[str, dict[str, Any]] = {"text": write_texts(folder)}
    for number, (name, arguments) in enumerate(TRAININGS.items()):
        command = [sys.executable, "-m", "charlstm", "train", *arguments, "--minutes", str(minutes), "--name", f"run-{number}"]
        done = subprocess.run([*command, "--json"], cwd=folder, check=False, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}: {done.stderr}")
        found[name] = json.loads(done.stdout)
    best = found["ASCII part"]["nats_per_char"]
    for name in TRAININGS:
        found[name]["over_ascii"] = found[name]["nats_per_char"] / best
    return found
