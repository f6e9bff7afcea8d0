"""The notebooks of docs/, each executed in its folder, in a copy of the repository with the texts alone."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from docs.site import ROOT, executed, page_of

pytestmark = pytest.mark.slow  # a training of a minute, TensorFlow in a process of its own, and cores shared with other tests


def run(name: str, folder: Path) -> Any:
    return executed(ROOT / "docs" / "notebooks" / f"{name}.md", folder)


def cell(notebook: Any, last_line: str) -> Any:
    """Return the cell whose last line begins so."""
    (found,) = (
        each for each in notebook.cells if each.cell_type == "code" and each.source.splitlines()[-1].startswith(last_line)
    )
    return found


def shown(notebook: Any, last_line: str) -> str:
    """Return what a cell shows as its result."""
    return next(each.data["text/plain"] for each in cell(notebook, last_line).outputs if each.output_type == "execute_result")


def printed(notebook: Any, last_line: str) -> str:
    """Return what a cell prints."""
    return "".join(each.text for each in cell(notebook, last_line).outputs if each.get("name") == "stdout")


def test_first_steps(tmp_path):
    notebook = run("first-steps", tmp_path)
    assert (tmp_path / "docs" / "notebooks" / "checkpoints" / "mine" / "model.safetensors").exists()
    (held_out,) = re.findall(r"([\d.]+) nats per character", str(cell(notebook, "mine").outputs))
    assert float(held_out) < 3
    assert printed(notebook, "    print(mine.generate").count("The ferry ") >= 3
    difference, verdict = ast.literal_eval(shown(notebook, "comparison.first_difference"))
    assert difference is None or difference > 54  # the seed has ten characters, the window 64
    assert verdict
    _, plots = page_of(notebook, "first-steps")
    assert list(plots) == ["first-steps-1.png"]


def test_inside_an_lstm(tmp_path):
    notebook = run("inside-an-lstm", tmp_path)
    counts = printed(notebook, "    print(features").splitlines()
    assert [line.split()[-1] for line in counts] == ["12", "16"]
    assert max(ast.literal_eval(shown(notebook, "{name: float")).values()) < 1e-4
    carried = ast.literal_eval(shown(notebook, "in_two_calls"))
    assert carried["stateful=True"] < 1e-5
    assert carried["stateful=False"] > 1e-2
    assert float(shown(notebook, "float(abs(np.asarray(last)")) < 1e-5
    assert float(printed(notebook, "print(f\"{'TimeDistributed").split()[-1]) < 1e-5
    (first_count, first_error), (second_count, second_error) = ast.literal_eval(shown(notebook, "errors")).values()
    assert second_count < first_count
    assert second_error < first_error
    _, plots = page_of(notebook, "inside")
    assert len(plots) == 1


def test_your_own_keras_model(tmp_path):
    notebook = run("your-own-keras-model", tmp_path)
    scalar, one_hot = ast.literal_eval(shown(notebook, "round(history"))
    assert one_hot < scalar - 0.3
    assert len(printed(notebook, "print(write")) > 100
    assert len(printed(notebook, "print(ours.generate")) > 100
    (difference,) = re.findall(r"\d\.\d+(?:e-\d+)?|\d\.?e-\d+", shown(notebook, "max(abs(keras_says"))
    assert float(difference) < 1e-4
