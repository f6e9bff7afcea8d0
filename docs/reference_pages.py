"""The pages of docs/reference that are made from the source: commands from their help, Python from docstrings, and JSON.

``python -m docs.reference_pages`` writes them.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from types import FunctionType
from typing import Any, is_typeddict

from typer.main import get_command
from typer.testing import CliRunner

import charlstm
from charlstm.cli.app import app
from charlstm.results.reference import attributes, json_page

FOLDER = Path(__file__).parent / "reference"
_COLUMNS = 88
"""Width from which a signature has a line for each parameter."""

_SECTION = re.compile(r"^(Args|Attributes|Returns|Yields|Raises):\n((?: {4}.*\n|\n)+)", re.MULTILINE)
_TITLES = {"Args": "Arguments", "Raises": "Errors"}


def commands_page() -> str:
    """Return the contents of docs/reference/commands.md."""
    names = ["", *getattr(get_command(app), "commands")]  # noqa: B009 (a group of Typer, which does not export its type)
    lines = [
        "# Commands",
        "",
        "Every command and option with its default, as `--help` prints it. `make reference` writes this page.",
        "",
    ]
    for name in names:
        arguments = [*([name] if name else []), "--help"]
        result = CliRunner().invoke(app, arguments, env={"COLUMNS": "100", "TERM": "dumb"}, terminal_width=100)
        lines += [f"## charlstm {name}".rstrip(), "", "```text", result.stdout.strip("\n"), "```", ""]
    return "\n".join(lines)


def python_page() -> str:
    """Return the contents of docs/reference/python.md."""
    introduction = (
        "# Python\n\nThe public names of `charlstm`. [The guide](../guides/python.md) shows them at work.\n"
        "`make reference` writes this page from the docstrings.\n"
    )
    return "\n".join([introduction, *(line for name in charlstm.__all__ for line in _entry(name))])


def _entry(name: str) -> Iterator[str]:
    """Yield the lines of a public name."""
    value = getattr(charlstm, name)
    yield from (f"## charlstm.{name}", "")
    if inspect.ismodule(value):
        yield from (*_docstring(value.__doc__), "")
        for kind in vars(value).values():
            if inspect.isclass(kind) and kind.__module__ == value.__name__:
                base = kind.__bases__[0].__name__
                yield from (f"### {name}.{kind.__name__}", "", f"A kind of `{base}`.", "", *_docstring(kind.__doc__))
    elif is_typeddict(value):
        yield from _docstring(value.__doc__)
        if "Attributes:" not in (value.__doc__ or ""):
            types = {node.target.id: ast.unparse(node.annotation) for node in _body(value) if _is_field(node)}
            yield from (*(f"- `{field}`: `{kind}`" for field, kind in types.items()), "")
            yield from ("[`charlstm train`](commands.md#charlstm-train) describes each.", "")
    elif inspect.isclass(value):
        yield from _class(name, value)
    else:
        yield from _function(name, value)


def _is_field(node: ast.stmt) -> bool:
    return isinstance(node, ast.AnnAssign)


def _body(kind: type) -> list[Any]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(definition, ast.ClassDef)
    return definition.body


def _class(name: str, kind: type) -> Iterator[str]:
    """Yield the docstring of a class, its fields, and then its public properties and methods in the order of the source."""
    yield from _docstring(kind.__doc__)
    if hasattr(kind, "__struct_fields__"):
        yield from ("**Attributes**", "")
        for field, meaning in attributes(kind).items():
            yield f"- `{field}`: {meaning.replace('; null if', '; None if')}"
        yield from ("", "[JSON](json.md) has the records in it.", "")
    kinds = [each for each in reversed(kind.__mro__) if each.__module__.startswith("charlstm.")]
    members = [(member, value) for each in kinds for member, value in vars(each).items() if not member.startswith("_")]
    properties = [(member, _getter(value)) for member, value in members if _getter(value)]
    if properties:
        yield from ("**Properties**", "")
        for member, getter in properties:
            yield f"- `{member}`: {_inline(_summary(getter))}"
        yield ""
    for member, value in members:
        function = value.__func__ if isinstance(value, classmethod) else value
        if isinstance(function, FunctionType) and function.__doc__:
            yield from _function(f"{name}.{member}", function)


def _getter(value: Any) -> Callable[..., Any] | None:
    if isinstance(value, cached_property):
        return value.func
    return value.fget if isinstance(value, property) else None


def _summary(function: Any) -> str:
    return " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())


def _function(name: str, function: Any) -> Iterator[str]:
    """Yield the heading, the signature and the docstring of a function or method."""
    if "." in name:
        yield from (f"### {name}", "")
    yield from ("```python", signature(function), "```", "", *_docstring(function.__doc__))


def signature(function: Callable[..., Any]) -> str:
    """Return the signature of a function as its source has it, with the values of defaults that are names.

    >>> signature(charlstm.Model.score)
    "score(text: str, mode: Mode = 'stateful', on_unknown: OnUnknown = 'error') -> Score"
    """
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(node, ast.FunctionDef)
    parameters = inspect.signature(function).parameters
    positional = [*node.args.posonlyargs, *node.args.args]
    first = len(positional) - len(node.args.defaults)
    found = [
        _parameter(argument, node.args.defaults[place - first] if place >= first else None, parameters)
        for place, argument in enumerate(positional)
        if argument.arg not in {"self", "cls"}
    ]
    if node.args.kwonlyargs:
        found.append("*")
    pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    found += [_parameter(argument, default, parameters) for argument, default in pairs]
    if node.args.kwarg:
        found.append(f"**{_parameter(node.args.kwarg, None, parameters)}")
    returned = f" -> {_type(node.returns)}" if node.returns else ""
    line = f"{node.name}({', '.join(found)}){returned}"
    if len(line) <= _COLUMNS:
        return line
    return "\n".join([f"{node.name}(", *(f"    {parameter}," for parameter in found), f"){returned}"])


def _parameter(argument: ast.arg, default: ast.expr | None, parameters: Any) -> str:
    kind = f": {_type(argument.annotation)}" if argument.annotation else ""
    if default is None:
        return f"{argument.arg}{kind}"
    value = parameters[argument.arg].default
    shown = repr(str(value) if isinstance(value, Path) else value) if isinstance(default, ast.Name) else ast.unparse(default)
    return f"{argument.arg}{kind} = {shown}"


def _type(annotation: ast.expr) -> str:
    """Return an annotation without the quotes of a forward reference."""
    return (
        annotation.value
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str)
        else ast.unparse(annotation)
    )


def _docstring(text: str | None) -> list[str]:
    """Return a docstring as lines of Markdown, its sections as lists."""
    cleaned = inspect.cleandoc(text or "") + "\n"
    lines: list[str] = []
    end = 0
    for section in _SECTION.finditer(cleaned):
        lines += [*_prose(cleaned[end : section.start()]), f"**{_TITLES.get(section[1], section[1])}**", ""]
        lines += [*_items(section[1], textwrap.dedent(section[2])), ""]
        end = section.end()
    return lines + _prose(cleaned[end:])


def _items(section: str, text: str) -> Iterator[str]:
    """Yield the items of a section, one on each line."""
    if section in {"Returns", "Yields"}:
        yield _inline(" ".join(text.split()))
        return
    for name, meaning in re.findall(r"^(\S+): (.*(?:\n {4}.*)*)", text, re.MULTILINE):
        yield f"- `{name}`: {_inline(' '.join(meaning.split()))}"


def _prose(text: str) -> list[str]:
    """Return paragraphs as lines, examples as code."""
    lines = []
    for paragraph in filter(None, (each.strip("\n") for each in re.split(r"\n\s*\n", text))):
        if paragraph.startswith(">>> "):
            lines += ["```python", paragraph, "```", ""]
        else:
            lines += [_inline(" ".join(paragraph.split())), ""]
    return lines


def _inline(text: str) -> str:
    """Return a line with the roles and literals of reStructuredText as code."""
    return re.sub(r":\w+:`([^`]*)`", r"`\1`", text).replace("``", "`")


if __name__ == "__main__":
    (FOLDER / "commands.md").write_text(commands_page(), encoding="utf-8")
    (FOLDER / "python.md").write_text(python_page(), encoding="utf-8")
    (FOLDER / "json.md").write_text(json_page(), encoding="utf-8")
