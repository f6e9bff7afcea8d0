"""Statistics of a text: repetition, and overlap with the training text."""

from dataclasses import dataclass

import numpy as np

from charlstm.evaluation.novelty import Novelty, novelty
from charlstm.evaluation.repetition import TextLoop, distinct_substrings, find_loop
from charlstm.text.vocabulary import Ids, Vocabulary

MAX_COUNTED = 100_000
"""Characters at the start of a text that are analysed."""


@dataclass(frozen=True)
class TextStatistics:
    """Statistics of a text.

    Attributes:
        characters: Number of characters that were analysed.
        distinct_4_grams: Fraction of distinct substrings among those of four characters.
        loop: The loop at its end; None if there is none. A final line end, which files have, is ignored.
        novelty: Novelty with respect to the training text; None without a training text.
        passage: The longest copied passage; empty if there is none.
        line: The line of the training text in which the passage begins, counted from 1.
    """

    characters: int
    distinct_4_grams: float
    loop: TextLoop | None
    novelty: Novelty | None
    passage: str
    line: int


def text_statistics(text: str, vocabulary: Vocabulary, training: Ids | None) -> TextStatistics:
    """Return the statistics of a text.

    Args:
        text: The text, of which the first :data:`MAX_COUNTED` characters are analysed.
        vocabulary: The vocabulary of the model.
        training: Ids of the training text in that vocabulary: ``[N]``; None if it is not available.
    """
    text = text[:MAX_COUNTED]
    found = None if training is None else novelty(vocabulary.encode_any(text), training)
    passage, line = "", 1
    if found and found.longest and training is not None:
        copy = found.longest
        passage = text[copy.start : copy.start + copy.length]
        if "\n" in vocabulary.characters:
            line += int(np.count_nonzero(training[: copy.place] == vocabulary.characters.index("\n")))
    return TextStatistics(len(text), distinct_substrings(text, 4), find_loop(text.removesuffix("\n")), found, passage, line)
