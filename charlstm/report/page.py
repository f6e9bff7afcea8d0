"""Self-contained HTML pages of results, rendered from the results that are also the JSON output."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from charlstm.formatting import bits
from charlstm.inspection.blocks import Lines, Prose
from charlstm.inspection.layer_shapes import layers_view
from charlstm.inspection.sections import section_views
from charlstm.report.plots import plots_of, svg_element
from charlstm.report.tables import numbers_table, sample_phrase, seen_warning, windows_table
from charlstm.results.comparison import AlongRecord, ComparisonResult
from charlstm.results.inspection import InspectionResult

FULL_BITS = 8
"""Surprisal in bits that is shown in full colour."""


@dataclass(frozen=True)
class Figure:
    """A plot on a page: its title, its SVG element and its caption."""

    title: str
    svg: str
    caption: str


@dataclass(frozen=True)
class HeatCell:
    """A character of the coloured text.

    Attributes:
        character: The character.
        stateful: Surprisal with the state carried, as a fraction of full colour.
        stateless: Surprisal with a window, as a fraction of full colour.
        divergence: Divergence of both predictions, as a fraction of full colour.
        title: The three numbers in words.
    """

    character: str
    stateful: float
    stateless: float
    divergence: float
    title: str


def page(found: ComparisonResult, model_page: str | None = None) -> str:
    """Render the page of a comparison.

    Args:
        found: The comparison.
        model_page: Name of the model's own page in the same folder, if there is one.
    """
    from markupsafe import Markup

    headings, rows = numbers_table(found)
    measured, score = found.measured, found.modes.stateless.score
    source = found.along.source
    return _render(
        "comparison.html",
        result=found,
        model_page=None if model_page is None else f"{quote(model_page)}#{urlencode({'tab': 'inside', 'text': found.seed})}",
        modes={"stateless": found.modes.stateless, "stateful": found.modes.stateful},
        seen=seen_warning(measured.seen, measured.characters) if measured else "",
        places=sample_phrase(score.characters, measured.characters) if measured and score else "",
        headings=headings,
        rows=rows,
        sweep=windows_table(found),
        figures=[
            Figure(plot.title, Markup(svg_element(plot, found)), plot.caption.format(source=source)) for plot in plots_of(found)
        ],
        heat=_heat(found.along),
        full_bits=FULL_BITS,
        full_nats=_full_nats(found.along),
    )


def inspection_sections(found: InspectionResult) -> str:
    """Render the layers and the sections of an inspection as HTML, for the page of the model."""
    return _render("inspection.html", layers_shown=layers_view(found.layers), sections=section_views(found.sections))


def _render(template: str, **names: object) -> str:
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("charlstm.report", "pages"), autoescape=True)
    environment.filters["breakable"] = _breakable
    environment.tests["prose"] = lambda block: isinstance(block, Prose)
    environment.tests["lines"] = lambda block: isinstance(block, Lines)
    return environment.get_template(template).render(**names)


def _breakable(name: str) -> Any:
    """Return a name with line-break opportunities between its words, for narrow tables; ``W_i`` is one word."""
    from markupsafe import Markup, escape

    parts = re.split(r"(?<=\w\w_)(?=\w\w)|(?<=[a-z])(?=[A-Z])|(?<=\d:)(?=\d{3})", name)
    return Markup("<wbr>").join(escape(part) for part in parts)


def _full_nats(along: AlongRecord) -> float:
    """Return the divergence that is shown in full colour: the largest of this text."""
    return max(along.divergence_nats) or 1.0


def _heat(along: AlongRecord) -> list[HeatCell]:
    """Return the characters from the first whole line or sentence.

    The first character of the text has no colour, because no prediction precedes it.
    """
    full = _full_nats(along)
    cells = [HeatCell(along.text[0], 0, 0, 0, "the first character")]
    columns = (along.text[1:], along.stateful_nats, along.stateless_nats, along.divergence_nats)
    for character, stateful, stateless, divergence in zip(*columns, strict=True):
        cells.append(
            HeatCell(
                character,
                round(min(bits(stateful) / FULL_BITS, 1), 2),
                round(min(bits(stateless) / FULL_BITS, 1), 2),
                round(min(divergence / full, 1), 2),
                f"{bits(stateful):.2f} bits stateful, {bits(stateless):.2f} stateless, {divergence:.2g} nats apart",
            )
        )
    return cells[along.begins :]
