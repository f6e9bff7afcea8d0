"""Parsers of option values, with messages for invalid ones."""

import math
import sys
from collections.abc import Callable
from typing import Any, TypedDict, get_args

import typer

from charlstm.errors import join_alternatives, range_phrase, short_repr, suggestion

LARGEST_SEED = 2**63 - 1
"""Largest random seed."""


class OptionArguments(TypedDict):
    """Arguments of ``typer.Option`` for a kind of value."""

    metavar: str
    parser: Callable[[Any], Any]


def integer(ge: int | None = None, le: int | None = None) -> OptionArguments:
    """Return the arguments of ``typer.Option`` for an integer; bounds are checked only if there is a lower one."""
    return {
        "metavar": "N",
        "parser": _parser(int, range_phrase("an integer", ge, None, le), ge, math.inf if le is None else le),
    }


def number(ge: float | None = None, le: float | None = None) -> OptionArguments:
    """Return the arguments of ``typer.Option`` for a number; bounds are checked only if there is a lower one."""
    what = "a number" if ge is None or le is not None else "a finite number"
    return {
        "metavar": "F",
        "parser": _parser(float, range_phrase(what, ge, None, le), ge, sys.float_info.max if le is None else le),
    }


def choice(words: Any) -> OptionArguments:
    """Return the arguments of ``typer.Option`` for an option that takes one of the words of a ``Literal``."""
    words = get_args(words)

    def parse(value: str) -> str:
        if value not in words:
            raise typer.BadParameter(
                f"expected {join_alternatives(words)}; found {short_repr(value)}{suggestion(value, words)}"
            )
        return value

    return {"metavar": "|".join(words), "parser": parse}


def integer_or_auto(value: str) -> int | str:
    """Parse a positive integer, or the word ``auto``."""
    if value == "auto":
        return value
    parsed: int = _parser(int, "auto or an integer of at least 1", 1, math.inf)(value)
    return parsed


def integers(value: str) -> tuple[int, ...]:
    """Parse integers that are separated by commas."""
    try:
        return tuple(int(part) for part in value.split(","))
    except ValueError:
        raise typer.BadParameter(f"expected integers separated by commas, such as 512,512; found {short_repr(value)}") from None


def number_or_two(value: Any) -> float | tuple[float, float]:
    """Parse a number of at least 0, or two that are separated by a colon."""
    parts = str(value).split(":")
    if len(parts) > 2:
        raise typer.BadParameter(f"expected a number, or two such as 0.3:1.2; found {short_repr(value)}")
    numbers = [number(0)["parser"](part) for part in parts]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else numbers[0]


def _parser(kind: type[int] | type[float], expected: str, least: float | None, most: float) -> Callable[[Any], Any]:
    def parse(value: Any) -> Any:  # Typer also parses the default, which already is a number
        try:
            found = kind(value)
        except ValueError:
            long = kind is int and value.strip().lstrip("+-").isdecimal()
            most_digits = f" and of at most {sys.get_int_max_str_digits():,} digits" if long and most == math.inf else ""
            raise typer.BadParameter(f"expected {expected}{most_digits}; found {short_repr(value)}") from None
        if least is not None and not least <= found <= most:
            raise typer.BadParameter(f"expected {expected}; found {found}")
        return found

    return parse


def is_given(context: typer.Context, name: str) -> bool:
    """Return whether the user gave an option, whatever its value."""
    source = context.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"
