"""Free texts that happen to obey constraints: rejection sampling, before particles are needed.

A free text that obeys has exactly the distribution of texts given that they obey, and takes one row of the network. Where
constraints hardly bind, as a list of the words of the training text does, most texts need no particles. Where they do bind, a
free text breaks them after a few characters.
"""

from collections.abc import Generator, Sequence

import numpy as np
from numpy.typing import NDArray

from charlstm.inference.constraints.histories import without_line_end
from charlstm.inference.constraints.text_constraint import TextConstraint
from charlstm.inference.generation import continue_ids
from charlstm.inference.modes import Decoder
from charlstm.inference.sampling import Sampling
from charlstm.text.boundaries import WordCharacters
from charlstm.text.random_streams import random_stream
from charlstm.text.vocabulary import Ids, Vocabulary

ATTEMPTS = 4
"""Free texts that are tried. Each takes about a thirtieth of the time of 32 stateless particles, a tenth of stateful ones."""

_STREAM = 2  # keeps the random seeds of further attempts apart from other random numbers of the same random seed


def obeying_texts(
    decoder: Decoder,
    vocabulary: Vocabulary,
    seed: Ids,
    constraint: TextConstraint,
    *,
    random_seeds: Sequence[int],
    length: int,
    sampling: Sampling,
    stops: Sequence[str],
    position: int = 0,
    words: WordCharacters | None = None,
) -> Generator[list[str], None, dict[int, str]]:
    """Try free texts; yield an empty piece of each text after every character.

    The first attempt is the text without constraints of the same random seed.

    Args:
        decoder: The decoder: a mode in one engine.
        vocabulary: The model's characters.
        seed: The text to continue: ids ``[N]``.
        constraint: The constraints, compiled for this seed and length.
        random_seeds: One for each of the B texts.
        length: The maximum number of characters to generate.
        sampling: The sampling settings.
        stops: The stop strings that the constraints were compiled with.
        position: The number of generated characters at the end of the seed.
        words: The characters that words consist of; needed for ``word_temperature``.

    Returns:
        The texts that obey, each with the stop string that ended it, by their place among the random seeds.
    """
    found: dict[int, str] = {}
    for attempt in range(ATTEMPTS):
        places = [place for place in range(len(random_seeds)) if place not in found]
        if not places:
            break
        seeds = [_attempt_seed(random_seeds[place], attempt) for place in places]
        steps = continue_ids(decoder, seed, seeds, len(vocabulary), sampling, position, words)
        rows, lengths = np.arange(len(places)), np.full(len(places), length)
        ids = np.zeros((len(places), length), np.int64)
        open_rows, cut, obeys = np.ones(len(places), bool), np.zeros(len(places), bool), np.ones(len(places), bool)
        progress = constraint.initial_state(len(places))
        for place in range(length):
            allowed = constraint.allowed(progress, length - place)
            complete = open_rows & ~allowed.any(-1)
            _end(lengths, open_rows, complete, place)
            if not open_rows.any():
                break
            chosen = ids[:, place] = next(steps)
            obeys &= ~open_rows | allowed[rows, chosen]
            open_rows &= obeys
            progress = constraint.step(progress, chosen)
            ended = open_rows & constraint.ended(progress)
            cut |= ended
            _end(lengths, open_rows, ended, place + 1)
            yield [""] * len(random_seeds)
        for row in np.flatnonzero(obeys):
            text = vocabulary.decode(ids[row, : lengths[row]])
            found[places[row]] = without_line_end(text, stops, cut=bool(cut[row]))
    return found


def _end(lengths: NDArray[np.int64], open_rows: NDArray[np.bool_], ended: NDArray[np.bool_], length: int) -> None:
    """Note the texts that have ended with a number of characters."""
    lengths[ended] = length
    open_rows &= ~ended


def _attempt_seed(random_seed: int, attempt: int) -> int:
    """Return the random seed of an attempt; the first has that of the text."""
    return int(random_stream(random_seed, attempt, _STREAM).integers(1 << 62)) if attempt else random_seed
