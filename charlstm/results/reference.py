"""The page docs/reference/json.md, made from the types of the results and their docstrings."""

import inspect
import re
from collections.abc import Iterator

import msgspec
from msgspec import inspect as types

from charlstm.results.commands import RESULTS

_INTRODUCTION = """# The JSON of the commands

Asked for JSON, a command prints one object on stdout. Every key below is in it; those marked *optional* only if an option or a
text asks for them. No number is infinite or NaN. Keys that are numbers, such as context lengths, are strings in JSON.

In Python, the types of `charlstm.results` check an object strictly, and give its JSON Schema:

```python
import msgspec
from charlstm.results.commands import RESULTS

found = msgspec.json.decode(text, type=RESULTS["compare"])  # text is what `compare` printed
found.modes.stateful.nats_per_char
msgspec.json.schema(RESULTS["compare"])
```

`make reference` writes this page from those types.
"""

_PLAIN: dict[type[types.Type], str] = {
    types.IntType: "integer",
    types.FloatType: "number",
    types.StrType: "string",
    types.BoolType: "true or false",
    types.NoneType: "null",
}


def json_page() -> str:
    """Return the contents of docs/reference/json.md."""
    return "\n".join([_INTRODUCTION, *_lines()])


def _lines() -> Iterator[str]:
    shown: set[type] = set()
    for command, result in RESULTS.items():
        yield from (f"## charlstm {command}", "")
        waiting = [types.type_info(result)]
        while waiting:
            record = waiting.pop(0)
            assert isinstance(record, types.StructType)
            if record.cls in shown:
                continue
            shown.add(record.cls)
            if record.cls is not result:
                yield from (f"### {record.cls.__name__}", "")
            yield from _record(record)
            waiting += [found for field in record.fields for found in _structs(field.type)]


def _record(record: types.StructType) -> Iterator[str]:
    """Yield the summary of a record and the table of its keys."""
    meanings = attributes(record.cls)
    yield from ((inspect.getdoc(record.cls) or "").partition("\n")[0], "", "| key | type | meaning |", "| --- | --- | --- |")
    for field in record.fields:
        optional = "" if field.required else "*optional* "
        yield f"| `{field.encode_name}` | {optional}{_described(field.type)} | {meanings[field.name]} |"
    yield ""


def attributes(record: type[msgspec.Struct]) -> dict[str, str]:
    """Return the meaning of every field, from the ``Attributes`` sections of a record's docstring and its base's.

    >>> from charlstm.results.scores import SampledScoreRecord
    >>> list(attributes(SampledScoreRecord))
    ['nats_per_char', 'bits_per_char', 'standard_error_nats', 'characters']
    """
    found = {}
    for kind in reversed(record.__mro__):
        section = inspect.cleandoc(kind.__doc__ or "").partition("\nAttributes:\n")[2]
        for name, meaning in re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", section, re.MULTILINE):
            found[name] = " ".join(meaning.split())
    return found


def _described(kind: types.Type) -> str:
    """Describe a type in words, with links to the tables of records."""
    match kind:
        case types.UnionType():
            return " or ".join(_described(each) for each in kind.types)
        case types.ListType():
            return f"list of {_described(kind.item_type)}"
        case types.DictType():
            return f"object, {_described(kind.key_type)} → {_described(kind.value_type)}"
        case types.StructType():
            return f"[{kind.cls.__name__}](#{_anchor(kind.cls)})"
        case types.LiteralType():
            return " or ".join(f"`{value}`" for value in sorted(map(str, kind.values)))
    return _PLAIN[type(kind)]


def _anchor(record: type) -> str:
    """Return the anchor of a record: of the command whose whole result it is, or else of its own heading."""
    command = next((command for command, result in RESULTS.items() if result is record), None)
    return record.__name__.lower() if command is None else f"charlstm-{command.replace(' ', '-')}"


def _structs(kind: types.Type) -> Iterator[types.StructType]:
    """Yield the records that a type contains."""
    match kind:
        case types.UnionType():
            for each in kind.types:
                yield from _structs(each)
        case types.ListType():
            yield from _structs(kind.item_type)
        case types.DictType():
            yield from _structs(kind.value_type)
        case types.StructType():
            yield kind
