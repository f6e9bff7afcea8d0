"""Repetition in a text: loops at its end, and the fraction of distinct substrings."""

from dataclasses import dataclass

LEAST_LOOP = 20
"""Characters of the shortest repetition that counts as a loop."""


@dataclass(frozen=True)
class TextLoop:
    """A text that repeats itself to its end.

    Attributes:
        period: Length of the repeated part in characters.
        start: Position at which the repetition begins.
    """

    period: int
    start: int


def find_loop(text: str) -> TextLoop | None:
    """Return the loop of shortest period at the end of a text; None if there is none.

    A loop lasts to the end of the text, for at least three periods and at least :data:`LEAST_LOOP` characters.
    """
    # A loop is a suffix of the text, so a prefix of the reversed text. The Z function (Gusfield 1997) gives its length for each
    # period in linear time; the prefix function of Knuth, Morris and Pratt (1977) would only find loops of the whole text.
    backwards = text[::-1]
    for period, agree in enumerate(_z(backwards)):
        lasts = agree + period
        if period and lasts >= max(3 * period, LEAST_LOOP):
            return TextLoop(period, len(text) - lasts)
    return None


def _z(text: str) -> list[int]:
    """Return for every position how many characters from there equal those at the start of the text; 0 for position 0."""
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


def distinct_substrings(text: str, length: int) -> float:
    """Return the fraction of distinct substrings among all of a length; 1 if the text is shorter.

    Source: distinct-n, Li et al. 2016.
    """
    grams = [text[start : start + length] for start in range(len(text) - length + 1)]
    return len(set(grams)) / len(grams) if grams else 1.0
