"""Replacement of unknown characters: equivalent spellings, and the nearest characters that a model knows.

Replacements are tried in this order:

1. canonically equivalent spellings (é as one character or as two),
2. characters that are typed for each other (quotation marks, dashes, spaces),
3. compatible forms and base letters (full width, ligatures, accents),
4. the other case,
5. a space.

A line end is never a replacement.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from unicodedata import category, decomposition, normalize

from charlstm.choices import OnUnknown
from charlstm.text.vocabulary import Vocabulary

_QUOTES = (
    ('„“"＂«「〝‟《', '”"＂»」〞〟》“'),
    ("‚‘'＇‹『‛〈", "’'＇›』ʼ〉‘"),
)
"""Double and single quotation marks: the opening and the closing ones, the most common first."""

_NEUTRAL = "\"'＂＇`´′″ʼ"
"""Quotation marks that open after a space and close after a letter."""

_CLASSES = ("‐‑-－−‒–—―", "~～〜∼", "·‧∙⋅•・･", ".．。｡", ",，、､", "…⋯", "/／⁄∕", ":：∶", "*＊∗", "µμ", "ßẞ")
"""Groups of characters that are typed for each other; neighbours in a group are nearest in meaning."""

_SPACES = " \u00a0\u202f\u2009\u2002\u2003\u3000"

_SPELLED = {
    "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d",
    "Ð": "D", "þ": "th", "Þ": "TH", "ħ": "h", "Ħ": "H", "ı": "i", "⋯": "...", "×": "x", "`": "'", "´": "'", "′": "'", "″": '"',
}  # fmt: skip
"""Replacements that Unicode's decompositions lack or give in another form."""

_SEQUENCES = {"...": "…", "--": "—"}
"""Sequences of characters that are typed for one character."""

_LONGEST = 18
"""Length of the longest decomposition in Unicode, in characters."""

_REVERSIBLE = ("<wide>", "<narrow>", "<compat>", "<noBreak>")
"""Kinds of compatible forms that can replace the plain character; superscripts and circled numbers, for example, cannot."""


@dataclass(frozen=True)
class Replacement:
    """A text after replacement of unknown characters, with a record of the changes.

    Attributes:
        text: The new text.
        respelled: Pairs of an old spelling and the canonically equivalent new one.
        replaced: Pairs of an unknown character or sequence and its replacement.
        left_out: Unknown characters that were removed.
    """

    text: str
    respelled: tuple[tuple[str, str], ...] = ()
    replaced: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()


def replace_unknown(vocabulary: Vocabulary, text: str, on_unknown: OnUnknown) -> Replacement:
    """Return a text with its unknown characters replaced, removed or kept.

    Canonically equivalent spellings are used under every policy, since they are the same text.

    Args:
        vocabulary: The characters that the model knows.
        text: Any text.
        on_unknown: ``error`` keeps the remaining unknown characters, ``skip`` removes them, ``replace`` replaces them with the
            nearest known ones.

    Example:
        >>> replace_unknown(Vocabulary.of("don't"), "don’t", "replace")
        Replacement(text="don't", respelled=(), replaced=(('’', "'"),), left_out=())
    """
    unknown = vocabulary.unknown(text)
    if not unknown:
        return Replacement(text)
    speller = _Speller(vocabulary)
    respelled: dict[tuple[str, str], None] = {}  # ordered sets
    replaced: dict[tuple[str, str], None] = {}
    left_out: dict[str, None] = {}
    cache: dict[tuple[str, bool], str] = {}

    def replace(piece: str, *, opening: bool) -> str:
        unknown_in_piece = [character for character in piece if character not in speller.known]
        if not unknown_in_piece:
            return piece
        equivalent = speller.equivalent(piece)
        if equivalent is not None:
            respelled[piece, equivalent] = None
            return equivalent
        if on_unknown == "error":
            return piece
        if on_unknown == "skip":
            left_out.update(dict.fromkeys(unknown_in_piece))
            return "".join(character for character in piece if character in speller.known)
        nearest = speller.nearest(piece, opening=opening)
        if nearest:
            replaced[piece, nearest] = None
        else:
            left_out[piece] = None
        return nearest

    def replace_cached(match: re.Match[str]) -> str:
        key = match[0], match[0] in _NEUTRAL and _opens(text, match.start())
        if key not in cache:
            cache[key] = replace(key[0], opening=key[1])
        return cache[key]

    pattern = _longer_pieces(text, unknown)
    result = re.sub(pattern, replace_cached, text) if pattern else text
    table = {ord(character): replace(character, opening=False) for character in vocabulary.unknown(result)}
    return Replacement(result.translate(table), tuple(respelled), tuple(replaced), tuple(left_out))


class _Speller:
    """A finder of spellings in the characters of a vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.known = frozenset(vocabulary.characters)

    def equivalent(self, text: str) -> str | None:
        """Return the canonically equivalent text in known characters; None if there is none."""
        return text if self.known.issuperset(text) else self._compose(normalize("NFD", text), self._canonical)

    def nearest(self, text: str, *, opening: bool) -> str:
        """Return the nearest text in known characters: in the last resort a space, or an empty string."""
        forms = (text, text.lower(), text.upper(), text.casefold(), text.casefold().upper())
        for form in dict.fromkeys(normalize("NFC", form) for form in forms):
            found = self._same_case(form, opening)
            if found is not None:
                return found
        return self._same_case(" ", opening) or ""

    @cached_property
    def _decomposable(self) -> list[str]:
        """Known characters with a decomposition; of several with the same one, the composed normal form is last."""
        found = [character for character in self.known if decomposition(character) or "가" <= character <= "힣"]
        return sorted(found, key=lambda character: (normalize("NFC", character) == character, character))

    @cached_property
    def _canonical(self) -> dict[str, str]:
        """Known characters by their canonical decompositions."""
        return {normalize("NFD", character): character for character in self._decomposable}

    @cached_property
    def _compatible(self) -> dict[str, str]:
        """Known characters by their compatible decompositions, without those that cannot replace them."""
        tags = {character: decomposition(character).partition(" ")[0] for character in self._decomposable}
        usable = (character for character, tag in tags.items() if not tag.startswith("<") or tag in _REVERSIBLE)
        return {normalize("NFKD", character): character for character in usable}

    def _same_case(self, text: str, opening: bool) -> str | None:
        """Return the nearest text in known characters without a change of case; None if there is none."""
        for candidate in (text, _SEQUENCES.get(text, text)):
            equivalent = self.equivalent(candidate)
            if equivalent is not None:
                return equivalent
        if len(text) == 1:
            for candidate in _alike(text, opening):
                if candidate in self.known:
                    return candidate
            if text in _SPELLED:
                return self._same_case(_SPELLED[text], opening)
        decomposed = normalize("NFKD", text)
        compatible = self.equivalent(decomposed) or self._compose(decomposed, self._compatible)
        if compatible is not None:
            return compatible
        if len(decomposed) > 1 or decomposed != text:
            return self._each_character(decomposed, opening)
        return "" if _invisible(text) else None

    def _compose(self, text: str, pieces: dict[str, str]) -> str | None:
        """Return a decomposed text composed of known characters, preferring long decompositions; None if impossible."""
        tails: list[tuple[str, int] | None] = [None] * len(text) + [("", 0)]  # first part of each tail, and its end
        for start in reversed(range(len(text))):
            for end in range(min(start + _LONGEST, len(text)), start, -1):
                part = text[start:end]
                found = pieces.get(part, part if part in self.known else None)
                if found is not None and tails[end] is not None:
                    tails[start] = found, end
                    break
        parts, start = [], 0
        while start < len(text):
            tail = tails[start]
            if tail is None:
                return None
            part, start = tail
            parts.append(part)
        return "".join(parts)

    def _each_character(self, text: str, opening: bool) -> str | None:
        """Return a text with each character replaced by itself; None if one has no replacement."""
        parts = {character: self._same_case(character, opening) for character in set(text)}
        return None if None in parts.values() else "".join(parts[character] or "" for character in text)


def _alike(character: str, opening: bool) -> Iterator[str]:
    """Yield the characters that are typed in place of a character, the nearest first."""
    for marks, others in (_QUOTES, _QUOTES[::-1]):
        if character in marks[0] + marks[1]:
            closing = not opening if character in _NEUTRAL else category(character) in ("Pe", "Pf")
            for kind in (marks, others):
                yield from kind[closing] + kind[not closing]
    for line in _CLASSES:
        if character in line:
            index = line.index(character)
            yield from sorted(line, key=lambda other: abs(line.index(other) - index))
    if character.isspace():
        yield from _SPACES


def _opens(text: str, index: int) -> bool:
    """Return whether the quotation mark at an index of a text is an opening one."""
    before = text[max(index - 4, 0) : index].rstrip(_NEUTRAL)[-1:]
    return not before or before.isspace() or category(before) in ("Ps", "Pi", "Pd")


def _invisible(character: str) -> bool:
    """Return whether a character takes no space: a combining mark, a control character or a format character."""
    return category(character)[0] == "M" or category(character) in ("Cc", "Cf")


def _extends(character: str) -> bool:
    """Return whether a character combines with the previous one: marks, and the later letters of a Korean syllable."""
    return category(character)[0] == "M" or "\u1160" <= character <= "\u11ff" or character in "\uff9e\uff9f"


def _longer_pieces(text: str, unknown: str) -> str:
    """Return a pattern of the pieces that must be replaced as a whole; empty if the text has none."""
    marks = re.escape("".join(filter(_extends, dict.fromkeys(text))))
    patterns = [f"[^{marks}]?[{marks}]+"] if marks else []
    patterns += [re.escape(sequence) for sequence in _SEQUENCES if sequence[0] in unknown]
    patterns += [mark for mark in _NEUTRAL if mark in unknown]
    return "|".join(patterns)
