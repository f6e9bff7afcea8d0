"""How well a model predicts a text, in both modes and by how far back it may look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from charlstm.evaluation.surprisal import ROWS, Nats, Progress, stateful_surprisal, step_cost, windowed_surprisal
from charlstm.inference.network import Network
from charlstm.text.scoring import MAX_NATS, ScoringPass
from charlstm.text.vocabulary import Ids

MAX_CONTEXT = 256
"""Characters of context beyond which no curve goes, unless the model's own window does."""


@dataclass(frozen=True)
class Scores:
    """A model's surprise at a text.

    Attributes:
        window: The model's own.
        stateful: Of every character but the first, in one pass with the state carried: nats ``[N - 1]``. Like all nats here it
            includes what naming a rare character costs.
        costs: For numbers of characters read from a zero state before each: what not knowing the rest costs, stateless minus
            stateful, of a sample of the characters: nats ``[S]`` each.
        windowed: Stateless, of as many of these as the text has before its end: nats, at most S each.
        naming: What of the stateful nats is for naming a rare character: ``[N - 1]``; None for a model without a placeholder.
    """

    window: int
    stateful: Nats
    costs: Mapping[int, Nats]
    windowed: Mapping[int, Nats]
    naming: Nats | None = None

    def nats_per_char(self, context: int | None = None) -> float:
        """The mean surprise given this many characters before each, or given all of them.

        The difference is what is sampled, not the surprise: characters differ far more from each other than the two ways of
        reading differ on one of them, so a sample says hundreds of times more about it (a control variate). If the carried
        state grew out of bounds it is the other way round, and the surprise itself is sampled.
        """
        if context is None:
            return float(self.stateful.mean())
        if self._sampled(context) is self.costs[context]:
            return float(self.stateful.mean()) + float(self.costs[context].mean())
        return float(self.windowed[context].mean())

    @property
    def unbounded(self) -> int:
        """Characters to which the model, its state carried, gives no probability that float32 holds."""
        predicted = self.stateful if self.naming is None else self.stateful - self.naming
        return int((predicted >= MAX_NATS - 1e-9).sum())

    def standard_error(self, context: int | None = None) -> float:
        """Of that mean as an estimate for all characters of the text, in nats: 0 where all were counted."""
        if context is None or (rest := self._rest(context)) <= 0:
            return 0.0
        sampled = self._sampled(context)
        return float(sampled.std(ddof=1) * np.sqrt(rest / len(sampled)))

    def _rest(self, context: int) -> float:
        """The fraction of the text's characters that are not in the sample."""
        return 1 - len(self.costs[context]) / len(self.stateful)

    def _sampled(self, context: int) -> Nats:
        """What is sampled: the costs, or the surprise where that says more."""
        costs, windowed = self.costs[context], self.windowed[context]
        lost = self.unbounded and self._rest(context) > 0 and len(windowed) > 1 and windowed.std() < costs.std()
        return windowed if lost else costs


def context_lengths(window: int, others: Sequence[int] = ()) -> list[int]:
    """1, 2, 4 … as far as :data:`MAX_CONTEXT` and the window, with the window and others, in order."""
    farthest = max(window, MAX_CONTEXT)
    return sorted({window, *others, *(2**power for power in range(farthest.bit_length()) if 2**power <= farthest)})


def sampled_starts(characters: int, sample: int, random_seed: int) -> Ids:
    """Places in a text of N characters where reading starts: at most ``sample``, never the last, in order, each once."""
    if sample >= characters - 1:
        return np.arange(characters - 1)
    return np.sort(np.random.default_rng(random_seed).choice(characters - 1, sample, replace=False))


def evaluate(
    network: Network,
    ids: Ids,
    starts: Ids,
    contexts: Sequence[int],
    progress: Progress = lambda _: None,
    naming: Nats | None = None,
) -> Scores:
    """Score a model on a text.

    Args:
        network: The model.
        ids: The text: ``[N]``, at least two characters.
        starts: Of the sample, from :func:`sampled_starts`.
        contexts: From :func:`context_lengths`.
        progress: Told how much more is done, of :func:`scoring_work`.
        naming: From :meth:`charlstm.text.vocabulary.Vocabulary.naming_nats`, ``[N]``; None for a model without a placeholder.
    """
    stateful = stateful_surprisal(network, ids, progress, naming)
    windowed = windowed_surprisal(network, ids, starts, contexts, progress, naming)
    costs, read = {}, {}
    for context, nats in zip(contexts, windowed, strict=True):
        carried = stateful[np.minimum(starts + context, len(stateful)) - 1]
        # No reading of this length reaches the first characters of the text. All that is before them is less than the context,
        # so for them both ways are the same; the readings that the text's end cuts short, exactly as many, stand for them.
        costs[context] = np.where(np.isnan(nats), 0.0, nats - carried)
        read[context] = nats[~np.isnan(nats)]
    return Scores(network.config.seq_len, stateful, costs, read, None if naming is None else naming[1:])


def scoring_work(ids: Ids, starts: int, contexts: Sequence[int], vocabulary_size: int) -> float:
    """Return the work of :func:`evaluate`, in steps of a single row."""
    scoring = ScoringPass(ids, vocabulary_size)
    batches, rest = divmod(starts, ROWS)
    windowed = batches * step_cost(ROWS) + (step_cost(rest) if rest else 0.0)
    return scoring.pieces * scoring.chunk * step_cost(scoring.rows) + contexts[-1] * windowed
