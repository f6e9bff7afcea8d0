"""The pages of the site, with the notebooks and what their cells print, show and plot.

``python -m docs.site`` writes them to build/docs, from which Zensical makes the site (zensical.toml).
"""

import base64
import shutil
import tempfile
from pathlib import Path
from typing import Any

import jupytext
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "build" / "docs"
_SECONDS = 1_200
"""Longest time that a cell may take."""


def executed(notebook: Path, folder: Path) -> Any:
    """Execute a notebook where Jupyter opens it: in its folder, in a copy of the repository with the texts alone.

    Args:
        notebook: The notebook, as Markdown of jupytext.
        folder: An empty folder for the copy.

    Returns:
        The notebook with its outputs.

    Raises:
        CellExecutionError: If a cell fails.
    """
    shutil.copytree(ROOT / "data", folder / "data")
    place = folder / notebook.parent.relative_to(ROOT)
    place.mkdir(parents=True)
    found = jupytext.read(notebook)
    NotebookClient(found, timeout=_SECONDS, coalesce_streams=True, resources={"metadata": {"path": str(place)}}).execute()
    return found


def page_of(notebook: Any, name: str) -> tuple[str, dict[str, bytes]]:
    r"""Return an executed notebook as Markdown, and its plots by their file names.

    >>> import nbformat
    >>> shown = nbformat.v4.new_output("stream", text="2\n")
    >>> cells = [nbformat.v4.new_markdown_cell("# Sums"), nbformat.v4.new_code_cell("print(1 + 1)", outputs=[shown])]
    >>> print(page_of(nbformat.v4.new_notebook(cells=cells), "sums")[0].replace("```", "---"))
    # Sums
    <BLANKLINE>
    ---python
    print(1 + 1)
    ---
    <BLANKLINE>
    <div class="output" markdown>
    <BLANKLINE>
    ---text
    2
    ---
    <BLANKLINE>
    </div>
    <BLANKLINE>
    """
    blocks: list[str] = []
    plots: dict[str, bytes] = {}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            blocks.append(cell.source)
            continue
        blocks.append(f"```python\n{cell.source}\n```")
        for output in cell.outputs:
            data = output.get("data", {})
            if "image/png" in data:
                plot = f"{name}-{len(plots) + 1}.png"
                plots[plot] = base64.b64decode(data["image/png"])
                blocks.append(f"![Plot of the cell above]({plot})")
            elif "text/html" in data:
                blocks.append(f'<div class="output">\n{data["text/html"].strip()}\n</div>')
            elif output.get("name") != "stderr":
                text = output.get("text") or data.get("text/plain", "")
                blocks.append(f'<div class="output" markdown>\n\n```text\n{text.rstrip()}\n```\n\n</div>')
    return "\n\n".join(blocks) + "\n", plots


def write_pages() -> None:
    """Write every page of the site to build/docs."""
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.copytree(ROOT / "docs", PAGES, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for notebook in sorted((ROOT / "docs" / "notebooks").glob("*.md")):
        with tempfile.TemporaryDirectory() as folder:
            page, plots = page_of(executed(notebook, Path(folder)), notebook.stem)
        (PAGES / "notebooks" / notebook.name).write_text(page, encoding="utf-8")
        for name, plot in plots.items():
            (PAGES / "notebooks" / name).write_bytes(plot)


if __name__ == "__main__":
    write_pages()
