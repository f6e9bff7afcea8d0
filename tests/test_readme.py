"""The commands and the code in README.md, data/README.md and docs/."""

import doctest
import re
import shlex
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from charlstm import model_training
from charlstm.cli import progress
from charlstm.cli.app import app
from charlstm.planning.training_plan import TrainingPlan

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "data" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
QUICK = ("README.md", "docs/start/install.md")
"""Pages whose commands run by default; the commands of the others take minutes together."""


def name(page: Path) -> str:
    """Return the path of a page in the repository."""
    return page.relative_to(ROOT).as_posix()


def commands(page: Path) -> list[str]:
    """Return the commands after ``$ charlstm`` in the console blocks of a page."""
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    return [line[len("$ charlstm ") :] for block in blocks for line in block.splitlines() if line.startswith("$ charlstm ")]


def made_small(plan: TrainingPlan) -> TrainingPlan:
    """Return a plan reduced to a few steps, with a small network if that is allowed."""
    training = replace(plan.config.training, minutes=None, epochs=0.02, evaluations=1, batch_size=2)
    model = plan.config.model if plan.start else replace(plan.config.model, units=(8,), seq_len=16)
    return replace(plan, config=replace(plan.config, model=model, training=training))


@pytest.fixture
def clone(tmp_path_factory) -> Path:
    """Make a folder with the data of a clone, and two texts of the user."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "data", folder / "data")
    shutil.copytree(ROOT / "checkpoints" / "ferry", folder / "checkpoints" / "ferry")
    text = (ROOT / "data" / "ferry-year.txt").read_text(encoding="utf-8")
    (folder / "corpus.txt").write_text(text[:20_000], encoding="utf-8")
    (folder / "new.txt").write_text(text[20_000:40_000] + "¿?", encoding="utf-8")
    (folder / "held.txt").write_text(text[40_000:50_000], encoding="utf-8")
    return folder


@pytest.mark.usefixtures("without_graph_optimizer")
@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=() if name(page).startswith(QUICK) else pytest.mark.slow) for page in PAGES if commands(page)],
    ids=name,
)
def test_commands_of_a_page_run(page, clone, monkeypatch):
    monkeypatch.chdir(clone)
    # Every word of a command is parsed and planned as it stands; only the training itself is cut short.
    monkeypatch.setattr(progress, "follow", lambda plan, follow=progress.follow, **how: follow(made_small(plan), **how))
    for command in commands(page):
        taken = clone / "checkpoints" / "ferry"
        if "--name ferry" in command:
            taken = taken.rename(clone / "ferry-aside")
        words, redirected, file = command.partition(" > ")
        result = CliRunner().invoke(app, shlex.split(words))
        assert result.exit_code == 0, f"charlstm {command}\n{result.stderr}"
        if redirected:
            Path(file).write_text(result.stdout)
        if "--name ferry" in command:
            shutil.rmtree(clone / "checkpoints" / "ferry")
            taken.rename(clone / "checkpoints" / "ferry")


# Beside the tests of every method and of the README.
@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.parent.name == "guides" and ">>> " in page.read_text(encoding="utf-8")], ids=name
)
def test_examples_of_a_page_give_their_output(page, clone, monkeypatch):
    monkeypatch.chdir(clone)
    blocks = re.findall(r"```python\n(>>> .*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    example = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, name(page), str(page), 0)
    report: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=report.append)
    assert result.attempted > 0
    assert result.failed == 0, "".join(report)


@pytest.mark.usefixtures("without_graph_optimizer")
def test_python_of_the_readme_runs(clone, monkeypatch):
    monkeypatch.chdir(clone)
    plan = model_training.plan_training
    monkeypatch.setattr(model_training, "plan_training", lambda *given, **named: made_small(plan(*given, **named)))
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["text"].startswith("The ferry ")
    assert names["likeliest"][0][0] == "v"
    assert names["keras_model"].input_shape == (None, 16, 1)


def test_readme_output_matches_the_first_command(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "checkpoints" / "ferry", tmp_path / "checkpoints" / "ferry")
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```console\n\$ charlstm (generate [^\n]*)\n(.*?)```", text, re.DOTALL)
    assert block is not None
    assert CliRunner().invoke(app, shlex.split(block[1])).stdout == block[2]


def test_page_links_exist():
    for page in PAGES:
        prose = re.sub("```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)]+)\)", prose):
            file, _, anchor = target.partition("#")
            linked = page.parent / file if file else page
            assert file.startswith("https://") or linked.exists(), f"{name(page)}: {target}"
            assert not anchor or anchor in anchors(linked), f"{name(page)}: {target}"


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_options_on_pages_exist():
    known = {option for command in get_command(app).commands for option in help_options(command)}
    known |= {
        "--version",
        "--help",
        "--install-completion",
        "--show-completion",
        "--require-hashes",
        "--no-deps",
        "--no-build-isolation",
    }
    known |= {"--logdir", "--init"}  # of TensorBoard, of Docker
    known |= {"--nodes", "--ntasks-per-node", "--cpus-per-task", "--kill-on-bad-exit", "--requeue"}  # of Slurm
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for command, module, arguments in re.findall(r"(python -m benchmarks\.(\w+)([^`]*))", text):
            source = (ROOT / "benchmarks" / f"{module}.py").read_text(encoding="utf-8")
            assert all(f'"{option}"' in source for option in options(arguments)), f"{name(page)}: {command}"
            text = text.replace(command, "")
        assert options(text) <= known, f"{name(page)}: {sorted(options(text) - known)}"


def options(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))


def help_options(command: str) -> set[str]:
    shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "400", "TERM": "dumb"}).stdout
    return options(shown)


@pytest.fixture(scope="module")
def inspect_output(tmp_path_factory) -> list[str]:
    """Return the lines that inspect prints of the shipped model."""
    folder = tmp_path_factory.mktemp("inspect")
    shutil.copytree(ROOT / "checkpoints" / "ferry", folder / "checkpoints" / "ferry")
    inside = ["inspect", "inside", "--text-file", str(ROOT / "data" / "ferry-year.txt")]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("COLUMNS", "100")
        return [
            line.strip()
            for arguments in (["inspect", "--keras"], inside, [*inside, "--unit", "62"])
            for line in CliRunner().invoke(app, arguments).stdout.splitlines()
        ]


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["explanation", "zh"])
def test_inside_an_lstm_page_matches_inspect_output(folder, inspect_output):
    blocks = re.findall(
        r"```text\n(.*?)```", (ROOT / "docs" / folder / "inside-an-lstm.md").read_text(encoding="utf-8"), re.DOTALL
    )
    shown = [line.strip() for block in blocks for line in block.splitlines() if line.strip()]
    elsewhere = ("On this machine (", "many-to-one: ", "many-to-many, TimeDistributed: ")  # devices; what the example prints
    unlike = [
        line for line in shown if not line.startswith(elsewhere) and not any(alike(line, other) for other in inspect_output)
    ]
    assert unlike == []
    assert len(shown) > 100


def alike(one: str, other: str) -> bool:
    """Return whether two lines have the same words, and numbers that differ by rounding, as on another machine."""
    # A line may end before "(rounding)".
    nothing = r"\b(0|\de-\d\d \(rounding\)|\de-0[6-9](?=$)|\d\.\d+e-(0[7-9]|\d\d))(?=[.,;]? |[.,;]?$)"
    one, other = (re.sub(nothing, "~0", line) for line in (one, other))
    number = r"[-+]?\d+\.\d+"
    if re.sub(number, "#", one).split() != re.sub(number, "#", other).split():
        return False
    return [*map(float, re.findall(number, one))] == pytest.approx([*map(float, re.findall(number, other))], abs=2e-3)
