"""Surprisal of each character of a text under a network, in nats, in either mode."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from charlstm.inference.logits import log_softmax
from charlstm.inference.lstm import Array
from charlstm.inference.network import Network, State, any_weights
from charlstm.text.scoring import ScoringPass, clip_nats
from charlstm.text.vocabulary import Ids
from charlstm.text.windows import denormalise, model_ids

Nats = NDArray[np.float64]
Progress = Callable[[float], object]
"""Called with the work done since the last call, in steps of a single row: see :func:`step_cost`."""

ROWS = 256
"""Batch size of reading from zero states."""


def step_cost(rows: int) -> float:
    """Return the cost of a step of a batch, in steps of a single row.

    Reading the weights takes about as long as the arithmetic of ten rows (measured on 1 x 256 and 2 x 512 units: from 8 to 14).

    >>> step_cost(1), step_cost(64)
    (1.0, 7.3)
    """
    return 1 + (rows - 1) / 10


@any_weights
def stateful_surprisal(network: Network, ids: Ids, progress: Progress = lambda _: None, naming: Nats | None = None) -> Nats:
    """Return the surprisal of every character given all those before it, with the state carried.

    The text is split into several rows, each read with a warm-up. If the rows disagree where they meet, the text is read again
    in one piece: see :class:`charlstm.text.scoring.ScoringPass`.

    Args:
        network: The model.
        ids: Ids of the text: ``[N]``, at least two characters.
        progress: Called with the work done since its last call.
        naming: From :meth:`charlstm.text.vocabulary.Vocabulary.naming_nats`, ``[N]``; None for a model without a placeholder.

    Returns:
        Nats of all characters but the first: ``[N - 1]``. Each is at most :data:`charlstm.text.scoring.MAX_NATS`, plus the
        nats of naming a rare character.
    """
    scoring = ScoringPass(ids, network.config.vocabulary_size)
    nats, counted = _read(network, scoring, progress)
    if not scoring.agrees(nats):
        nats, counted = _read(network, scoring.in_one_piece(), lambda _: None)
    # In row order the counted characters are the whole text.
    result: Nats = nats[counted]
    return result if naming is None else result + naming[1:]


def _read(network: Network, scoring: ScoringPass, progress: Progress) -> tuple[Nats, NDArray[np.bool_]]:
    """Return the surprisal of all characters of a scoring pass, and the mask of those that count: ``[S, T]`` each."""
    state, workspace = network.initial_state(scoring.rows), network.workspace(scoring.rows)
    nats, counted = [], []
    for chunk in scoring.chunks():
        _reset_rows(state, chunk.kept)
        read = denormalise(chunk.x, network.config.vocabulary_size)
        for place, following in zip(read.T, chunk.y.T, strict=True):
            network.step(place, state, workspace)
            nats.append(_surprisal(network, state, following))
        counted.append(chunk.counted == 1)
        progress(scoring.chunk * step_cost(scoring.rows))
    return np.stack(nats, 1), np.concatenate(counted, 1)


@any_weights
def windowed_surprisal(
    network: Network,
    ids: Ids,
    starts: Ids,
    contexts: Sequence[int],
    progress: Progress = lambda _: None,
    naming: Nats | None = None,
) -> Nats:
    """Return the surprisal of characters given only a few before each, read from a zero state.

    One reading serves every context length: a network that starts from a zero state has a context of k after k characters.

    Args:
        network: The model.
        ids: Ids of the text: ``[N]``.
        starts: Positions at which reading starts: ``[S]``.
        contexts: Context lengths k, ascending, each at least 1: ``[K]``.
        progress: Called with the work done since its last call.
        naming: As for :func:`stateful_surprisal`.

    Returns:
        Nats of the character k after each start: ``[K, S]``; NaN where the text ends before.
    """
    result = np.full((len(contexts), len(starts)), np.nan)
    for begin in range(0, len(starts), ROWS):
        some = starts[begin : begin + ROWS]
        state, workspace, row = network.initial_state(len(some)), network.workspace(len(some)), 0
        farthest = min(contexts[-1], len(ids) - 1 - int(some.min()))  # the text has ended for every row beyond it
        for read in range(1, farthest + 1):
            network.step(ids[np.minimum(some + read, len(ids)) - 1], state, workspace)
            if read == contexts[row]:
                there = some + read < len(ids)
                place = np.minimum(some + read, len(ids) - 1)
                nats = _surprisal(network, state, model_ids(ids[place], network.config.vocabulary_size))
                if naming is not None:
                    nats += naming[place]
                result[row, begin : begin + len(some)][there] = nats[there]
                row += 1
            progress(step_cost(len(some)))
        if farthest < contexts[-1]:
            progress(step_cost(len(some)) * (contexts[-1] - farthest))
    return result


def _surprisal(network: Network, state: State, following: Ids) -> Nats:
    logs = log_softmax(network.logits(state[-1].h).astype(np.float64))
    return clip_nats(-logs[np.arange(len(following)), following])


def _reset_rows(state: State, kept: Array) -> None:
    """Reset the state of the rows where ``kept``, ``[B, 1]``, is 0."""
    new = kept[:, 0] == 0
    for layer in state:
        layer.h[new] = layer.c[new] = 0
