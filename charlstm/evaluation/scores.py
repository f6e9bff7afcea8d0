"""Scores of a model on a text, in both modes and by context length."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from charlstm.evaluation.surprisal import ROWS, Nats, Progress, stateful_surprisal, step_cost, windowed_surprisal
from charlstm.inference.network import Network
from charlstm.text.scoring import MAX_NATS, ScoringPass
from charlstm.text.vocabulary import Ids

MAX_CONTEXT = 256
"""Longest context that is scored by default, in characters, unless the model's own window is longer."""


@dataclass(frozen=True)
class Scores:
    """The surprisal of a text under a model. All values in nats include the cost of naming rare characters.

    Attributes:
        window: The model's own window in characters.
        stateful: Surprisal of every character but the first, with the state carried: nats ``[N - 1]``.
        costs: By context length k: the stateless surprisal after k characters from a zero state minus the stateful one, for a
            sample of S characters: nats ``[S]`` each.
        windowed: By context length: the stateless surprisal of the sampled characters before the end of the text: nats, at
            most S each.
        naming: The part of ``stateful`` that names rare characters: nats ``[N - 1]``; None for a model without a placeholder.
    """

    window: int
    stateful: Nats
    costs: Mapping[int, Nats]
    windowed: Mapping[int, Nats]
    naming: Nats | None = None

    def nats_per_char(self, context: int | None = None) -> float:
        """Return the mean surprisal in nats per character.

        The mean for a context length is the stateful mean plus the mean difference over the sample (a control variate). The
        difference varies hundreds of times less between characters than the surprisal does. If the carried state has grown
        out of bounds the difference varies more, and the surprisal itself is averaged.

        Args:
            context: Characters read before each from a zero state; None for the carried state.
        """
        if context is None:
            return float(self.stateful.mean())
        if self._sampled(context) is self.costs[context]:
            return float(self.stateful.mean()) + float(self.costs[context].mean())
        return float(self.windowed[context].mean())

    @property
    def unbounded(self) -> int:
        """Number of characters whose probability, with the state carried, is too small for float32."""
        predicted = self.stateful if self.naming is None else self.stateful - self.naming
        return int((predicted >= MAX_NATS - 1e-9).sum())

    def standard_error(self, context: int | None = None) -> float:
        """Return the standard error of :meth:`nats_per_char` in nats; 0 if every character of the text was scored."""
        if context is None or (rest := self._rest(context)) <= 0:
            return 0.0
        sampled = self._sampled(context)
        return float(sampled.std(ddof=1) * np.sqrt(rest / len(sampled)))

    def _rest(self, context: int) -> float:
        """Return the fraction of the text's characters outside the sample."""
        return 1 - len(self.costs[context]) / len(self.stateful)

    def _sampled(self, context: int) -> Nats:
        """Return the sampled quantity: the costs, or the surprisal if an unbounded state makes that the less variable one."""
        costs, windowed = self.costs[context], self.windowed[context]
        unbounded = self.unbounded and self._rest(context) > 0 and len(windowed) > 1 and windowed.std() < costs.std()
        return windowed if unbounded else costs


def context_lengths(window: int, characters: int, others: Sequence[int] = ()) -> list[int]:
    """Return the context lengths to score in a text of some characters, in ascending order.

    They are the powers of two up to the longer of :data:`MAX_CONTEXT` and the window, as far as a character of the text has
    so many before it, the window itself, and ``others``.
    """
    farthest = min(max(window, MAX_CONTEXT), characters - 1)
    return sorted({window, *others, *(2**power for power in range(max(farthest, 0).bit_length()))})


def sampled_starts(characters: int, sample: int, random_seed: int) -> Ids:
    """Draw at most ``sample`` distinct positions at which reading starts, in ascending order and without the last position."""
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
        ids: Ids of the text: ``[N]``, at least two characters.
        starts: Positions of the sample, from :func:`sampled_starts`.
        contexts: Context lengths, from :func:`context_lengths`.
        progress: Called with the work done since its last call; the sum is :func:`scoring_work`.
        naming: From :meth:`charlstm.text.vocabulary.Vocabulary.naming_nats`, ``[N]``; None for a model without a placeholder.
    """
    stateful = stateful_surprisal(network, ids, progress, naming)
    windowed = windowed_surprisal(network, ids, starts, contexts, progress, naming)
    costs, read = {}, {}
    for context, nats in zip(contexts, windowed, strict=True):
        carried = stateful[np.minimum(starts + context, len(stateful)) - 1]
        # A start s scores character s + context, so no start scores characters 1 to context - 1. Both modes read the same
        # before these: their cost is 0. The last context - 1 of the N - 1 starts pass the end of the text (NaN). As zeros
        # they stand for those characters, and with every start the mean cost is that over characters 1 to N - 1.
        costs[context] = np.where(np.isnan(nats), 0.0, nats - carried)
        read[context] = nats[~np.isnan(nats)]
    return Scores(network.config.seq_len, stateful, costs, read, None if naming is None else naming[1:])


def scoring_work(ids: Ids, starts: int, contexts: Sequence[int], vocabulary_size: int) -> float:
    """Return the work of :func:`evaluate`, in steps of a single row."""
    scoring = ScoringPass(ids, vocabulary_size)
    batches, rest = divmod(starts, ROWS)
    windowed = batches * step_cost(ROWS) + (step_cost(rest) if rest else 0.0)
    return scoring.pieces * scoring.chunk * step_cost(scoring.rows) + contexts[-1] * windowed
