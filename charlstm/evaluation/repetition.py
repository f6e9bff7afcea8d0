"""How a text repeats itself: loops that it falls into, and how many of its substrings differ."""

from dataclasses import dataclass

LEAST_LOOP = 20
"""Characters that a repetition must last to be called a loop."""


@dataclass(frozen=True)
class Loop:
    """A text that repeats itself to its end.

    Attributes:
        period: Characters that are repeated.
        start: Where the repetition begins.
    """

    period: int
    start: int


def loop(text: str) -> Loop | None:
    """The shortest period that a text falls into, and where.

    A loop goes on to the end, is run through at least three times, and lasts at least :data:`LEAST_LOOP` characters.
    """
    # The prefix function of Knuth, Morris and Pratt (1977) knows whole texts. A loop is a tail: a prefix, read backwards, and
    # the Z function (Gusfield 1997) says of every period how long that is, in linear time.
    backwards = text[::-1]
    for period, agree in enumerate(_z(backwards)):
        lasts = agree + period
        if period and lasts >= max(3 * period, LEAST_LOOP):
            return Loop(period, len(text) - lasts)
    return None


def _z(text: str) -> list[int]:
    """For every place, how far the text from there on agrees with its beginning; 0 at the first place."""
    agree = [0] * len(text)
    left = right = 0
    for place in range(1, len(text)):
        length = min(agree[place - left], right - place) if place < right else 0
        while place + length < len(text) and text[length] == text[place + length]:
            length += 1
        agree[place] = length
        if place + length > right:
            left, right = place, place + length
    return agree


def distinct(text: str, length: int) -> float:
    """The share of different ones among a text's substrings of a length (distinct-n, Li et al. 2016); 1 if there is none."""
    grams = [text[start : start + length] for start in range(len(text) - length + 1)]
    return len(set(grams)) / len(grams) if grams else 1.0
