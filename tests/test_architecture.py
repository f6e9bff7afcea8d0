"""Imports and strings of the packages, read from the source."""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from typer.main import get_command

import charlstm
from charlstm.cli.app import app

PACKAGE = Path(charlstm.__file__).parent
LEAVES = {"errors", "choices", "config", "files", "formatting", "interruption", "machine", "results", "__version__"}
PACKAGES = [
    "text",
    "checkpoint",
    "inference",
    "planning",
    "nn",
    "training",
    "inspection",
    "evaluation",
    "report",
    "export",
    "importing",
]
"""From the lowest to the highest. A package may import those below it and the leaves."""

ALLOWED = {
    "__init__": set(),
    "interruption": set(),
    "__main__": {"cli"},
    "errors": set(),
    "choices": set(),
    "files": set(),
    "formatting": set(),
    "machine": {"errors", "formatting"},
    "results": {"choices"},
    "config": {"choices", "errors"},
    **{package: LEAVES | set(PACKAGES[:number]) for number, package in enumerate(PACKAGES)},
    "model_files": LEAVES | set(PACKAGES) - {"nn", "training"},
    "model_reading": LEAVES | set(PACKAGES) - {"nn", "training"} | {"model_files"},
    "model": LEAVES | set(PACKAGES) - {"nn", "training"} | {"model_reading"},
    "training_progress": LEAVES | set(PACKAGES) - {"nn", "training"},
    "model_training": LEAVES | set(PACKAGES) - {"nn", "training"} | {"model", "training_progress"},
    "model_comparison": LEAVES | set(PACKAGES) - {"nn", "training"} | {"model"},
    "model_mixture": LEAVES | set(PACKAGES) - {"nn", "training"} | {"model"},
    "model_import": LEAVES | set(PACKAGES) - {"nn", "training"} | {"model"},
    "server": LEAVES | set(PACKAGES) - {"nn", "training"} | {"model"},
    "llm_plugin": LEAVES | set(PACKAGES) - {"nn", "training"} | {"model"},
    "cli": {"choices", "errors", "formatting", "interruption", "__version__"},
}
"""Packages that a package may import at module level."""
for package in ("inspection", "evaluation", "report", "export", "importing"):
    ALLOWED[package] -= {"nn", "training"}  # which import TensorFlow

API = {"model_files", "model_reading", "model", "model_training", "model_comparison", "model_import", "model_mixture"}
LATER = {
    "__init__": LEAVES | set(PACKAGES) | API,
    "model_files": LEAVES | set(PACKAGES),
    "model_reading": LEAVES | set(PACKAGES),
    "model": LEAVES | set(PACKAGES),
    "training_progress": LEAVES | set(PACKAGES),
    "model_training": LEAVES | set(PACKAGES) | {"model"},
    "export": {"nn"},
    "cli": LEAVES | set(PACKAGES) | API | {"server"},
}
"""Further packages that it may import inside functions or for the type checker."""

OTHERS = {
    "cli/interactive.py": {"inference", "text"},
    "cli/draft.py": {"inference", "text"},
    "cli/bulk.py": {"inference"},
    "cli/train.py": {"planning"},  # the presets, which its help shows
}  # the first three are imported inside a command themselves
OTHER_LIBRARIES = {f"cli/{name}.py": {"rich"} for name in ("console", "inspection_view", "comparison_view")}

LIBRARIES = {
    "config": {"msgspec"},
    "results": {"msgspec"},
    "text": {"numpy", "msgspec", "filelock"},
    "checkpoint": {"numpy", "safetensors", "msgspec", "filelock", "platformdirs"},
    "inference": {"numpy", "msgspec"},
    "model_reading": {"numpy"},
    "model": {"numpy"},
    "model_comparison": {"numpy"},
    "model_mixture": {"numpy"},
    "planning": {"numpy"},
    "nn": {"numpy", "tensorflow", "keras"},
    "training": {"numpy", "tensorflow", "keras", "msgspec"},
    "inspection": {"numpy"},
    "evaluation": {"numpy"},
    "report": {"numpy"},
    "export": {"numpy"},
    "importing": {"numpy", "h5py", "safetensors"},
    "server": {"numpy", "msgspec", "starlette", "uvicorn", "h11", "prometheus_client"},
    "llm_plugin": {"llm", "pydantic"},
    "cli": {"typer", "tqdm", "threadpoolctl"},
}
OTHER_LIBRARIES["inference/bulk.py"] = {"threadpoolctl"}  # which starts processes and shares the cores among them
LATER_LIBRARIES = {
    "inference": {"regex"},
    "model": {"keras"},
    "training_progress": {"tqdm"},
    "text": {"charset_normalizer", "backports"},
    "cli": {"threadpoolctl"},
    "report": {"matplotlib", "jinja2", "markupsafe"},
    "export": {"jinja2", "markupsafe", "onnx", "safetensors", "tensorflow"},
}

WORLD = {"time", "datetime", "os", "pathlib", "io", "shutil", "tempfile", "subprocess", "random", "secrets", "signal"}


@dataclass(frozen=True)
class Import:
    """An imported module; ``at_once`` is true for an import at module level."""

    module: str
    at_once: bool

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]

    @property
    def room(self) -> str:
        """Package or module below ``charlstm``; ``__version__`` for ``charlstm`` itself."""
        return ([*self.module.split("."), "__version__"])[1]


@cache
def sources() -> list[str]:
    return sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def room_of(source: str) -> str:
    return source.partition("/")[0].removesuffix(".py")


def sources_of(room: str) -> list[str]:
    return [source for source in sources() if room_of(source) == room]


ROOMS = sorted({room_of(source) for source in sources()})


@cache
def tree_of(source: str) -> ast.Module:
    return ast.parse((PACKAGE / source).read_text())


@cache
def imports(source: str) -> tuple[Import, ...]:
    return tuple(_imports(tree_of(source), at_once=True))


def _imports(node: ast.AST, *, at_once: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import(alias.name, at_once) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "relative imports hide the package"
        inside = node.module == "charlstm"
        yield from (
            # `from charlstm import text` reaches the room, `from charlstm import __version__` reaches the package.
            Import(f"charlstm.{alias.name}" if inside and alias.name != "__version__" else str(node.module), at_once)
            for alias in node.names
        )
    elif isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
        for child in node.body:
            yield from _imports(child, at_once=False)
        for child in node.orelse:
            yield from _imports(child, at_once=at_once)
    else:
        later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from _imports(child, at_once=at_once and not later)


def test_every_package_is_listed():
    assert {room_of(source) for source in sources()} == set(ALLOWED)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_one_way(room):
    for source in sources_of(room):
        at_once = {room} | ALLOWED[room] | OTHERS.get(source, set())
        later = at_once | LATER.get(room, set())
        wrong = {
            found.module
            for found in imports(source)
            if found.top == "charlstm" and found.room not in (at_once if found.at_once else later)
        }
        assert not wrong, source


@pytest.mark.parametrize("room", ROOMS)
def test_packages_import_only_their_libraries(room):
    for source in sources_of(room):
        at_once = {"charlstm", *LIBRARIES.get(room, ()), *OTHER_LIBRARIES.get(source, ())} | sys.stdlib_module_names
        later = at_once | LATER_LIBRARIES.get(room, set())
        assert {found.top for found in imports(source) if found.at_once} <= at_once, source
        assert {found.top for found in imports(source)} <= later, source


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "cli"])
def test_only_cli_prints_or_exits(room):
    for source in sources_of(room):
        if source != "inference/bulk.py":
            check_that_it_returns(source)


def check_that_it_returns(source: str) -> None:
    for node in ast.walk(tree_of(source)):
        match node:
            case ast.Call(func=ast.Name(id="print" | "input" | "exit" | "quit") as called):
                pytest.fail(f"{source}: line {node.lineno} calls {called.id}")
            case ast.Attribute(value=ast.Name(id="sys" | "os"), attr="exit" | "_exit" | "stdout" as name):
                pytest.fail(f"{source}: line {node.lineno} uses {name}")
            case ast.Name(id="SystemExit"):
                pytest.fail(f"{source}: line {node.lineno} raises SystemExit")
            case ast.ImportFrom(module="sys", names=names):
                assert "exit" not in {alias.name for alias in names}, source


COMMANDS = "|".join(get_command(app).commands)
COMMAND_LINE = re.compile(rf"(?<![\w-])--[a-z]|\bcharlstm (?:{COMMANDS})\b")


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "cli"])
def test_only_cli_names_options_or_commands(room):
    # Other packages also serve Python callers: they write `resume='ferry'`, which the command line turns into an option.
    for source in sources_of(room):
        strings = [node for node in ast.walk(tree_of(source)) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        assert [f"line {node.lineno}: {node.value}" for node in strings if COMMAND_LINE.search(node.value)] == [], source


PREPARED = {f"text/{name}.py" for name in ("compression", "id_writer", "preparation", "preparation_log", "prepared_corpus")}
READ_FILES = {"text/corpus.py", "text/sources.py", "inference/bulk.py", *PREPARED}
NUMERICAL = [source for source in sources() if room_of(source) in ("inference", "text") and source not in READ_FILES]


def test_numerical_core_uses_no_clock_files_or_system():
    for source in NUMERICAL:
        assert not {found.top for found in imports(source)} & WORLD, source
        called = [node for node in ast.walk(tree_of(source)) if isinstance(node, ast.Call)]
        assert "open" not in {ast.unparse(node.func) for node in called}, source
