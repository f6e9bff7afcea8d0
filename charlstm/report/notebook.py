"""Results as HTML for notebooks: small cards and coloured texts, readable on light and dark backgrounds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from charlstm.checkpoint.config_records import CheckpointConfig, CorpusRecord
from charlstm.checkpoint.history import HistoryEntry, best_score
from charlstm.config import ModelConfig
from charlstm.formatting import bits, count_parameters, counted
from charlstm.results.comparison import ComparisonResult

_CELL = "text-align:left;padding:0.15em 0.8em 0.15em 0;vertical-align:top"
_TEXT = "white-space:pre-wrap;font-family:monospace;text-align:left;line-height:1.5"
_MOST_NATS = 6.0
"""Surprisal in nats from which the colour is the strongest."""


@dataclass(frozen=True)
class Score:
    """The score of a model on a text.

    Attributes:
        nats_per_char: Mean surprisal in nats per character.
        bits_per_char: The same in bits per character.
        characters: Number of characters of the text. All but the first are scored.
    """

    nats_per_char: float
    bits_per_char: float
    characters: int

    @classmethod
    def of(cls, nats_per_char: float, characters: int) -> "Score":
        """Return the score of a mean surprisal in nats.

        >>> Score.of(1.5, 100)
        Score(nats_per_char=1.5, bits_per_char=2.1640425613334453, characters=100)
        """
        return cls(nats_per_char, bits(nats_per_char), characters)

    def _repr_html_(self) -> str:
        rows = [("nats per character", f"{self.nats_per_char:.4f}"), ("bits per character", f"{self.bits_per_char:.4f}")]
        return _table([*rows, ("characters", f"{self.characters:,}")])


@dataclass(frozen=True, eq=False)
class ColouredText:
    """A text with the surprisal of its characters; a notebook shows it coloured.

    Attributes:
        text: The text: ``T`` characters.
        nats: Surprisal of every character but the first: ``[T - 1]``.
    """

    text: str
    nats: NDArray[np.float64]

    def _repr_html_(self) -> str:
        spans = [_span(character, nats) for character, nats in zip(self.text, [0.0, *self.nats], strict=True)]
        return f'<div style="{_TEXT}">{"".join(spans)}</div>'


def _span(character: str, nats: float) -> str:
    """Return a character on a background that is the stronger the more surprising it is, with its surprisal as a tooltip."""
    strength = min(nats, _MOST_NATS) / _MOST_NATS
    shown = escape(character) if character != "\n" else "↵\n"
    return f'<span title="{nats:.2f} nats" style="background:rgba(230,120,0,{0.75 * strength:.2f})">{shown}</span>'


def _table(rows: Iterable[Sequence[str]], heading: Sequence[str] = ()) -> str:
    """Return a table without borders; the first column is a heading of its row."""
    head = "".join(f'<th style="{_CELL}">{escape(cell)}</th>' for cell in heading)
    lines = [f"<tr>{head}</tr>"] if heading else []
    for first, *others in rows:
        cells = "".join(f'<td style="{_CELL}">{escape(cell)}</td>' for cell in others)
        lines.append(f'<tr><th style="{_CELL};font-weight:normal;opacity:0.75">{escape(first)}</th>{cells}</tr>')
    return f"<table>{''.join(lines)}</table>"


def model_html(
    checkpoint: CheckpointConfig, name: str, history: Sequence[HistoryEntry], parts: Sequence[CheckpointConfig] = ()
) -> str:
    """Return a card of a model: its network, its text and its score.

    Args:
        checkpoint: Its configuration.
        name: Its name.
        history: Its evaluations.
        parts: The configurations of the models of a mixture.
    """
    model, scored, parts = checkpoint.model, best_score(history), parts or (checkpoint,)
    rows = [
        ("network", "; ".join(_network(part.model) for part in parts)),
        ("parameters", f"{sum(count_parameters(part.model.weight_shapes) for part in parts):,}"),
        ("window", counted(model.seq_len, "character")),
        ("vocabulary", f"{len(checkpoint.vocabulary):,} characters"),
        ("trained on", "; ".join(dict.fromkeys(_text(part.corpus) for part in parts))),
    ]
    if scored and scored.nats_per_char is not None:
        nats = scored.nats_per_char
        rows.append(("held-out text", f"{nats:.4f} nats per character, {bits(nats):.4f} bits per character"))
    return f"<div><strong>{escape(name)}</strong>{_table(rows)}</div>"


def _network(model: ModelConfig) -> str:
    return f"{model.encoding}, LSTM {' + '.join(f'{units:,}' for units in model.units)}, softmax"


def _text(corpus: CorpusRecord) -> str:
    return corpus.name + (f", {corpus.characters:,} characters" if corpus.is_known else "")


def comparison_html(result: ComparisonResult) -> str:
    """Return both texts of a comparison side by side, with their scores and speed."""
    modes = {"stateless": result.modes.stateless, "stateful": result.modes.stateful}
    scores = {name: mode.score for name, mode in modes.items()}
    rows = [
        ("characters per second", *(f"{mode.characters_per_second:,.0f}" for mode in modes.values())),
        ("LSTM steps per character", *(f"{mode.cell_steps_per_character:,.0f}" for mode in modes.values())),
    ]
    if all(scores.values()):
        rows.insert(0, ("bits per character", *(f"{score.bits_per_char:.4f}" for score in scores.values() if score)))
    texts = "".join(
        f'<td style="{_CELL};width:50%"><strong>{name}</strong><div style="{_TEXT}">'
        f'<span style="opacity:0.6">{escape(result.seed)}</span>{escape(mode.text)}</div></td>'
        for name, mode in modes.items()
    )
    return f"<div>{escape(result.verdict)}{_table(rows, ('', *modes))}<table><tr>{texts}</tr></table></div>"
