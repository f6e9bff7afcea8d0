"""What can be counted in a text: how much of it repeats itself, how much of it is the training text's."""

from dataclasses import dataclass

import numpy as np

from charlstm.evaluation.novelty import Novelty, novelty
from charlstm.evaluation.repetition import Loop, distinct, loop
from charlstm.text.vocabulary import Ids, Vocabulary

MAX_COUNTED = 100_000
"""Characters of a text, its first, in which anything is counted."""


@dataclass(frozen=True)
class TextStatistics:
    """Of a text.

    Attributes:
        characters: In which these were counted.
        distinct_4_grams: The share of different ones among its substrings of four characters.
        loop: What it falls into; None if it does not. A line end at its end, which files have, does not count.
        novelty: Compared with the training text; None if that is not at hand.
        passage: The longest copied passage; empty if there is none.
        line: The line of the training text that the passage begins in, counted from 1.
    """

    characters: int
    distinct_4_grams: float
    loop: Loop | None
    novelty: Novelty | None
    passage: str
    line: int


def text_statistics(text: str, vocabulary: Vocabulary, learnt: Ids | None) -> TextStatistics:
    """Count in a text, and look for it in the training text: ids ``[N]`` in the same vocabulary."""
    text = text[:MAX_COUNTED]
    found = None if learnt is None else novelty(vocabulary.encode_any(text), learnt)
    passage, line = "", 1
    if found and found.longest and learnt is not None:
        copy = found.longest
        passage = text[copy.start : copy.start + copy.length]
        if "\n" in vocabulary.characters:
            line += int(np.count_nonzero(learnt[: copy.place] == vocabulary.characters.index("\n")))
    return TextStatistics(len(text), distinct(text, 4), loop(text.removesuffix("\n")), found, passage, line)
