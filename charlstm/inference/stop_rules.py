"""Rules that end a text: stop strings, a regular expression, and the end of a word, line, sentence or paragraph."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from charlstm.choices import TextEnd
from charlstm.errors import ConfigError
from charlstm.text.boundaries import first_end, last_word_end

if TYPE_CHECKING:
    import regex

StopReason = Literal["length", "stop", "end", "complete"]

LONGEST_END = 3
"""A text continues to the end of a sentence, say, until it is this many times as long as its length.

Without an end by then it is cut after its last word.
"""

_BEFORE = 250
"""Characters before a place that a rule can read: a sentence that ends there, or what a regular expression looks back to."""


@dataclass(frozen=True)
class StopRules:
    """The rules that end a text.

    Attributes:
        strings: Strings each of which ends the text.
        regex: A regular expression whose first match ends the text; see :func:`compiled`.
        keep: True if the text contains the string or the match that ended it.
        end: The word, line, sentence or paragraph that the text completes after its length; None to end there.
    """

    strings: tuple[str, ...] = ()
    regex: str | None = None
    keep: bool = False
    end: TextEnd | None = None

    def most(self, length: int) -> int:
        """Return the greatest number of characters of a text of a length."""
        return length if self.end is None else LONGEST_END * length

    @property
    def in_automaton(self) -> tuple[str, ...]:
        """The stop strings of constrained texts that are a part of the automaton: those that are not kept."""
        return () if self.keep else self.strings

    @property
    def beside_automaton(self) -> "StopRules | None":
        """The other rules, which read each constrained text; None if there are none."""
        rules = StopRules(self.strings if self.keep else (), self.regex, self.keep, self.end)
        return rules if rules.strings or rules.regex or rules.end else None


NO_STOPS = StopRules()
"""No rules: a text ends at its length."""


def compiled(expression: str) -> "regex.Pattern[str]":
    """Return a regular expression in the syntax of Python's ``re``, as a pattern of the library ``regex``.

    That library also tells where a match may begin that later characters complete.

    Raises:
        ConfigError: If it is invalid, or matches the empty string and so would end every text at once.
    """
    import regex

    try:
        pattern: regex.Pattern[str] = regex.compile(expression)
    except regex.error as error:
        raise ConfigError(setting="stop_regex", expected=f"a regular expression ({error})", found=expression) from None
    if pattern.search(""):
        raise ConfigError(setting="stop_regex", expected="an expression that does not match the empty text", found=expression)
    return pattern


class StopSearch:
    """The search for the first end in a text that grows by one character at a time."""

    def __init__(self, rules: StopRules, length: int) -> None:
        """Start with an empty text, of which nothing is certain.

        Args:
            rules: The rules.
            length: Number of characters after which ``rules.end`` applies.
        """
        self.certain = 0
        """Number of characters that no rule can remove any more."""
        self._rules, self._length, self._most = rules, length, rules.most(length)
        self._pattern = None if rules.regex is None else compiled(rules.regex)
        # At most this many characters at the end can be the beginning of a stop string.
        self._pending = 0 if rules.keep else max((len(string) for string in rules.strings), default=1) - 1

    def read(self, characters: list[str], obeys: Sequence[bool] | None = None) -> tuple[int, StopReason] | None:
        """Return the length of the text and the reason if it ends, after one more character; None if it continues.

        Args:
            characters: The text.
            obeys: Whether the first n characters are a text that may end, by n; None for a text that may end anywhere.
        """
        ended = self._by_string(characters, obeys) or self._by_regex(characters, obeys) or self._by_end(characters, obeys)
        if ended is None:
            self.certain = max(self.certain, len(characters) - self._held(characters, obeys))
            if len(characters) == self._most:
                return self._cut(characters, obeys=obeys), "length"
        return ended

    def _by_string(self, characters: list[str], obeys: Sequence[bool] | None) -> tuple[int, StopReason] | None:
        for string in self._rules.strings:
            if "".join(characters[-len(string) :]) == string:
                length = len(characters) - (0 if self._rules.keep else len(string))
                if obeys is None or obeys[length]:
                    return length, "stop"
        return None

    def _by_regex(self, characters: list[str], obeys: Sequence[bool] | None) -> tuple[int, StopReason] | None:
        r"""Search for a match that begins in the part that is not certain.

        A match counts when one more character has come, or the text is complete. So ``a+`` and ``\bend\b`` find what they
        find in the whole text.
        """
        if self._pattern is None:
            return None
        before, text = self._text(characters, self.certain)
        for match in self._pattern.finditer(text, self.certain - before):
            if match.end() == len(text) and len(characters) < self._most:
                return None
            length = before + (match.end() if self._rules.keep else match.start())
            if obeys is None or obeys[length]:
                return length, "stop"
        return None

    def _by_end(self, characters: list[str], obeys: Sequence[bool] | None) -> tuple[int, StopReason] | None:
        if self._rules.end is None or len(characters) <= self._length:
            return None
        least = max(self._length, self.certain)
        before, text = self._text(characters, least)
        place = first_end(text, self._rules.end, least - before)
        while place is not None and obeys is not None and not obeys[before + place]:
            place = first_end(text, self._rules.end, place + 1)
        return None if place is None else (before + place, "end")

    def _held(self, characters: list[str], obeys: Sequence[bool] | None) -> int:
        """Return the number of characters at the end that a rule may still remove."""
        held = self._pending
        if self._pattern is not None:
            before, text = self._text(characters, self.certain)
            if begun := self._pattern.search(text, self.certain - before, partial=True):
                held = max(held, len(text) - begun.start())
        if self._rules.end is not None and len(characters) > self._length:
            held = max(held, len(characters) - self._cut(characters, self._length, obeys))
        return held

    def _cut(self, characters: list[str], otherwise: int | None = None, obeys: Sequence[bool] | None = None) -> int:
        """Return where a text is cut that does not end by a rule: after its last word beyond the length."""
        whole = len(characters) if otherwise is None else otherwise
        if self._rules.end is None:
            return whole
        least = max(self._length, self.certain)
        before, text = self._text(characters, least)
        place = last_word_end(text, least - before)
        while place is not None and obeys is not None and not obeys[before + place]:
            place = last_word_end(text[:place], least - before)
        return whole if place is None else before + place

    @staticmethod
    def _text(characters: list[str], place: int) -> tuple[int, str]:
        """Return the end of a text, with what a rule at a place can read before it, and where that begins."""
        before = max(0, place - _BEFORE)
        return before, "".join(characters[before:])
