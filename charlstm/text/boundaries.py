"""Where words, lines, sentences and paragraphs end in a text, in languages with and without spaces between words.

A word is a run of letters, with the marks and apostrophes in it. In scripts without spaces (Chinese characters, kana) every
character is a word of its own.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from charlstm.choices import TextEnd

_APOSTROPHES = "'’ʼ"
_SINGLE = re.compile("[\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_FULL_STOPS = "。！？｡"
_CLOSING = "\"'’”»›)\\]}」』）】》〉＂"
_SENTENCE = re.compile(f"[.!?…{_FULL_STOPS}]+[{_CLOSING}]*")
_ABBREVIATION = re.compile(r"(?:^|[^\w])(?:Mr|Mrs|Ms|Dr|St|Prof|[A-Z])\.$")
_LONGEST = 200
"""Characters before a position that are read to find a sentence that ends there."""


@lru_cache(1 << 16)
def is_word_character(character: str) -> bool:
    """Return whether a character can be in a word.

    >>> [is_word_character(character) for character in "é’渡7-"]
    [True, True, True, False, False]
    """
    return character.isalpha() or character in _APOSTROPHES or category(character)[0] == "M"


@lru_cache(1 << 16)
def is_whole_word(character: str) -> bool:
    """Return whether a character is a word of its own, since its script has no spaces between words.

    >>> is_whole_word("渡"), is_whole_word("d")
    (True, False)
    """
    return _SINGLE.match(character) is not None


def in_one_word(before: str, after: str) -> bool:
    """Return whether two neighbouring characters belong to the same word."""
    joined = is_word_character(before) and is_word_character(after)
    return joined and not is_whole_word(before) and not is_whole_word(after)


@dataclass(frozen=True)
class WordCharacters:
    """The characters of a vocabulary that words consist of.

    Attributes:
        letters: True for those that a word can begin with: ``[V]``.
        inside: True for those after which a word can continue: ``[V]``.
    """

    letters: NDArray[np.bool_]
    inside: NDArray[np.bool_]

    @classmethod
    def of(cls, characters: str) -> "WordCharacters":
        """Return the classes of a vocabulary's characters.

        >>> words = WordCharacters.of(" 'a渡")
        >>> words.letters.tolist(), words.inside.tolist()
        ([False, False, True, True], [False, True, True, False])
        """
        letters = [character.isalpha() for character in characters]
        inside = [is_word_character(character) and not is_whole_word(character) for character in characters]
        return cls(np.array(letters), np.array(inside))


def needs_space(before: str, after: str) -> bool:
    """Return whether a space is missing between two texts, the first of which ends with a whole word or sentence.

    >>> needs_space("the river", "was"), needs_space("the river", ", and"), needs_space("said.", '"No'), needs_space("河", "水")
    (True, False, True, False)
    """
    if not before or not after or before[-1].isspace() or not (after[0].isalnum() or after[0] in '"“‘«('):
        return False
    return (
        not is_whole_word(before[-1]) and not is_whole_word(after[0]) and before[-1] not in "“‘«(—-" + _FULL_STOPS + "，、；："
    )


def first_end(text: str, end: TextEnd, least: int) -> int | None:
    """Return the first position from ``least`` on at which a text ends a word, line, sentence or paragraph.

    A position counts only if the characters after it show that it is an end. More text after these does not change it.

    Args:
        text: The text.
        end: The unit that ends. The white space after a word or sentence and the line end after a line are not part of it.
        least: The least position, from 0.

    Returns:
        The position; None if the text does not reach one.

    >>> first_end("Nan said: “No.” And went. ", "sentence", 3), first_end("雨停了。走吧。", "sentence", 2)
    (15, 4)
    """
    positions = range(max(1, least), len(text))
    if end == "line":
        return next((place for place in positions if "\n" in (text[place - 1], text[place])), None)
    if end == "paragraph":
        return next(
            (place for place in positions if "\n\n" in (text[place : place + 2], text[max(0, place - 2) : place])), None
        )
    if end == "word":
        return next((place for place in positions if _ends_word(text[place - 1], text[place])), None)
    blank = text.find("\n\n", max(1, least))
    for match in _SENTENCE.finditer(text, max(0, least - _LONGEST)):
        if match.end() >= least and _ends_sentence(text, match):
            return match.end() if blank < 0 else min(match.end(), blank)
    return None if blank < 0 else blank


def last_word_end(text: str, least: int) -> int | None:
    """Return the last position from ``least`` on at which a word ends, as the character after it shows; None without one.

    >>> last_word_end("He said no to the riv", 3), last_word_end("He said", 3)
    (17, None)
    """
    positions = range(len(text) - 1, max(1, least) - 1, -1)
    return next((place for place in positions if _ends_word(text[place - 1], text[place])), None)


def _ends_word(before: str, after: str) -> bool:
    if is_word_character(before):
        return not in_one_word(before, after)
    return not before.isspace() and after.isspace()


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    """Return whether a match of the marks that can end a sentence does so, as far as the text shows."""
    place = match.end()
    if place == len(text):
        return False
    if any(mark in _FULL_STOPS for mark in match[0]):
        return True
    following = text[place:].lstrip()
    if not following or not text[place].isspace() or following[0].islower():
        return False
    return not _ABBREVIATION.search(text[max(0, place - 8) : place])
