"""Both modes along one text: surprisal, divergence of the predictions and norms of the carried state."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charlstm.evaluation.surprisal import Nats, Progress, step_cost
from charlstm.inference.logits import log_softmax
from charlstm.inference.lstm import Array
from charlstm.inference.modes import StatefulDecoder, StatelessDecoder
from charlstm.inference.network import Network, any_weights
from charlstm.text.scoring import clip_nats
from charlstm.text.vocabulary import Ids
from charlstm.text.windows import model_ids


@dataclass(frozen=True)
class TextDivergence:
    """Both modes compared after every character but the last of a text of N characters, for a network of L layers.

    Attributes:
        stateful: Surprisal of the next character with the state carried, in nats: ``[N - 1]``.
        stateless: Surprisal of the next character with a window, in nats: ``[N - 1]``.
        divergence: Kullback-Leibler divergence KL(p || q) in nats: ``[N - 1]``. p is the next-character distribution with the
            state carried, q the one with a window.
        h_norms: Euclidean norm of the carried hidden state ``h`` of every layer: ``[L, N - 1]``.
        c_norms: Euclidean norm of the carried cell state ``c`` of every layer: ``[L, N - 1]``.
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
    """Compare both modes along a text.

    Args:
        network: The model.
        ids: Ids of the text: ``[N]``, at least two characters.
        progress: Called with the work done since its last call, in steps of a single row.
        naming: From :meth:`charlstm.text.vocabulary.Vocabulary.naming_nats`, ``[N]``; None for a model without a placeholder.
    """
    readers = (StatefulDecoder(network), StatelessDecoder(network))
    carried, lanes = readers[0].initial_state(1), readers[1].initial_state(1)
    nats, divergence, norms = [], [], []
    cost = divergence_cost(network.config.seq_len)
    ids = model_ids(ids, network.config.vocabulary_size)
    for character, following in zip(ids[:-1, None], ids[1:], strict=True):
        carried, lanes = readers[0].step(character, carried), readers[1].step(character, lanes)
        first, second = (
            log_softmax(logits[0].astype(np.float64)) for logits in (readers[0].logits(carried), readers[1].logits(lanes))
        )
        nats.append((-first[following], -second[following]))
        divergence.append(np.maximum(np.exp(first) @ (first - second), 0.0))  # rounding can make it negative
        norms.append([[_norm(layer.h), _norm(layer.c)] for layer in carried.layers])
        progress(cost)
    by_layer = np.array(norms, np.float64).transpose(1, 2, 0)
    stateful, stateless = clip_nats(np.array(nats)).T + (0.0 if naming is None else naming[1:])
    return TextDivergence(stateful, stateless, clip_nats(np.array(divergence)), by_layer[:, 0], by_layer[:, 1])


def divergence_cost(window: int) -> float:
    """Return the cost of comparing both modes after one character, in steps of a single row."""
    return step_cost(1) + step_cost(window)


def _norm(state: Array) -> float:
    """Return the Euclidean norm of a state; values that are NaN or infinite count as the largest float32."""
    norm = float(np.linalg.norm(state))
    if math.isfinite(norm):
        return norm
    return float(np.linalg.norm(np.nan_to_num(state, nan=float(np.finfo(np.float32).max)).astype(np.float64)))


def drift(norms: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Return the mean norm beyond the first window over the mean norm in its second half: ``[L, n] -> [L]``.

    The first half is left out because the state still grows there from zero. The ratio is 1 if the text is not longer than a
    window, or if the state is zero in the second half.
    """
    ratio = np.ones(len(norms))
    if norms.shape[1] > window:
        within = norms[:, window // 2 : window].mean(1)
        np.divide(norms[:, window:].mean(1), within, out=ratio, where=within > 0)
    return ratio
