"""The generation loop of texts that obey constraints, with several particles of each."""

from collections.abc import Generator, Sequence

import numpy as np
from numpy.typing import NDArray

from charlstm.inference.constraints.automaton import END
from charlstm.inference.constraints.particles import ConstrainedSampler
from charlstm.inference.constraints.text_constraint import ConstraintState, TextConstraint
from charlstm.inference.generated_text import GeneratedText
from charlstm.inference.generation import Sample, generate_pieces, warm_up
from charlstm.inference.logprobs import CharacterLogprob, LogprobRecord
from charlstm.inference.modes import Decoder
from charlstm.inference.sampling import Sampling
from charlstm.inference.shared_windows import for_particles
from charlstm.inference.stop_rules import NO_STOPS, StopRules
from charlstm.text.boundaries import WordCharacters
from charlstm.text.vocabulary import Ids, Vocabulary, id_dtype


class Histories:
    """The characters of all particles, and how much of each text is certain.

    Attributes:
        ids: ``[B, P, length]``; the first ``lengths`` are set.
        lengths: Number of characters of each particle that has ended, the maximum for the others: ``[B, P]``.
        cut: True if the last character has ended the particle: ``[B, P]``.
        certain: Number of characters in which all particles of a text agree: B.
    """

    def __init__(self, texts: int, particles: int, length: int, vocabulary_size: int) -> None:
        """Start empty histories."""
        self.ids = np.zeros((texts, particles, length), id_dtype(vocabulary_size))
        self.lengths = np.full((texts, particles), length)
        self.cut = np.zeros((texts, particles), bool)
        self.certain = [0] * texts

    def end(self, position: int, now: NDArray[np.bool_], *, cut: bool) -> None:
        """End the particles at a position that have ended now: ``[R]``."""
        places = now.reshape(self.lengths.shape)
        self.lengths[places] = position
        self.cut[places] = cut

    def gather(self, rows: NDArray[np.int64], position: int) -> None:
        """Replace the particles by copies: rows ``[R]``; they have characters before the position."""
        texts, particles = self.lengths.shape
        for text, sources in enumerate(rows.reshape(texts, particles) - np.arange(0, texts * particles, particles)[:, None]):
            open_part = slice(self.certain[text], position)  # the rest is the same in all
            self.ids[text, :, open_part] = self.ids[text, sources, open_part]
            self.lengths[text], self.cut[text] = self.lengths[text, sources], self.cut[text, sources]

    def agreed(self, text: int, position: int) -> Ids:
        """Return the ids before a position that have become certain since the last call."""
        start = end = self.certain[text]
        ids, most = self.ids[text], min(position, int((self.lengths[text] - self.cut[text]).min()))
        if len(ids) == 1:
            end = max(start, most)
        while end < most and (ids[1:, end] == ids[0, end]).all():
            end += 1
        self.certain[text] = end
        certain: Ids = ids[0, start:end]
        return certain

    def rest(self, text: int, particle: int, vocabulary: Vocabulary, stops: Sequence[str]) -> str:
        """Return the uncertain end of a particle, without a line end that ended it, unless that is a stop string."""
        written = vocabulary.decode(self.ids[text, particle, : self.lengths[text, particle]])
        if self.cut[text, particle] and not written.endswith(tuple(stops)):
            written = written[:-1]
        return written[self.certain[text] :]


def continued_pieces(
    decoder: Decoder,
    vocabulary: Vocabulary,
    seed: str,
    constraint: TextConstraint | None,
    *,
    particles: int,
    random_seeds: Sequence[int],
    length: int,
    sampling: Sampling,
    stops: StopRules = NO_STOPS,
    position: int = 0,
    logprobs: int | None = None,
) -> Generator[list[str], None, list[Sample]]:
    """Return the pieces of texts with or without constraints: :func:`constrained_pieces` or :func:`generate_pieces`."""
    if constraint is None:
        return generate_pieces(
            decoder,
            vocabulary,
            seed,
            random_seeds=random_seeds,
            length=length,
            sampling=sampling,
            stops=stops,
            position=position,
            logprobs=logprobs,
        )
    return constrained_pieces(
        decoder,
        vocabulary,
        seed,
        constraint,
        particles=particles,
        random_seeds=random_seeds,
        length=length,
        sampling=sampling,
        stops=stops,
        position=position,
        logprobs=logprobs,
    )


def constrained_pieces(
    decoder: Decoder,
    vocabulary: Vocabulary,
    seed: str,
    constraint: TextConstraint,
    *,
    particles: int,
    random_seeds: Sequence[int],
    length: int,
    sampling: Sampling,
    stops: StopRules = NO_STOPS,
    position: int = 0,
    logprobs: int | None = None,
) -> Generator[list[str], None, list[Sample]]:
    """Yield B continuations of a text that obey constraints, piece by piece.

    A piece is what all particles of a text have in common. The rest follows at the end, when one of them is drawn by weight. At
    temperature 0 all particles would be the same, so there is one: it takes the likeliest allowed character.

    Args:
        decoder: The decoder: a mode in one engine.
        vocabulary: The model's characters.
        seed: The text to continue.
        constraint: The constraints, compiled for this seed, length and these stop strings.
        particles: P, the number of particles of each text; 1 excludes characters only.
        random_seeds: One for each of the B texts.
        length: The maximum number of characters to generate.
        sampling: The sampling settings.
        stops: The stop strings, which are not part of the text.
        position: The number of generated characters at the end of the seed.
        logprobs: Number of likeliest characters to record for each character, in a second reading of the finished texts; None
            to record no log-probabilities.

    Yields:
        The next piece of every text; a piece can be empty.

    Returns:
        The :class:`Sample` of every text.
    """
    if sampling.greedy:
        particles = 1
    size, rows = len(vocabulary), len(random_seeds) * particles
    seed_ids = vocabulary.encode(seed)
    words = WordCharacters.of(vocabulary.characters) if sampling.word_temperature is not None else None
    sampler = ConstrainedSampler(sampling, random_seeds, particles, size, seed_ids, position, words)
    texts, histories = (
        [GeneratedText(stops, length) for _ in random_seeds],
        Histories(len(random_seeds), particles, length, size),
    )
    read_by = for_particles(decoder) if particles > 1 else decoder
    progress, state, ids = constraint.initial_state(rows), None, None
    over = np.zeros(rows, bool)  # the particles that have ended
    for place in range(length):
        allowed = constraint.allowed(progress, length - place)
        possible = np.asarray(allowed.any(-1))
        if not possible.all():  # some are complete, and nothing can follow
            histories.end(place, ~possible, cut=False)
            over |= ~possible
            progress = ConstraintState(np.where(over, END, progress.states), progress.columns)
            allowed[~possible] = True
        if over.all():
            break
        with np.errstate(over="ignore", invalid="ignore"):  # weights can be arbitrarily large; the sampler accepts any logits
            if ids is None:
                state = read_by.gather(warm_up(read_by, seed_ids, 1), np.zeros(rows, np.int64))
            else:
                state = read_by.step(ids, state)
            copied = sampler.weigh(read_by.logits(state)[:, :size], allowed)
        if copied is not None:
            state, progress, over = read_by.gather(state, copied), constraint.gather(progress, copied), over[copied]
            histories.gather(copied, place)
        ids = sampler.draw()
        progress = constraint.step(progress, ids)
        histories.ids[:, :, place] = ids.reshape(histories.lengths.shape)
        if (ended := constraint.ended(progress)).any():
            histories.end(place + 1, ended & ~over, cut=True)
            over = ended
        yield [_released(text, vocabulary.decode(histories.agreed(index, place + 1))) for index, text in enumerate(texts)]
    chosen = sampler.chosen()
    for index, (text, particle) in enumerate(zip(texts, chosen.tolist(), strict=True)):
        _append(text, histories.rest(index, particle, vocabulary, stops.strings))
    yield [text.give(all_of_it=True) for text in texts]
    written = [text.text for text in texts]
    found = [None] * len(texts) if logprobs is None else _read_again(decoder, vocabulary, seed_ids, written, logprobs)
    return [
        Sample(text.text, random_seed, text.stop_reason or "complete", each)
        for text, random_seed, each in zip(texts, random_seeds, found, strict=True)
    ]


def _read_again(
    decoder: Decoder, vocabulary: Vocabulary, seed: Ids, texts: Sequence[str], top: int
) -> list[tuple[CharacterLogprob, ...]]:
    """Return the log-probabilities of the characters of finished texts."""
    record, longest = LogprobRecord(vocabulary, len(texts), top), max(map(len, texts))
    ids = np.zeros((len(texts), longest), np.int64)
    for row, text in zip(ids, texts, strict=True):
        row[: len(text)] = vocabulary.encode(text)
    with np.errstate(over="ignore", invalid="ignore"):
        state = decoder.gather(warm_up(decoder, seed, 1), np.zeros(len(texts), np.int64))
        for column in ids.T:
            record.observe(decoder.logits(state)[:, : len(vocabulary)])
            record.add(column)
            state = decoder.step(column, state)
    return record.of([len(text) for text in texts])


def _append(text: GeneratedText, characters: str) -> None:
    for character in characters:
        text.append(character)


def _released(text: GeneratedText, characters: str) -> str:
    _append(text, characters)
    return text.give()
