"""The generation loop, in layers: logits, one character, a loop over characters, texts with stop strings.

Each layer uses only the one below it. The lowest is any :class:`charlstm.inference.modes.Decoder`.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlstm.errors import CharlstmError
from charlstm.inference.finite import check_finite
from charlstm.inference.generated_text import GeneratedText
from charlstm.inference.logits import log_softmax
from charlstm.inference.logprobs import CharacterLogprob, LogprobRecord
from charlstm.inference.lstm import Array
from charlstm.inference.modes import Decoder
from charlstm.inference.sampling import Sampling, make_sampler
from charlstm.inference.stop_rules import NO_STOPS, StopReason, StopRules
from charlstm.text.boundaries import WordCharacters
from charlstm.text.vocabulary import Ids, Vocabulary


@dataclass(frozen=True)
class Sample:
    """One generated text.

    Attributes:
        text: The generated text, without the seed and, unless it is kept, without the stop string.
        random_seed: The random seed of its noise.
        stop_reason: ``length`` if it reached the maximum length, ``stop`` if it ended at a stop string or a match of the
            regular expression, ``end`` if it ended with the word, line, sentence or paragraph that was asked for, ``complete``
            if its constraints allow nothing more.
        logprobs: The log-probability of each character, if they were asked for.
        seed: The text that it continues, where several texts may continue different ones.
    """

    text: str
    random_seed: int
    stop_reason: StopReason
    logprobs: tuple[CharacterLogprob, ...] | None = None
    seed: str | None = None


def warm_up(decoder: Decoder, ids: Ids, batch: int) -> Any:
    """Return the state after every row of a batch has read the same text: ids ``[N]``."""
    state = decoder.initial_state(batch)
    for character in decoder.recent(ids):
        state = decoder.step(np.full(batch, character), state)
    return state


def likeliest_next(decoder: Decoder, ids: Ids, characters: int) -> list[tuple[int, float]]:
    """Return all next characters of a text with their probabilities, the likeliest first.

    Args:
        decoder: The decoder.
        ids: The text: ids ``[N]``, at least one.
        characters: K, the number of characters that can be generated.

    Returns:
        Pairs of id and probability: ``[K]``.

    Raises:
        CheckpointError: If a logit is infinite or NaN.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        logits = decoder.logits(warm_up(decoder, ids, 1))[0, :characters]
    probabilities = np.exp(log_softmax(check_finite(logits).astype(np.float64)))
    return [(int(place), float(probabilities[place])) for place in np.argsort(-probabilities, kind="stable")]


def continue_ids(
    decoder: Decoder,
    seed: Ids,
    random_seeds: Sequence[int],
    vocabulary_size: int,
    sampling: Sampling,
    position: int = 0,
    words: WordCharacters | None = None,
    observe: Callable[[Array], object] | None = None,
) -> Iterator[NDArray[np.int64]]:
    """Yield the next character of every text, without end: choose a character, read it, repeat.

    Args:
        decoder: The decoder: a mode in one engine.
        seed: The text to continue: ids ``[N]``, at least one.
        random_seeds: One for each of the B texts.
        vocabulary_size: The number of characters that can be generated. The logits may have one more, for the placeholder.
        sampling: The sampling settings.
        position: The number of generated characters at the end of the seed; the noise continues from there.
        words: The characters that words consist of; needed for ``word_temperature``.
        observe: Called with the logits of every step, ``[B, K]``, before a character is chosen from them.

    Yields:
        The next character of every text: ids ``[B]``.
    """
    sampler = make_sampler(sampling, random_seeds, vocabulary_size, seed, position, words)

    def choose(state: Any) -> NDArray[np.int64]:
        logits = decoder.logits(state)[:, :vocabulary_size]
        if observe is not None:
            observe(logits)
        return sampler.choose(logits)

    # Weights can be arbitrarily large; the sampler accepts any logits. A context takes a tenth of the time of np.errstate.
    quiet = copy_context()
    quiet.run(np.seterr, over="ignore", invalid="ignore")
    state = quiet.run(warm_up, decoder, seed, len(random_seeds))
    while True:
        ids = quiet.run(choose, state)
        yield ids
        state = quiet.run(decoder.step, ids, state)


def generate_pieces(
    decoder: Decoder,
    vocabulary: Vocabulary,
    seed: str,
    *,
    random_seeds: Sequence[int],
    length: int,
    sampling: Sampling,
    stops: StopRules = NO_STOPS,
    position: int = 0,
    logprobs: int | None = None,
) -> Generator[list[str], None, list[Sample]]:
    """Yield B continuations of a text, piece by piece.

    Args:
        decoder: The decoder: a mode in one engine.
        vocabulary: The model's characters.
        seed: The text to continue.
        random_seeds: One for each of the B texts.
        length: The number of characters to generate, as far as the rules do not say otherwise.
        sampling: The sampling settings.
        stops: Rules that end a text before its maximum length.
        position: The number of generated characters at the end of the seed.
        logprobs: Number of likeliest characters to record for each character; None to record no log-probabilities.

    Yields:
        The next piece of every text; a piece can be empty.

    Returns:
        The :class:`Sample` of every text.

    Raises:
        CharlstmError: If the seed is empty.
        UnknownCharacterError: If the seed has characters that the model does not know.
    """
    if not seed:
        raise CharlstmError("the seed is empty; give at least one character as `seed`, or leave it out for a random one")
    words = WordCharacters.of(vocabulary.characters) if sampling.word_temperature is not None else None
    record = None if logprobs is None else LogprobRecord(vocabulary, len(random_seeds), logprobs)
    observe = None if record is None else record.observe
    steps = continue_ids(decoder, vocabulary.encode(seed), random_seeds, len(vocabulary), sampling, position, words, observe)
    characters = _characters(steps, vocabulary, record)
    if stops == NO_STOPS:
        texts = yield from _whole_texts(characters, len(random_seeds), length)
    else:
        texts = yield from _stopped_texts(characters, [GeneratedText(stops, length) for _ in random_seeds])
    found = [None] * len(texts) if record is None else record.of([len(text) for text, _ in texts])
    return [
        Sample(text, random_seed, reason, each)
        for (text, reason), random_seed, each in zip(texts, random_seeds, found, strict=True)
    ]


def _characters(
    steps: Iterator[NDArray[np.int64]], vocabulary: Vocabulary, record: LogprobRecord | None
) -> Iterator[list[str]]:
    """Yield the next character of every text, without end."""
    for chosen in steps:
        if record is not None:
            record.add(chosen)
        yield [vocabulary.characters[number] for number in chosen.tolist()]


_Texts = Generator[list[str], None, list[tuple[str, StopReason]]]
"""A generator of pieces that returns each text with the reason why it ended."""


def _whole_texts(characters: Iterator[list[str]], texts: int, length: int) -> _Texts:
    """Yield pieces of texts that no rule ends: each character is certain at once, and needs no search for an end."""
    written: list[list[str]] = [[] for _ in range(texts)]
    for _ in range(length):
        pieces = next(characters)
        for text, character in zip(written, pieces, strict=True):
            text.append(character)
        yield pieces
    yield [""] * texts
    return [("".join(text), "length") for text in written]


def _stopped_texts(characters: Iterator[list[str]], texts: list[GeneratedText]) -> _Texts:
    """Yield pieces of texts that rules may end, until all have ended."""
    while not all(text.stop_reason for text in texts):
        for text, character in zip(texts, next(characters), strict=True):
            text.append(character)
        yield [text.give() for text in texts]
    yield [text.give(all_of_it=True) for text in texts]
    return [(text.text, text.stop_reason or "length") for text in texts]


def samples_of(
    texts: Sequence[GeneratedText],
    random_seeds: Sequence[int],
    logprobs: Sequence[tuple[CharacterLogprob, ...]] | None,
    otherwise: StopReason,
) -> list[Sample]:
    """Return the samples of finished texts.

    Args:
        texts: B texts.
        random_seeds: The random seed of each.
        logprobs: The log-probabilities of the characters of each; None if they were not asked for.
        otherwise: The reason why a text ended that no rule ended.
    """
    found = [None] * len(texts) if logprobs is None else logprobs
    return [
        Sample(text.text, random_seed, text.stop_reason or otherwise, each)
        for text, random_seed, each in zip(texts, random_seeds, found, strict=True)
    ]


def generate_texts(pieces: Generator[list[str], None, list[Sample]]) -> list[Sample]:
    """Run :func:`generate_pieces` to its end and return its samples."""
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            samples: list[Sample] = end.value
            return samples
