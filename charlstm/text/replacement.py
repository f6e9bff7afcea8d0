"""Texts in the characters that a model knows: equivalent spellings, and the nearest known characters.

A character is looked for in this order: canonically equivalent spellings (é as one character or as two), characters that are
typed for each other (quotation marks, dashes, spaces), compatible forms and base letters (full width, ligatures, accents), the
other case. The last resort is a space. A line end never replaces anything.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from unicodedata import category, decomposition, normalize

from charlstm.text.vocabulary import OnUnknown, Vocabulary

_QUOTES = (
    ('„“"＂«「〝‟《', '”"＂»」〞〟》“'),
    ("‚‘'＇‹『‛〈", "’'＇›』ʼ〉‘"),
)
"""Double and single quotation marks: what opens and what closes a quotation, the most usual first."""

_NEUTRAL = "\"'＂＇`´′″ʼ"
"""Quotation marks that open after a space and close after a letter."""

_CLASSES = ("‐‑-－−‒–—―", "~～〜∼", "·‧∙⋅•・･", ".．。｡", ",，、､", "…⋯", "/／⁄∕", ":：∶", "*＊∗", "µμ", "ßẞ")
"""Characters that are typed for each other: the nearer in the list, the nearer in meaning."""

_SPACES = " \u00a0\u202f\u2009\u2002\u2003\u3000"

_SPELLED = {
    "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d",
    "Ð": "D", "þ": "th", "Þ": "TH", "ħ": "h", "Ħ": "H", "ı": "i", "⋯": "...", "×": "x", "`": "'", "´": "'", "′": "'", "″": '"',
}  # fmt: skip
"""What Unicode does not decompose, or not into what is typed for it."""

_SEQUENCES = {"...": "…", "--": "—"}
"""Several characters that are typed for one."""

_LONGEST = 18
"""Characters of the longest decomposition in Unicode."""

_REVERSIBLE = ("<wide>", "<narrow>", "<compat>", "<noBreak>")
"""Compatible forms that can stand for the plain character; a superscript or a number in a circle cannot."""


@dataclass(frozen=True)
class Replacement:
    """A text in characters that a model knows, as far as was asked, and what became of the others.

    Attributes:
        text: The text.
        respelled: Canonically equivalent spellings: what the text had, what it has now.
        replaced: What the text had, and the nearest that the model knows.
        left_out: The unknown characters that are not in the text any more.
    """

    text: str
    respelled: tuple[tuple[str, str], ...] = ()
    replaced: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()


def replace_unknown(vocabulary: Vocabulary, text: str, on_unknown: OnUnknown) -> Replacement:
    """Return a text in characters of a vocabulary.

    Canonically equivalent spellings are used under every policy, since they are the same text.

    Args:
        vocabulary: The characters that the model knows.
        text: Any text.
        on_unknown: ``error`` keeps the other unknown characters, ``skip`` leaves them out, ``replace`` takes the nearest.

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
    seen: dict[tuple[str, bool], str] = {}

    def fitted(piece: str, *, opening: bool) -> str:
        strange = [character for character in piece if character not in speller.known]
        if not strange:
            return piece
        same = speller.equivalent(piece)
        if same is not None:
            respelled[piece, same] = None
            return same
        if on_unknown == "error":
            return piece
        if on_unknown == "skip":
            left_out.update(dict.fromkeys(strange))
            return "".join(character for character in piece if character in speller.known)
        nearest = speller.nearest(piece, opening=opening)
        if nearest:
            replaced[piece, nearest] = None
        else:
            left_out[piece] = None
        return nearest

    def once(match: re.Match[str]) -> str:
        key = match[0], match[0] in _NEUTRAL and _opens(text, match.start())
        if key not in seen:
            seen[key] = fitted(key[0], opening=key[1])
        return seen[key]

    pattern = _longer_pieces(text, unknown)
    result = re.sub(pattern, once, text) if pattern else text
    table = {ord(character): fitted(character, opening=False) for character in vocabulary.unknown(result)}
    return Replacement(result.translate(table), tuple(respelled), tuple(replaced), tuple(left_out))


class _Speller:
    """Spells texts in the characters of a vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.known = frozenset(vocabulary.characters)

    def equivalent(self, text: str) -> str | None:
        """Return the canonically equivalent text in known characters; None if there is none."""
        return text if self.known.issuperset(text) else self._covered(normalize("NFD", text), self._canonical)

    def nearest(self, text: str, *, opening: bool) -> str:
        """Return what is nearest to a text that has unknown characters: at worst a space, or nothing."""
        forms = (text, text.lower(), text.upper(), text.casefold(), text.casefold().upper())
        for form in dict.fromkeys(normalize("NFC", form) for form in forms):
            found = self._plain(form, opening)
            if found is not None:
                return found
        return self._plain(" ", opening) or ""

    @cached_property
    def _decomposable(self) -> list[str]:
        """The known characters that have a decomposition; of several with the same one, the most usual is last."""
        found = [character for character in self.known if decomposition(character) or "가" <= character <= "힣"]
        return sorted(found, key=lambda character: (normalize("NFC", character) == character, character))

    @cached_property
    def _canonical(self) -> dict[str, str]:
        """Known characters by their canonical decompositions."""
        return {normalize("NFD", character): character for character in self._decomposable}

    @cached_property
    def _compatible(self) -> dict[str, str]:
        """Known characters by their compatible decompositions, as far as they can stand for these."""
        tags = {character: decomposition(character).partition(" ")[0] for character in self._decomposable}
        usable = (character for character, tag in tags.items() if not tag.startswith("<") or tag in _REVERSIBLE)
        return {normalize("NFKD", character): character for character in usable}

    def _plain(self, text: str, opening: bool) -> str | None:
        """Return a text in known characters without a change of case; None if there is none."""
        for candidate in (text, _SEQUENCES.get(text, text)):
            same = self.equivalent(candidate)
            if same is not None:
                return same
        if len(text) == 1:
            for candidate in _alike(text, opening):
                if candidate in self.known:
                    return candidate
            if text in _SPELLED:
                return self._plain(_SPELLED[text], opening)
        decomposed = normalize("NFKD", text)
        compatible = self.equivalent(decomposed) or self._covered(decomposed, self._compatible)
        if compatible is not None:
            return compatible
        if len(decomposed) > 1 or decomposed != text:
            return self._joined(decomposed, opening)
        return "" if _invisible(text) else None

    def _covered(self, text: str, pieces: dict[str, str]) -> str | None:
        """Return a decomposed text in known characters, a long decomposition before short ones; None if that cannot be."""
        tails: list[tuple[str, int] | None] = [None] * len(text) + [("", 0)]  # how each tail begins, and where that ends
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

    def _joined(self, text: str, opening: bool) -> str | None:
        parts = {character: self._plain(character, opening) for character in set(text)}
        return None if None in parts.values() else "".join(parts[character] or "" for character in text)


def _alike(character: str, opening: bool) -> Iterator[str]:
    """Yield the characters that are typed for a character, the nearest first."""
    for marks, others in (_QUOTES, _QUOTES[::-1]):
        if character in marks[0] + marks[1]:
            closing = not opening if character in _NEUTRAL else category(character) in ("Pe", "Pf")
            for kind in (marks, others):
                yield from kind[closing] + kind[not closing]
    for line in _CLASSES:
        if character in line:
            place = line.index(character)
            yield from sorted(line, key=lambda other: abs(line.index(other) - place))
    if character.isspace():
        yield from _SPACES


def _opens(text: str, place: int) -> bool:
    """Return whether a quotation mark at a place of a text opens."""
    before = text[max(place - 4, 0) : place].rstrip(_NEUTRAL)[-1:]
    return not before or before.isspace() or category(before) in ("Ps", "Pi", "Pd")


def _invisible(character: str) -> bool:
    """Return whether a character has no place of its own: a mark, a control character or a directive."""
    return category(character)[0] == "M" or category(character) in ("Cc", "Cf")


def _extends(character: str) -> bool:
    """Return whether a character can be one with what stands before it: marks, and the later letters of a Korean syllable."""
    return category(character)[0] == "M" or "\u1160" <= character <= "\u11ff" or character in "\uff9e\uff9f"


def _longer_pieces(text: str, unknown: str) -> str:
    """Return a pattern of what cannot be replaced character by character; an empty one if there is no such thing."""
    marks = re.escape("".join(filter(_extends, dict.fromkeys(text))))
    patterns = [f"[^{marks}]?[{marks}]+"] if marks else []
    patterns += [re.escape(sequence) for sequence in _SEQUENCES if sequence[0] in unknown]
    patterns += [mark for mark in _NEUTRAL if mark in unknown]
    return "|".join(patterns)
