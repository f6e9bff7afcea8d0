"""The generation loop, as a ladder: logits, a character, the loop over characters, texts with their ends.

Each rung knows only the one below it; the lowest is any :class:`charlstm.inference.modes.Decoder`.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from charlstm.errors import CharlstmError
from charlstm.inference.modes import Decoder
from charlstm.inference.sampling import PENALTY_WINDOW, GumbelNoise, Sampling, choose
from charlstm.text.vocabulary import Ids, Vocabulary

StopReason = Literal["length", "stop"]


@dataclass(frozen=True)
class Sample:
    """One generated text.

    Attributes:
        text: What was generated, without the seed and without the stop string.
        random_seed: The number that its noise came from.
        stop_reason: ``length``, or ``stop`` for a stop string.
    """

    text: str
    random_seed: int
    stop_reason: StopReason


def warm_up(reader: Decoder, ids: Ids, batch: int) -> Any:
    """The state after a text has been read, in every row of a batch: ids ``[N]``."""
    state = reader.zero(batch)
    for character in reader.recent(ids):
        state = reader.advance(state, np.full(batch, character))
    return state


def continue_ids(
    reader: Decoder, seed: Ids, random_seeds: Sequence[int], vocabulary_size: int, sampling: Sampling, position: int = 0
) -> Iterator[NDArray[np.int64]]:
    """Continue a text without end: choose a character, append it, read it, repeat.

    Args:
        reader: The mode, in an engine.
        seed: The text to continue: ids ``[N]``, at least one.
        random_seeds: One for each of the B texts to write.
        vocabulary_size: The number of characters that can be written; the logits may have one more, of the placeholder.
        sampling: How a character is chosen.
        position: How many characters of the seed were themselves generated: where the noise goes on.

    Yields:
        The next character of every text: ids ``[B]``.
    """
    batch = len(random_seeds)
    noise = GumbelNoise(random_seeds, vocabulary_size)
    recent = np.tile(seed[-PENALTY_WINDOW:].astype(np.int64), (batch, 1))
    state, ids = None, None
    while True:
        with np.errstate(over="ignore", invalid="ignore"):  # weights can be of any size, and `choose` takes any logits
            state = warm_up(reader, seed, batch) if ids is None else reader.advance(state, ids)
            ids = choose(reader.logits(state)[:, :vocabulary_size], sampling, noise, position, recent)
        yield ids
        if sampling.repetition_penalty != 1:
            recent = np.concatenate([recent, ids[:, None]], 1)[:, -PENALTY_WINDOW:]
        position += 1


class GeneratedText:
    """One text in the making: it takes characters and gives out those that no stop string can take back."""

    def __init__(self, stops: Sequence[str]) -> None:
        """Start an empty text.

        Args:
            stops: Strings that end it.
        """
        self.characters: list[str] = []
        self.stopped = False
        self._given = 0
        self._stops = tuple(stops)
        # Only this many characters at the end may yet turn out to begin a stop string.
        self._held = max((len(stop) for stop in stops), default=1) - 1

    def append(self, character: str) -> None:
        """Take one more character; nothing happens once the text has ended."""
        if self.stopped:
            return
        self.characters.append(character)
        for stop in self._stops:
            if "".join(self.characters[-len(stop) :]) == stop:
                del self.characters[-len(stop) :]
                self.stopped = True
                return

    def give(self, *, all_of_it: bool = False) -> str:
        """What can be shown and has not been given out yet."""
        certain = len(self.characters) - (0 if self.stopped or all_of_it else self._held)
        end = max(self._given, certain)
        piece, self._given = "".join(self.characters[self._given : end]), end
        return piece


def generate_pieces(
    reader: Decoder,
    vocabulary: Vocabulary,
    seed: str,
    *,
    random_seeds: Sequence[int],
    length: int,
    sampling: Sampling,
    stops: Sequence[str] = (),
    position: int = 0,
) -> Generator[list[str], None, list[Sample]]:
    """Continue a text in B ways, giving out the pieces as they become certain.

    Args:
        reader: The mode, in an engine.
        vocabulary: The model's characters.
        seed: The text to continue.
        random_seeds: One for each of the B texts.
        length: Characters to generate, at most.
        sampling: How a character is chosen.
        stops: Strings that end a text; they are not part of it.
        position: How many characters of the seed were themselves generated.

    Yields:
        For every text the next piece, perhaps empty.

    Returns:
        The :class:`Sample` of every text.

    Raises:
        CharlstmError: If the seed is empty.
        UnknownCharacterError: If the seed has characters that the model does not know.
    """
    if not seed:
        raise CharlstmError("the seed is empty; give at least one character with --seed, or leave it out for a random one")
    texts = [GeneratedText(stops) for _ in random_seeds]
    steps = continue_ids(reader, vocabulary.encode(seed), random_seeds, len(vocabulary), sampling, position)
    for _ in range(length):
        for text, character in zip(texts, vocabulary.decode(next(steps)), strict=True):
            text.append(character)
        yield [text.give() for text in texts]
        if all(text.stopped for text in texts):
            break
    yield [text.give(all_of_it=True) for text in texts]
    return [
        Sample("".join(text.characters), random_seed, "stop" if text.stopped else "length")
        for text, random_seed in zip(texts, random_seeds, strict=True)
    ]


def generate_texts(pieces: Generator[list[str], None, list[Sample]]) -> list[Sample]:
    """What :func:`generate_pieces` returns, once all of it is written."""
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            samples: list[Sample] = end.value
            return samples
