"""Definitions of the constraints in plain Python: predicates on a whole text, written without automata."""

import re
from itertools import product

from charlstm.inference.constraints.text_constraint import Constraints

WORD = r"[^\W_]+(?:['’][^\W_]+)*"
SENTENCE_START = r"""(?:\A|[.!?…。！？\n"“”„«»‘’'])[\s)\]}*_\-–—]*\Z"""


def obeys(constraints: Constraints, text: str, seed: str = "") -> bool:
    """Return whether a complete text obeys constraints."""
    lines = (seed.rpartition("\n")[2] + text).split("\n")
    return (
        not set(constraints.avoid) & set(text)
        and (constraints.only is None or re.fullmatch(f"[{constraints.only}]*", text) is not None)
        and (constraints.pattern is None or re.fullmatch(constraints.pattern, text) is not None)
        and (constraints.line_length is None or breaks_well(text, lines, constraints.line_length))
        and (
            constraints.acrostic is None or [line[:1] for line in lines] == [letter.strip() for letter in constraints.acrostic]
        )
        and (constraints.words is None or has_words(constraints.words, text, seed))
    )


def breaks_well(text: str, lines: list[str], width: int) -> bool:
    """Return whether the lines of a text are not too long, and have no space at the end of a full one or before a line end."""
    written = lines[1:] if text[:1] in ("", "\n") else lines
    full = [line for line in written if len(line) == width]
    return all(len(line) <= width for line in written) and " \n" not in text and not any(line.endswith(" ") for line in full)


def has_words(words: frozenset[str], text: str, seed: str) -> bool:
    """Return whether the words of a text and the last one of its seed are in a list, with capitals where sentences begin."""
    whole = seed + text
    for match in re.finditer(WORD, whole):
        if match.end() < len(seed) - seed.endswith(("'", "’")):
            continue
        word = match[0]
        plain = word in words
        begins = re.search(SENTENCE_START, whole[: match.start()]) is not None
        if not plain and not (begins and word in {each[0].upper() + each[1:] for each in words}):
            return False
    return True


def texts(characters: str, most: int) -> list[str]:
    """Return all texts of at most so many characters."""
    return ["".join(text) for length in range(most + 1) for text in product(characters, repeat=length)]
