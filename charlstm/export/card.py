"""The card of an exported model: its corpus, its size, and the score of the stored weights."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from charlstm import __version__
from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.history import best_score, read_history
from charlstm.checkpoint.weights import Weights
from charlstm.choices import WeightsFormat
from charlstm.evaluation.evaluation_texts import evaluation_texts
from charlstm.evaluation.surprisal import stateful_surprisal
from charlstm.export.weights import round_weights
from charlstm.formatting import count_parameters
from charlstm.inference.finite import check_finite
from charlstm.inference.network import any_weights, build_network
from charlstm.text.vocabulary import Ids

MEASURED = 20_000
"""Characters at the end of the held-out text that are scored, at most."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """The card of an exported model.

    Attributes:
        version: Version of charlstm.
        corpus: Name of the corpus.
        corpus_characters: Its number of characters; None if the text is not known.
        parameters: Number of parameters.
        held_out: Number of held-out characters that were scored; 0 if none were.
        nats_per_char: Score on them, with the state carried: of the stored weights, or as the training recorded it if the text
            was not found; None if nothing was held out.
        added_nats: Nats per character that storing the weights added to the score; None if not measured.
    """

    version: str
    corpus: str
    corpus_characters: int | None
    parameters: int
    held_out: int = 0
    nats_per_char: float | None = None
    added_nats: float | None = None


@any_weights
def make_card(
    folder: Path,
    checkpoint: CheckpointConfig,
    weights: Weights,
    weights_format: WeightsFormat,
    corpus: Sequence[str] = (),
    *,
    text_encoding: str = "utf-8",
    measure: bool = True,
    stored_surprisal: Callable[[Ids], NDArray[np.float64]] | None = None,
) -> tuple[Card, str]:
    """Return the card of a model, and the reason if it has no score.

    Args:
        folder: Folder of the checkpoint.
        checkpoint: Its configuration.
        weights: Its weights.
        weights_format: The format in which they are stored.
        corpus: Paths of the corpus, if it is neither in the current folder nor in ``data/``.
        text_encoding: Text encoding of these files.
        measure: True to score the stored weights on the held-out text; otherwise the card has the score of the training.
        stored_surprisal: Returns the nats of all characters but the first, ids ``[N]`` to ``[N - 1]``, as the exported file
            predicts them. By default those of weights in ``weights_format``.

    Raises:
        CharlstmError: If ``corpus`` is another text, or a weight is too large for the format.
    """
    card = Card(
        version=__version__,
        corpus=checkpoint.corpus.name,
        corpus_characters=checkpoint.corpus.characters if checkpoint.corpus.is_known else None,
        parameters=count_parameters(checkpoint.model.weight_shapes),
    )
    stored = round_weights(weights, weights_format)
    texts = evaluation_texts(folder, checkpoint, None, corpus, text_encoding) if measure else None
    if texts is None or texts.measured is None:
        missing = "" if texts is None else texts.missing
        recorded = best_score(read_history(folder))
        held_out = checkpoint.held_out
        if recorded is None or recorded.nats_per_char is None or not held_out:
            return card, missing
        return replace(card, held_out=held_out, nats_per_char=recorded.nats_per_char), missing
    ids = texts.measured.ids[-MEASURED:]
    naming = checkpoint.vocabulary.naming_nats(ids)

    def score(some: Weights) -> float:
        nats = stateful_surprisal(build_network(checkpoint.model, some), ids, naming=naming)
        return float(check_finite(nats).mean())

    exact = score(weights)
    if stored_surprisal is not None:
        nats = stored_surprisal(ids)
        rounded = float(check_finite(nats if naming is None else nats + naming[1:]).mean())
    else:
        rounded = exact if weights_format == "float32" else score(stored)
    return replace(card, held_out=len(ids), nats_per_char=rounded, added_nats=rounded - exact), ""
