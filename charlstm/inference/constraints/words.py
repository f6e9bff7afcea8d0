"""Words of a list: ``words``.

A word is a run of letters and digits, with apostrophes inside it, as in "don't". In ``'tis'`` both apostrophes are quotation
marks. A word of the list is allowed in its own spelling, and with a capital first letter where a sentence or a line begins.
"""

import re
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from charlstm.errors import ConfigError, short_repr
from charlstm.formatting import counted
from charlstm.inference.constraints.automaton import DEAD, FIRST, Automaton, new_automaton
from charlstm.text.vocabulary import Vocabulary, quoted

_APOSTROPHES = "'’"
_WORD = re.compile(rf"[^\W_]+(?:[{_APOSTROPHES}][^\W_]+)*")
_UNFINISHED = re.compile(rf"{_WORD.pattern}[{_APOSTROPHES}]?\Z")
_ENDS_SENTENCE = ".!?…。！？\n\"“”„«»‘’'"
"""Characters after which a word may have a capital first letter: ends of sentences and lines, and quotation marks."""
_TRANSPARENT = ")]}*_-–—"
"""Characters, besides white space, that leave it open whether a sentence begins."""

_OPEN, _WORD_END, _QUOTED = range(3)
"""Kinds of nodes: inside a word; where a word may end; after an apostrophe that can turn out to be a quotation mark."""

_SENTENCE, _MIDDLE, _AFTER_APOSTROPHE, _NODES = FIRST, FIRST + 1, FIRST + 2, FIRST + 3
_SHOWN = 5  # words that a note names
_MOST_CONTEXT = 1000  # characters at the end of a seed in which the beginning of a sentence is searched for


def find_words(text: str) -> frozenset[str]:
    """Return the words of a text.

    >>> sorted(find_words("'Tis not what he can't do."))
    ['Tis', "can't", 'do', 'he', 'not', 'what']
    """
    return frozenset(_WORD.findall(text))


def capitalised(word: str) -> str:
    """Return a word with a capital first letter, if it has one of one character."""
    upper = word[0].upper()
    return upper + word[1:] if len(upper) == 1 else word


class _Trie:
    """Words as nodes whose equal suffixes are shared, so that it is a minimal automaton.

    Attributes:
        kinds: The kind of each node: ``_OPEN``, ``_WORD_END`` or ``_QUOTED``.
        children: The next nodes of each node, by character.
    """

    def __init__(self) -> None:
        self.kinds: list[int] = []
        self.children: list[dict[str, int]] = []
        self._number: dict[tuple[int, tuple[tuple[str, int], ...]], int] = {}

    def add(self, words: Iterable[str]) -> int:
        """Add a set of words, and return its root."""
        children: list[dict[str, int]] = [{}]
        kinds = [_OPEN]
        for word in words:
            node = 0
            for character in word:
                after = children[node].get(character)
                if after is None:
                    after = children[node][character] = len(children)
                    children.append({})
                    kinds.append(_OPEN)
                node = after
            kinds[node] = _WORD_END
        for node, following in enumerate(children):
            for apostrophe in _APOSTROPHES:
                if kinds[node] == _WORD_END and apostrophe in following:
                    kinds[following[apostrophe]] = _QUOTED
        shared = [0] * len(children)
        for node in reversed(range(len(children))):
            following = {character: shared[after] for character, after in children[node].items()}
            key = kinds[node], tuple(sorted(following.items()))
            if key not in self._number:
                self._number[key] = len(self.children)
                self.children.append(following)
                self.kinds.append(kinds[node])
            shared[node] = self._number[key]
        return shared[0]


def unwritable_words_note(vocabulary: Vocabulary, words: Iterable[str]) -> list[str]:
    """Return a sentence on the words of a list that the model can never generate; no sentence if there are none.

    >>> unwritable_words_note(Vocabulary("'acdfeno"), ["café", "don’t", "one", "face"])
    ["`words`: the model can never generate 2 of the 4 words: 'café' 'don’t'"]

    Args:
        vocabulary: The characters that the model can generate.
        words: The list.
    """
    known, given = set(vocabulary.characters), sorted(set(words))
    never = [word for word in given if not known.issuperset(word) and not known.issuperset(capitalised(word))]
    if not never:
        return []
    number = f"{len(never):,} of the {counted(len(given), 'word')}"
    return [f"`words`: the model can never generate {number}: {quoted(never, _SHOWN)}"]


def words_automaton(vocabulary: Vocabulary, words: Iterable[str], seed: str, allowed: NDArray[np.bool_]) -> Automaton:
    """Return the automaton of the texts that have only words of a list and end with a complete one.

    Args:
        vocabulary: The characters that the model can generate.
        words: The list.
        seed: The text before; an unfinished word at its end is completed to one of the list.
        allowed: True for the characters that may occur: ``[V]``.

    Raises:
        ConfigError: If no word can be generated, or the seed ends with the beginning of none.
    """
    possible = {character for character, may in zip(vocabulary.characters, allowed, strict=True) if may}
    plain = frozenset(words)
    spellings = plain | {capitalised(word) for word in plain}
    if not any(possible.issuperset(word) for word in spellings):
        kind = "the model can generate" if allowed.all() else "consists of the characters that `avoid` and `only` leave"
        raise ConfigError(setting="words", expected=f"at least one word that {kind}", found=tuple(sorted(plain))[:5])
    trie = _Trie()
    roots = {_SENTENCE: trie.add(spellings), _MIDDLE: trie.add(plain)}
    automaton = _filled(vocabulary, trie, roots)
    begun, in_sentence = begun_word(seed)
    start = _MIDDLE if in_sentence else _SENTENCE
    if begun:
        start = _after(trie, roots[start], begun)
        if start == DEAD:
            raise ConfigError(
                f"the seed ends with {short_repr(begun)}, with which no word of `words` begins; end the seed with a space or "
                "with the beginning of a word of the list"
            )
    return Automaton(automaton.transitions, automaton.accepting, start)


def begun_word(seed: str) -> tuple[str, bool]:
    """Return the word that the end of a seed may have begun, with an apostrophe after it, and whether it is inside a sentence.

    >>> begun_word("Nan sto"), begun_word("Nan. "), begun_word("can'")
    (('sto', True), ('', False), ("can'", False))
    """
    unfinished = _UNFINISHED.search(seed)
    begun = unfinished[0] if unfinished else ""
    return begun, not _begins_sentence(seed[: len(seed) - len(begun)])


def _filled(vocabulary: Vocabulary, trie: _Trie, roots: dict[int, int]) -> Automaton:
    """Return the automaton of a trie: two states between words, one after an apostrophe, and the nodes."""
    size, characters = len(vocabulary), vocabulary.characters
    in_words = np.array([bool(_WORD.fullmatch(character)) for character in characters], bool)
    automaton = new_automaton(_NODES + len(trie.children), size)
    table, index = automaton.transitions, {character: place for place, character in enumerate(characters)}
    for hub in (_SENTENCE, _MIDDLE):
        table[hub] = [_MIDDLE if found is None else found for found in _hubs(characters, hub)]
        table[hub, in_words] = DEAD
    table[_AFTER_APOSTROPHE] = table[_SENTENCE]
    kinds = np.array([_OPEN] * _NODES + trie.kinds)
    table[kinds == _WORD_END] = table[_MIDDLE]
    table[kinds == _QUOTED] = table[_SENTENCE]
    for apostrophe in set(_APOSTROPHES) & set(characters):
        table[kinds == _WORD_END, index[apostrophe]] = _AFTER_APOSTROPHE
    for node, children in enumerate(trie.children):
        for character, after in children.items():
            if character in index:
                table[_NODES + node, index[character]] = _NODES + after
    for hub, root in roots.items():
        table[hub, in_words] = table[_NODES + root, in_words]
    automaton.accepting[[_SENTENCE, _MIDDLE, _AFTER_APOSTROPHE]] = True
    automaton.accepting[kinds != _OPEN] = True
    return automaton


def _hubs(characters: str, hub: int) -> Iterator[int | None]:
    """Yield the state between words after each character that is in no word."""
    for character in characters:
        if character in _ENDS_SENTENCE:
            yield _SENTENCE
        else:
            yield hub if character.isspace() or character in _TRANSPARENT else None


def _begins_sentence(text: str) -> bool:
    """Return whether a word after a text may have a capital first letter."""
    for character in reversed(text[-_MOST_CONTEXT:]):
        if character in _ENDS_SENTENCE:
            return True
        if not (character.isspace() or character in _TRANSPARENT):
            return False
    return True


def _after(trie: _Trie, root: int, begun: str) -> int:
    """Return the state after the beginning of a word, which may end with an apostrophe."""
    node = root
    for place, character in enumerate(begun):
        if character not in trie.children[node]:
            is_quotation_mark = place == len(begun) - 1 and character in _APOSTROPHES and trie.kinds[node] == _WORD_END
            return _AFTER_APOSTROPHE if is_quotation_mark else DEAD
        node = trie.children[node][character]
    return _NODES + node
