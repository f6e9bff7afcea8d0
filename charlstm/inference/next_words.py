"""The likeliest next words of a text, by a search over their spellings.

A continuation is what follows a text up to the end of its next word: white space and punctuation, if any, then the word. Its
probability is the probability of its characters, followed by one that ends the word. Continuations exclude each other, and
together have probability 1.

The search takes the likeliest beginning first. A longer spelling is never likelier than its beginning. So a continuation that
is at least as likely as every beginning left is the next one of the list, as if all had been enumerated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from charlstm.choices import Mode
from charlstm.inference.constraints.text_constraint import ConstraintState, TextConstraint
from charlstm.inference.generation import warm_up
from charlstm.inference.likeliest_first import LikeliestFirst
from charlstm.inference.logits import Logits, log_softmax
from charlstm.inference.logprobs import log_probabilities
from charlstm.inference.lstm import Array, LayerState
from charlstm.inference.modes import StatefulDecoder
from charlstm.inference.network import Network, State, any_weights
from charlstm.text.boundaries import WordCharacters
from charlstm.text.vocabulary import Ids, Vocabulary

MOST_STEPS = 3_000
"""Beginnings that a search extends, at most."""

_TOGETHER = 32
"""Beginnings that are extended in one step of the network."""

_FAR = 1 << 30
"""Characters that remain after a next word under a constraint: as many as it takes."""


class NextWord(NamedTuple):
    """A continuation of a text up to the end of its next word.

    Attributes:
        text: White space and punctuation, then the word or the rest of a word that the text began.
        probability: Its probability.
    """

    text: str
    probability: float


@dataclass(frozen=True)
class NextWords:
    """The likeliest continuations of a text up to the end of its next word.

    Attributes:
        words: The continuations, the likeliest first.
        complete: True if the search found as many as wanted; False if it ended earlier.
    """

    words: tuple[NextWord, ...]
    complete: bool


class _Beginning(NamedTuple):
    """The beginning of a continuation.

    Attributes:
        ids: Its characters.
        logprob: Its log-probability.
        in_word: True if its last character is in its word, or nothing follows a text that ends in a word.
        states: In stateful mode the state of a batch before its last character is read; None for the empty beginning.
        row: Its row in that batch.
        progress: The state of the constraint after it, of one text; None without a constraint.
    """

    ids: tuple[int, ...]
    logprob: float
    in_word: bool
    states: State | None = None
    row: int = 0
    progress: ConstraintState | None = None


@any_weights
def next_words(
    network: Network,
    vocabulary: Vocabulary,
    ids: Ids,
    mode: Mode,
    top: int,
    most: int = MOST_STEPS,
    *,
    word_ended: bool = False,
    constraint: TextConstraint | None = None,
) -> NextWords:
    """Return the likeliest continuations of a text up to the end of its next word.

    Args:
        network: The model.
        vocabulary: Its characters.
        ids: The text: ids ``[N]``, at least one.
        mode: ``stateful`` reads the whole text, ``stateless`` a window before each character.
        top: Number of continuations.
        most: Beginnings to extend, at most.
        word_ended: True if the last word of the text is complete: then no letter follows it.
        constraint: What follows the text must obey; probabilities are those of the model without it. None for any words.
    """
    words = WordCharacters.of(vocabulary.characters)
    reader: _StatefulReader | _StatelessReader = (
        _StatefulReader(network, ids) if mode == "stateful" else _StatelessReader(network, ids)
    )
    beginnings, found, listed = LikeliestFirst[_Beginning](), LikeliestFirst[tuple[int, ...]](), list[NextWord]()
    progress = None if constraint is None else constraint.initial_state(1)
    beginnings.push(0.0, _Beginning((), 0.0, bool(words.inside[ids[-1]]), progress=progress))
    while len(listed) < top and (found or beginnings):
        if found and found.greatest >= beginnings.greatest:
            logprob, spelled = found.pop()
            listed.append(NextWord(vocabulary.decode(np.array(spelled)), float(np.exp(logprob))))
            continue
        if most <= 0:
            return NextWords(tuple(listed), complete=False)
        batch = [beginnings.pop()[1] for _ in range(min(_TOGETHER, most, len(beginnings)))]
        most -= len(batch)
        logits, states = reader.read(batch)
        least = found.greatest_but(top - len(listed) - 1)  # what is less likely than all that are wanted is not kept
        logs_of_batch = log_probabilities(logits[:, : len(vocabulary)])
        if word_ended and not batch[0].ids and not words.inside.all():
            logs_of_batch = log_softmax(np.where(words.inside, -np.inf, logs_of_batch))
        if constraint is not None:
            allowed = [_allowed(constraint, each, logs) for each, logs in zip(batch, logs_of_batch, strict=True)]
            batch, logs_of_batch = [each for each, _ in allowed], np.array([logs for _, logs in allowed])
        for row, logs in enumerate(logs_of_batch):
            _extend(batch[row], logs, words, (states, row), least, beginnings, found)
    return NextWords(tuple(listed), complete=len(listed) == top)


def _allowed(constraint: TextConstraint, beginning: _Beginning, logs: Logits) -> tuple[_Beginning, Logits]:
    """Return a beginning with the state of a constraint after it, and the log-probabilities of the characters allowed there."""
    progress = beginning.progress
    assert progress is not None
    if beginning.ids:
        progress = constraint.step(progress, np.array(beginning.ids[-1:]))
    return beginning._replace(progress=progress), np.where(constraint.allowed(progress, _FAR)[0], logs, -np.inf)


def _extend(
    beginning: _Beginning,
    logs: Logits,
    words: WordCharacters,
    state: tuple[State | None, int],
    least: float,
    beginnings: LikeliestFirst[_Beginning],
    found: LikeliestFirst[tuple[int, ...]],
) -> None:
    """Add every character to a beginning, and put the results into their queues.

    Args:
        beginning: The beginning.
        logs: Log-probabilities of the characters after it: ``[K]``.
        words: The characters that words consist of.
        state: The state after it, of a batch, and its row there.
        least: Log-probability below which nothing is kept.
        beginnings: The queue of beginnings.
        found: The queue of continuations.
    """
    begun = beginning.in_word and beginning.ids
    if begun:  # any character that is not in the word ends it
        outside = logs[~words.inside]
        if len(outside) and outside.max() > -np.inf:
            found.push(beginning.logprob + float(np.logaddexp.reduce(outside)), beginning.ids)
    total = beginning.logprob + logs
    for number in np.flatnonzero((total >= least) & (total > -np.inf) & (words.inside if begun else True)).tolist():
        ids, logprob = (*beginning.ids, number), float(total[number])
        in_word = bool(words.inside[number] and (beginning.in_word or words.letters[number]))
        if words.letters[number] and not in_word:  # a word of its own
            found.push(logprob, ids)
        else:
            beginnings.push(logprob, _Beginning(ids, logprob, in_word, *state, beginning.progress))


class _StatefulReader:
    """The stateful mode: each beginning continues the state of the one that it extends."""

    def __init__(self, network: Network, ids: Ids) -> None:
        """Read the text: ids ``[N]``."""
        self._network = network
        self._state: State = warm_up(StatefulDecoder(network), ids, 1).layers

    def read(self, batch: Sequence[_Beginning]) -> tuple[Array, State]:
        """Return the logits after each beginning, ``[B, V]``, and the states."""
        if batch[0].states is None:  # the empty beginning is alone
            return self._network.logits(self._state[-1].h), self._state
        state = tuple(
            LayerState(*(np.stack([each.states[layer][part][each.row] for each in batch if each.states]) for part in (0, 1)))
            for layer in range(len(self._state))
        )
        return self._network.logits(self._network.step(np.array([each.ids[-1] for each in batch]), state)), state


class _StatelessReader:
    """The stateless mode: a window before each character is read from a zero state."""

    def __init__(self, network: Network, ids: Ids) -> None:
        """Take the text: ids ``[N]``."""
        self._network = network
        self._ids = ids[-network.config.seq_len :]

    def read(self, batch: Sequence[_Beginning]) -> tuple[Array, None]:
        """Return the logits after each beginning, ``[B, V]``; there is no state to continue."""
        width = self._network.config.seq_len
        texts = [np.concatenate([self._ids, np.array(each.ids, self._ids.dtype)])[-width:] for each in batch]
        longest = max(map(len, texts))
        state, workspace = self._network.initial_state(len(batch)), self._network.workspace(len(batch))
        starts = np.array([longest - len(text) for text in texts])
        rows = np.stack([np.pad(text, (start, 0)) for text, start in zip(texts, starts, strict=True)])
        for place in range(longest):
            for layer in state:
                for array in layer:
                    array[starts == place] = 0  # what was read before is padding
            self._network.step(rows[:, place], state, workspace)
        return self._network.logits(state[-1].h), None
