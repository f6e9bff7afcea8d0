"""A short training on a small text: its options and its files."""

from pathlib import Path

import numpy as np

WORDS = np.random.default_rng(0).choice(["river", "ferry", "lamp", "oar", "eel"], 500)

STORY = " ".join(WORDS)[:2000]

ALPHABET = sorted(set(STORY))

SMALL = ("--units", "8", "--seq-len", "8", "--batch-size", "4", "--epochs", "0.2", "--num-evaluations", "1")

STEPS_PER_EPOCH = 1799 // (4 * 8)
"""Steps of an epoch: 1,799 inputs in 4 streams of windows of 8."""

FILES = [
    "README.md", "config.json", "history.jsonl", "model.safetensors", "points.jsonl",
    "resume/000001.json", "resume/000001.safetensors", "resume/000002.json", "resume/000002.safetensors", "resume/lock",
]  # fmt: skip
"""Files of the two states: before the first step, and after the only evaluation."""


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
