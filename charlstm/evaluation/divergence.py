"""Both modes along one text: what each expects next, how far they differ, what the carried state does."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charlstm.evaluation.surprisal import Nats, Progress, step_cost
from charlstm.inference.lstm import Array
from charlstm.inference.modes import StatefulDecoder, StatelessDecoder
from charlstm.inference.network import Network, any_weights
from charlstm.inference.sampling import log_softmax
from charlstm.text.scoring import clip_nats
from charlstm.text.vocabulary import Ids
from charlstm.text.windows import model_ids


@dataclass(frozen=True)
class TextDivergence:
    """Two readings of a text of N characters, compared after every character but the last; L layers.

    Attributes:
        stateful: Surprise at the next character, the state carried: ``[N - 1]``.
        stateless: The same with a window: ``[N - 1]``.
        divergence: The Kullback-Leibler divergence of the window's next-character distribution from the carried state's, in
            nats: what is paid for expecting the second where the first is true: ``[N - 1]``.
        h_norms: Euclidean norm of the carried ``h`` of every layer: ``[L, N - 1]``.
        c_norms: Of the carried ``c``: ``[L, N - 1]``.
    """

    stateful: Nats
    stateless: Nats
    divergence: Nats
    h_norms: NDArray[np.float64]
    c_norms: NDArray[np.float64]


@any_weights
def divergence_along(
    network: Network, ids: Ids, progress: Progress = lambda _: None, naming: Nats | None = None
) -> TextDivergence:
    """Read a text in both modes.

    Args:
        network: The model.
        ids: The text: ``[N]``, at least two characters.
        progress: Told how much more is done.
        naming: From :meth:`charlstm.text.vocabulary.Vocabulary.naming_nats`, ``[N]``; None for a model without a placeholder.
    """
    readers = (StatefulDecoder(network), StatelessDecoder(network))
    carried, lanes = readers[0].zero(1), readers[1].zero(1)
    nats, divergence, norms = [], [], []
    cost = divergence_cost(network.config.seq_len)
    ids = model_ids(ids, network.config.vocabulary_size)
    for character, following in zip(ids[:-1, None], ids[1:], strict=True):
        carried, lanes = readers[0].advance(carried, character), readers[1].advance(lanes, character)
        first, second = (
            log_softmax(logits[0].astype(np.float64)) for logits in (readers[0].logits(carried), readers[1].logits(lanes))
        )
        nats.append((-first[following], -second[following]))
        divergence.append(np.maximum(np.exp(first) @ (first - second), 0.0))  # rounding can make it negative
        norms.append([[_norm(layer.h), _norm(layer.c)] for layer in carried])
        progress(cost)
    by_layer = np.array(norms, np.float64).transpose(1, 2, 0)
    stateful, stateless = clip_nats(np.array(nats)).T + (0.0 if naming is None else naming[1:])
    return TextDivergence(stateful, stateless, clip_nats(np.array(divergence)), by_layer[:, 0], by_layer[:, 1])


def divergence_cost(window: int) -> float:
    """Return what following both modes for one character costs, in steps of a single row."""
    return step_cost(1) + step_cost(window)


def _norm(state: Array) -> float:
    """Return the Euclidean norm; numbers of a state that are no longer finite count as the greatest of float32."""
    norm = float(np.linalg.norm(state))
    if math.isfinite(norm):
        return norm
    return float(np.linalg.norm(np.nan_to_num(state, nan=float(np.finfo(np.float32).max)).astype(np.float64)))


def drift(norms: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Compare the norms beyond the first window with those in its second half, as ratios of means: ``[L, n] -> [L]``.

    In the first half the state is still filling. 1 where the text does not go beyond a window, and where the state is zero in
    that half: there is nothing to compare with.
    """
    ratio = np.ones(len(norms))
    if norms.shape[1] > window:
        within = norms[:, window // 2 : window].mean(1)
        np.divide(norms[:, window:].mean(1), within, out=ratio, where=within > 0)
    return ratio
