"""The division of a text's characters into learned and rare ones."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from charlstm.errors import ConfigError
from charlstm.text.corpus import Corpus
from charlstm.text.frequencies import occurrences
from charlstm.text.vocabulary import RareCharacters, Vocabulary, code_points

MinCount = int | Literal["auto"]

SMALL_VOCABULARY = 256
"""Distinct characters up to which ``auto`` learns all of them."""
RAREST = 1e-6
"""Smallest fraction of the text that a character learned under ``auto`` makes up."""
MOST_UNLEARNED = 1e-3
"""Largest fraction of the text that all rare characters under ``auto`` make up together."""
SCATTERED_BELOW = 10
"""Occurrences below which characters may be scattered: symbols and foreign names in a text of few distinct characters."""
MOST_SCATTERED = 1e-2
"""Largest fraction of the text that scattered characters make up together."""
LEAST_RARE = 2
"""Fewest rare characters for a placeholder under ``auto``. A single rare character needs one output either way."""


@dataclass(frozen=True)
class Cut:
    """A division of a text's characters into learned and rare ones.

    Attributes:
        vocabulary: The learned characters, with the rare ones if there are any.
        notes: The decisions, one sentence each.
    """

    vocabulary: Vocabulary
    notes: tuple[str, ...] = ()


def min_count_of(given: Mapping[str, object]) -> MinCount:
    """Return the setting ``min_count``, by default ``auto``.

    Raises:
        ConfigError: If it is neither ``auto`` nor a positive integer.
    """
    found = given.get("min_count", "auto")
    if found == "auto":
        return "auto"
    if type(found) is not int or found < 1:
        raise ConfigError(setting="min_count", expected="auto or an integer of at least 1", found=found)
    return found


@dataclass(frozen=True)
class BaseCut:
    """The cut of a base model.

    Attributes:
        vocabulary: Its learned and rare characters.
        characters: Total length of all texts that its weights were trained on, without their held-out parts.
    """

    vocabulary: Vocabulary
    characters: int


def cut_vocabulary(corpus: Corpus, learned: int, min_count: MinCount, base: BaseCut | None = None) -> Cut:
    """Decide which characters of a text are learned.

    A character is rare if it occurs fewer than ``min_count`` times in the training set. If there are rare characters, then
    characters that occur only in the held-out text are neither learned nor listed as rare. If there are none, all characters of
    the whole text are learned.

    In fine-tuning, the base's learned characters stay learned, however rare they are in the new text, and its placeholder
    stays. The counts of characters that are rare in both texts are added: they cover all text that the weights were trained on.
    Under ``auto`` a rare character of the base becomes learned if it is more frequent in the new text than any rare character
    was for the base. The cut of the base's own text therefore does not change.

    Args:
        corpus: The text. Its vocabulary has all its characters and the base's learned ones.
        learned: Length of the training set, with which the text begins.
        min_count: Fewest occurrences of a learned character; ``auto`` chooses by the text.
        base: The cut of the base model in fine-tuning.

    Raises:
        ConfigError: If fewer than two characters would be learned.
    """
    whole, before = corpus.vocabulary, base.vocabulary if base else None
    counts = occurrences(corpus.ids[:learned], len(whole))
    in_text = (counts + occurrences(corpus.ids[learned:], len(whole))) > 0
    new = np.ones(len(whole), bool) if before is None else ~np.isin(whole.codes, before.codes)
    fewest = _fewest(whole, counts, new, learned, base) if min_count == "auto" else np.full(len(whole), min_count)
    rare = new & (counts < fewest)
    has_placeholder = bool((rare & (counts > 0)).any()) or (before is not None and before.rare is not None)
    if not has_placeholder:
        rare[:] = False
    if (left := np.count_nonzero(~rare)) < 2:
        raise ConfigError(
            f"`min_count={min_count!r}` leaves {left} of {len(whole):,} distinct characters to learn, and a model needs at "
            "least two; lower it"
        )
    characters = "".join(whole.characters[place] for place in np.flatnonzero(~rare))
    found = {whole.characters[place]: int(counts[place]) for place in np.flatnonzero(rare & (counts > 0))}
    if before and before.rare:
        learned_now = set(characters)
        for character, count in zip(before.rare.characters, before.rare.counts, strict=True):
            if character not in learned_now:
                found[character] = found.get(character, 0) + count
    shared = RareCharacters("".join(sorted(found)), tuple(found[character] for character in sorted(found)))
    vocabulary = Vocabulary(characters, shared if has_placeholder else None)
    return Cut(vocabulary, _notes(min_count, counts, in_text, rare, new))


def _fewest(
    whole: Vocabulary, counts: NDArray[np.int64], new: NDArray[np.bool_], learned: int, base: BaseCut | None
) -> NDArray[np.int64]:
    """Return for each character the fewest occurrences with which ``auto`` learns it: ``[V]``."""
    fewest, fewest_of_rare = math.ceil(RAREST * learned), 1
    rare_before = np.zeros(len(whole), bool)
    if base and base.vocabulary.rare:
        rare_before = np.isin(whole.codes, code_points(base.vocabulary.rare.characters))
        share = (max(base.vocabulary.rare.counts, default=0) + 1) / max(1, base.characters)
        fewest_of_rare = max(2, math.ceil(share * learned))
        fewest = max(fewest, fewest_of_rare)
    elif len(whole) <= SMALL_VOCABULARY:
        fewest = 1
    free = new & ~rare_before
    while fewest > 1 and counts[free & (counts < fewest)].sum() > MOST_UNLEARNED * learned:
        fewest -= 1
    if fewest_of_rare == 1 and len(whole) > SMALL_VOCABULARY:
        fewest = _fewest_of_scattered(counts, free, learned, fewest)
    if fewest_of_rare == 1 and np.count_nonzero(free & (counts > 0) & (counts < fewest)) < LEAST_RARE:
        fewest = 1
    return np.where(rare_before, fewest_of_rare, fewest)


def _fewest_of_scattered(counts: NDArray[np.int64], free: NDArray[np.bool_], learned: int, fewest: int) -> int:
    """Return a greater ``fewest`` if nine tenths of the distinct characters are scattered ones and make up little of the text.

    A text that needs a large vocabulary, such as a Chinese one, has many characters of every frequency: ``fewest`` stays.
    """
    distinct = np.count_nonzero(counts)
    for greater in range(fewest, SCATTERED_BELOW + 1):
        scattered = free & (counts > 0) & (counts < greater)
        if counts[scattered].sum() > MOST_SCATTERED * learned:
            break
        if np.count_nonzero(scattered) >= 0.9 * distinct:
            return greater
    return fewest


def _notes(
    min_count: MinCount,
    counts: NDArray[np.int64],
    in_text: NDArray[np.bool_],
    rare: NDArray[np.bool_],
    new: NDArray[np.bool_],
) -> tuple[str, ...]:
    distinct = np.count_nonzero(in_text)
    if rare.any():
        covered = math.floor(1e4 * counts[~rare].sum() / counts.sum()) / 100  # rounded down: 100 % would be wrong
        return (
            f"{distinct:,} distinct characters; {np.count_nonzero(in_text & ~rare):,} of them make {covered:.2f} % of the text "
            f"and are learned, the rest share a placeholder (`min_count=1` learns all).",
        )
    if min_count == "auto":
        once = np.count_nonzero(in_text & new & (counts <= 1))
        if distinct > SMALL_VOCABULARY and 2 * once >= distinct:
            return (
                f"{distinct:,} distinct characters, all of which are learned; with `min_count=2` the {once:,} that occur once "
                "share a placeholder.",
            )
    elif min_count > 1:
        return (f"No character of the text is rarer than `min_count={min_count!r}`: all are learned.",)
    return ()
