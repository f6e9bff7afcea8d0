"""Units and rounding of the numbers in results and messages, and lists of characters."""

import math
from collections.abc import Mapping, Sequence


def bits(nats: float) -> float:
    """Return nats converted to bits.

    >>> bits(math.log(8))
    3.0
    """
    return nats / math.log(2)


def count_parameters(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Return the number of parameters in weights of these shapes.

    >>> count_parameters({"kernel": (8, 40), "recurrent_kernel": (10, 40), "bias": (40,)})
    760
    """
    return sum(math.prod(shape) for shape in shapes.values())


def about(number: float) -> str:
    """Return a positive number rounded to two significant digits, or to a whole number from 10 up.

    >>> about(0.123), about(3.21), about(14.6), about(1234.5)
    ('0.12', '3.2', '15', '1,234')
    """
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"


def counted(number: float, one: str, more: str = "") -> str:
    """Return a rounded number with its unit.

    >>> counted(1.04, "minute"), counted(2.96, "pass", "passes")
    ('1 minute', '3 passes')
    """
    rounded = about(number)
    return f"{rounded} {one}" if rounded == "1" else f"{rounded} {more or one + 's'}"


def exactly(number: float, one: str) -> str:
    """Return a number with its unit, not rounded.

    >>> exactly(1, "epoch"), exactly(2.5, "epoch"), exactly(1_234_567, "character")
    ('1 epoch', '2.5 epochs', '1,234,567 characters')
    """
    shown = f"{number:,.0f}" if number >= 10_000 and number == round(number) else f"{number:g}"
    return f"{shown} {one}{'' if number == 1 else 's'}"


def time_estimate(minutes: float) -> str:
    """Return an estimated time, from a minute up, in minutes or hours.

    >>> time_estimate(0.2), time_estimate(9.4), time_estimate(827)
    ('1 minute', '9.4 minutes', '14 hours')
    """
    return counted(max(1.0, minutes), "minute") if minutes < 120 else counted(minutes / 60, "hour")


def decimal(number: float, digits: int, sign: str = "") -> str:
    """Return a number of any size with ``digits`` decimal places, or in scientific notation from 10,000 up.

    Args:
        number: The number.
        digits: Number of decimal places.
        sign: "+" to mark positive numbers too.

    >>> decimal(1.094, 2), decimal(0.5, 3, "+"), decimal(-3e38, 2)
    ('1.09', '+0.500', '-3.0e+38')
    """
    return f"{number:{sign}.{digits}f}" if abs(number) < 10_000 else f"{number:{sign}.1e}"


def duration(seconds: float) -> str:
    """Return seconds as seconds, minutes or hours.

    >>> duration(7.4), duration(75), duration(3700)
    ('7 s', '1:15 min', '1:01:40 h')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02} h"


def visible_character(text: str) -> str:
    """Return a character, quoted and escaped if it is invisible."""
    return text if text.isprintable() and not text.isspace() else repr(text)


def replacements(pairs: Sequence[tuple[str, str]]) -> str:
    """Return a list of characters and what replaces them.

    >>> replacements([("ô", "o"), ("ß", "ss")])
    'ô → o, ß → ss'
    """
    return first_of([f"{visible_character(before)} → {visible_character(after)}" for before, after in pairs])


def first_of(items: Sequence[str], limit: int = 40) -> str:
    """Return the first items of a list, and the number of the others.

    >>> first_of(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    more = f" and {len(items) - limit} more" if len(items) > limit else ""
    return ", ".join(items[:limit]) + more
