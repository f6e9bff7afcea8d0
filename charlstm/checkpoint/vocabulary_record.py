"""The vocabulary in ``config.json``: learned characters, and rare ones that share a placeholder."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from charlstm.checkpoint.json_files import member
from charlstm.config import ModelConfig, build
from charlstm.errors import ConfigError
from charlstm.formatting import counted
from charlstm.text.vocabulary import UNICODE, RareCharacters, Vocabulary

MAX_RARE_COUNT = 2**53
"""Most occurrences of rare characters in a training text."""

RARE_VERSION = 2
"""First format version with rare characters."""


@dataclass(frozen=True, kw_only=True)
class RareRecord:
    """The rare characters of a checkpoint, which share the placeholder.

    Attributes:
        characters: The characters in ascending order, none of them in the vocabulary.
        counts: Number of occurrences of each in the text that the weights were trained on.
    """

    characters: Annotated[str, Meta(max_length=UNICODE)]
    counts: Annotated[tuple[Annotated[int, Meta(ge=1, le=MAX_RARE_COUNT)], ...], Meta(max_length=UNICODE)]


def parse_vocabulary(record: Mapping[str, Any], model: ModelConfig) -> Vocabulary:
    """Return the vocabulary in a JSON object of ``config.json``, with its rare characters if the version has them.

    Raises:
        ConfigError: If it is missing, does not fit the model, or contradicts itself.
    """
    rare = None
    if record["format_version"] >= RARE_VERSION:
        found = build(RareRecord, member(record, "rare", dict))
        rare = RareCharacters(found.characters, found.counts)
        _check_ascending("rare", rare.characters, len(rare.counts))
        if sum(rare.counts) > MAX_RARE_COUNT:
            raise ConfigError(f"rare: expected counts whose sum is at most {MAX_RARE_COUNT:,}")
    characters = member(record, "vocabulary", str)
    _check_ascending("vocabulary", characters, model.vocabulary_size - (rare is not None))
    if rare and not set(characters).isdisjoint(rare.characters):
        raise ConfigError("rare: expected no character of the vocabulary")
    return Vocabulary(characters, rare)


def _check_ascending(name: str, characters: str, number: int) -> None:
    if len(characters) != number or list(characters) != sorted(set(characters)):
        raise ConfigError(f"{name}: expected {counted(number, 'character')} in ascending order")
    if any("\ud800" <= character <= "\udfff" for character in characters):
        raise ConfigError(f"{name}: expected characters; found a lone surrogate")
