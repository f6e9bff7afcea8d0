"""Lines: first letters (``acrostic``), and line ends in place of spaces (``line_length``).

The number of columns is not a part of these automata; :func:`charlstm.inference.constraints.lookahead.completion_in_lines`
counts them.
"""

from charlstm.errors import ConfigError
from charlstm.inference.constraints.automaton import DEAD, END, FIRST, Automaton, new_automaton
from charlstm.text.vocabulary import Vocabulary, quoted

NEWLINE = "\n"


def last_line(text: str) -> str:
    """Return what a text has after its last line end."""
    return text.rpartition(NEWLINE)[2]


def acrostic_automaton(vocabulary: Vocabulary, acrostic: str, seed: str) -> Automaton:
    """Return the automaton of the texts whose lines begin with given characters, in the given case.

    A space stands for an empty line. The line end after the last line ends the text and is not part of it. A line that the
    seed has begun is the first one.

    Args:
        vocabulary: The characters that the model can generate.
        acrostic: The first characters of the lines.
        seed: The text before.

    Raises:
        ConfigError: If the acrostic is empty, the model does not know one of its characters, or the seed has begun
            another line.
    """
    acrostic, begun = acrostic.strip(), last_line(seed)
    if not acrostic or NEWLINE in acrostic:
        raise ConfigError(setting="acrostic", expected="the first letters of the lines", found=acrostic)
    if unknown := vocabulary.unknown(acrostic.replace(" ", "")):
        raise ConfigError(
            f"no line can begin with {quoted(unknown)}, which the model does not know; give `acrostic` characters that it knows"
        )
    if begun and begun[0] != acrostic[0]:
        raise ConfigError(
            f"the last line of the seed begins with {begun[0]!r}, and the acrostic with {acrostic[0]!r}; end the seed with a "
            "line end, or begin its last line so"
        )
    index = {character: place for place, character in enumerate(vocabulary.characters)}
    newline = index.get(NEWLINE)
    # Line k has the states 2k, at its beginning, and 2k + 1, inside it.
    automaton = new_automaton(FIRST + 2 * len(acrostic), len(vocabulary), FIRST + bool(begun))
    for line, letter in enumerate(acrostic):
        beginning, inside, following = (FIRST + 2 * line + place for place in range(3))
        after = END if line == len(acrostic) - 1 else following
        if letter == " ":
            if newline is not None:
                automaton.transitions[beginning, newline] = after
            continue
        automaton.transitions[beginning, index[letter]] = inside
        automaton.transitions[inside] = inside
        if newline is not None:
            automaton.transitions[inside, newline] = after
    automaton.accepting[FIRST + 2 * len(acrostic) - 1] = True
    return automaton


def line_ends(vocabulary: Vocabulary) -> Automaton:
    """Return the automaton of the texts in which no line end follows a space: it takes the place of a space."""
    automaton = new_automaton(FIRST + 2, len(vocabulary))
    other, after_space = FIRST, FIRST + 1
    automaton.transitions[FIRST:] = other
    if " " in vocabulary.characters:
        automaton.transitions[FIRST:, vocabulary.characters.index(" ")] = after_space
    if NEWLINE in vocabulary.characters:
        automaton.transitions[after_space, vocabulary.characters.index(NEWLINE)] = DEAD
    automaton.accepting[FIRST:] = True
    return automaton
