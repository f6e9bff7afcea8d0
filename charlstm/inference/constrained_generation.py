"""The generation loop of texts that obey constraints, with several particles of each."""

from collections.abc import Generator, Iterator, Sequence
from typing import Any

import numpy as np

from charlstm.inference.constraints.automaton import END
from charlstm.inference.constraints.free_attempts import obeying_texts
from charlstm.inference.constraints.histories import Histories
from charlstm.inference.constraints.particle_ends import ParticleEnds
from charlstm.inference.constraints.particles import ConstrainedSampler
from charlstm.inference.constraints.text_constraint import ConstraintState, TextConstraint
from charlstm.inference.generated_text import GeneratedText
from charlstm.inference.generation import Sample, generate_pieces, samples_of, warm_up
from charlstm.inference.logprobs import CharacterLogprob, LogprobRecord
from charlstm.inference.modes import Decoder
from charlstm.inference.sampling import Sampling
from charlstm.inference.shared_windows import for_particles
from charlstm.inference.stop_rules import NO_STOPS, StopRules
from charlstm.text.boundaries import WordCharacters
from charlstm.text.vocabulary import Ids, Vocabulary


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

    Free texts are tried first (:mod:`charlstm.inference.constraints.free_attempts`); particles write the texts for which none
    obeys. A piece is what all particles of a text have in common. The rest follows at the end, when one of them is drawn by
    weight. At temperature 0 all particles would be the same, so there is one: it takes the likeliest allowed character.

    Args:
        decoder: The decoder: a mode in one engine.
        vocabulary: The model's characters.
        seed: The text to continue.
        constraint: The constraints, compiled for this seed, length and these stop strings.
        particles: P, the number of particles of each text; 1 excludes characters only.
        random_seeds: One for each of the B texts.
        length: The number of characters to generate, as far as the rules do not say otherwise.
        sampling: The sampling settings.
        stops: Rules that end a text before its maximum length, or continue it. One applies where the text before obeys.
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
    seed_ids, most, rules = vocabulary.encode(seed), stops.most(length), stops.beside_automaton
    words = WordCharacters.of(vocabulary.characters) if sampling.word_temperature is not None else None
    texts = [GeneratedText(StopRules(stops.in_automaton), most) for _ in random_seeds]
    found: dict[int, str] = {}
    if particles > 1 and rules is None and not sampling.filters:
        found = yield from obeying_texts(
            decoder,
            vocabulary,
            seed_ids,
            constraint,
            random_seeds=random_seeds,
            length=most,
            sampling=sampling,
            stops=stops.in_automaton,
            position=position,
            words=words,
        )
    for place, text in found.items():
        _append(texts[place], text)
    places = [place for place in range(len(texts)) if place not in found]
    if places:
        sampler = ConstrainedSampler(
            sampling, [random_seeds[place] for place in places], particles, len(vocabulary), seed_ids, position, words
        )
        written = [texts[place] for place in places]
        reader = for_particles(decoder) if particles > 1 else decoder
        for _ in _write(reader, vocabulary, seed_ids, constraint, sampler, written, most, length, rules):
            yield [text.give() if place not in found else "" for place, text in enumerate(texts)]
    yield [text.give(all_of_it=True) for text in texts]
    logs = None if logprobs is None else _read_again(decoder, vocabulary, seed_ids, [text.text for text in texts], logprobs)
    return samples_of(texts, random_seeds, logs, "complete")


def _write(
    decoder: Decoder,
    vocabulary: Vocabulary,
    seed: Ids,
    constraint: TextConstraint,
    sampler: ConstrainedSampler,
    texts: Sequence[GeneratedText],
    most: int,
    length: int,
    rules: StopRules | None,
) -> Iterator[None]:
    """Write texts with particles; yield after each character.

    Args:
        decoder: The decoder.
        vocabulary: The model's characters.
        seed: The text to continue: ids ``[N]``.
        constraint: The constraints.
        sampler: The sampler of the particles.
        texts: The texts to write.
        most: The maximum number of characters.
        length: The number of characters, as far as the rules do not say otherwise.
        rules: Rules that read each particle; None if there are none.
    """
    size, rows, stops = len(vocabulary), sampler.log_weights.size, constraint.stops
    accepting, progress = constraint.automaton.accepting, constraint.initial_state(rows)
    histories = Histories(len(texts), rows // len(texts), most, size)
    ends = None if rules is None else ParticleEnds(rules, length, accepting[progress.states].tolist())
    state, ids, over = None, None, np.zeros(rows, bool)  # over: the particles that have ended
    for place in range(most):
        allowed = constraint.allowed(progress, most - place)
        possible = np.asarray(allowed.any(-1))
        if not possible.all():  # some are complete, and nothing can follow
            histories.end(place, ~possible, cut=False)
            over |= ~possible
            progress = ConstraintState(np.where(over, END, progress.states), progress.columns)
            allowed[~possible] = True
        if over.all():
            break
        with np.errstate(over="ignore", invalid="ignore"):  # weights can be arbitrarily large; the sampler accepts any logits
            state = _warm(decoder, seed, rows) if ids is None else decoder.step(ids, state)
            copied = sampler.weigh(decoder.logits(state)[:, :size], allowed)
        if copied is not None:
            state, progress, over = decoder.gather(state, copied), constraint.gather(progress, copied), over[copied]
            histories.gather(copied, place)
            if ends is not None:
                ends.gather(copied)
        ids = sampler.draw()
        progress = constraint.step(progress, ids)
        histories.ids[:, :, place] = ids.reshape(histories.lengths.shape)
        if (ended := constraint.ended(progress)).any():
            histories.end(place + 1, ended & ~over, cut=True)
            over = ended
        if ends is not None:
            for row, end in ends.read(vocabulary.decode(ids), accepting[progress.states].tolist(), over):
                histories.lengths.flat[row], over[row], progress.states[row] = end, True, END
        certain = histories.lengths if ends is None else ends.certain.reshape(histories.lengths.shape)
        for index, text in enumerate(texts):
            _append(text, vocabulary.decode(histories.agreed(index, min(place + 1, int(certain[index].min())))))
        yield
    for index, (text, particle) in enumerate(zip(texts, sampler.chosen().tolist(), strict=True)):
        _append(text, histories.rest(index, particle, vocabulary, stops))
        if ends is not None:
            row = index * histories.lengths.shape[1] + particle
            text.stop_reason = ends.reason(row) or text.stop_reason


def _read_again(
    decoder: Decoder, vocabulary: Vocabulary, seed: Ids, texts: Sequence[str], top: int
) -> list[tuple[CharacterLogprob, ...]]:
    """Return the log-probabilities of the characters of finished texts."""
    record, longest = LogprobRecord(vocabulary, len(texts), top), max(map(len, texts))
    ids = np.zeros((len(texts), longest), np.int64)
    for row, text in zip(ids, texts, strict=True):
        row[: len(text)] = vocabulary.encode(text)
    with np.errstate(over="ignore", invalid="ignore"):
        state = _warm(decoder, seed, len(texts))
        for column in ids.T:
            record.observe(decoder.logits(state)[:, : len(vocabulary)])
            record.add(column)
            state = decoder.step(column, state)
    return record.of([len(text) for text in texts])


def _warm(decoder: Decoder, seed: Ids, rows: int) -> Any:
    """Return the state after every row of a batch has read the seed, which is read once: ids ``[N]``."""
    return decoder.gather(warm_up(decoder, seed, 1), np.zeros(rows, np.int64))


def _append(text: GeneratedText, characters: str) -> None:
    for character in characters:
        text.append(character)
