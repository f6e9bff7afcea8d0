"""How well a model predicts a text, in both modes and by how far back it may look."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from charlstm.analysis.surprise import Nats, Progress, stateful_surprise, stateless_surprise
from charlstm.inference.network import Network
from charlstm.text.vocabulary import Ids

FARTHEST = 256
"""Characters of context beyond which no curve goes, unless the model's own window does."""


@dataclass(frozen=True)
class Score:
    """A mean surprise.

    Attributes:
        nats_per_char: The mean.
        standard_error: Of the mean as an estimate for all characters of the text: 0 where all were counted.
        characters: How many were.
    """

    nats_per_char: float
    standard_error: float
    characters: int


@dataclass(frozen=True)
class Evaluation:
    """A model's scores on a text.

    Attributes:
        stateful: One pass, the state carried, every character but the first counted.
        stateless: Each character given the window before it, read from a zero state; of a sample of the characters.
        contexts: The same with other numbers of characters before it, on the same sample.
        carried: The stateful score of the same sample.
    """

    stateful: Score
    stateless: Score
    contexts: Mapping[int, Score]
    carried: Score


def context_lengths(window: int) -> list[int]:
    """1, 2, 4 … as far as the window, and at least as far as :data:`FARTHEST`."""
    return [2**power for power in range(max(window, FARTHEST).bit_length()) if 2**power <= max(window, FARTHEST)]


def sampled_places(characters: int, sample: int, random_seed: int) -> Ids:
    """Places in a text of N characters, none of them the first, without repetition and in order."""
    everything = np.arange(1, characters)
    if sample >= len(everything):
        return everything
    return np.sort(np.random.default_rng(random_seed).choice(everything, sample, replace=False))


def evaluate(network: Network, ids: Ids, places: Ids, progress: Progress = lambda _: None) -> Evaluation:
    """Score a model on a text.

    Args:
        network: The model.
        ids: The text: ``[N]``, at least two characters.
        places: Of the sample, from :func:`sampled_places`.
        progress: Told how many more characters have been read, of :func:`work`.
    """
    population, window = len(ids) - 1, network.config.seq_len
    carried = stateful_surprise(network, ids, progress)

    def scored(nats: Nats) -> Score:
        # Drawn without repetition: the whole text would leave no error.
        rest = 1 - len(nats) / population
        error = float(nats.std(ddof=1) * np.sqrt(rest / len(nats))) if rest else 0.0
        return Score(float(nats.mean()), error, len(nats))

    lengths = sorted({window, *context_lengths(window)})
    contexts = {length: scored(stateless_surprise(network, ids, places, length, progress)) for length in lengths}
    return Evaluation(scored(carried), contexts[window], contexts, scored(carried[places - 1]))


def work(characters: int, places: int, window: int) -> int:
    """About how many characters :func:`evaluate` reads."""
    return characters + places * sum({window, *context_lengths(window)})
