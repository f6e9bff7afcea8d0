"""Self-contained HTML pages of results, rendered from the same records as the JSON output."""

import re
from typing import Any

from charlstm.formatting import bits
from charlstm.inspection.activations import Activations, packed
from charlstm.inspection.blocks import Lines, Prose
from charlstm.inspection.layer_shapes import layers_view
from charlstm.inspection.sections import SECTIONS
from charlstm.report.plots import drawing, panels
from charlstm.report.records import Record
from charlstm.report.tables import numbers, places, seen, windows

FULL_BITS = 8
"""Surprisal in bits that is shown in full colour."""

CAPTIONS = {
    "Score by context length": "Bits per character by the number of characters read before each from a zero state, "
    "± two standard errors. The horizontal line is the carried state, the dotted line the model's own window.",
    "Divergence of the modes along a text": "Along {source}: the KL divergence of the next-character distribution with "
    "a window from the one with the state carried. Up to the dotted line the window contains the whole text, and both are "
    "equal except for rounding.",
    "The carried state along the same text": "A norm that grows beyond its values before the dotted line shows that the "
    "state leaves the range that it has within a window.",
    "Quality against speed": "Lower is better, further right is faster. Each point of the curve is a window.",
}


def page(record: Record) -> str:
    """Render the page of a comparison.

    Args:
        record: The record from :func:`charlstm.report.records.comparison_record`.
    """
    from markupsafe import Markup

    headings, rows = numbers(record)
    measured = record["measured"]
    sweep = windows(record)
    return _render(
        "comparison.html",
        record,
        seen=seen(measured) if measured else "",
        places=places(record["modes"]["stateless"], measured["characters"]) if measured else "",
        headings=headings,
        rows=rows,
        sweep=sweep and {"headings": sweep[0], "rows": sweep[1]},
        drawings={title: Markup(drawing(panel, record)) for title, panel in panels(record).items()},
        captions={title: caption.format(source=record["along"]["source"]) for title, caption in CAPTIONS.items()},
        heat=_heat(record["along"]),
        full_bits=FULL_BITS,
        full_nats=_full_nats(record["along"]),
    )


def inspection_page(record: Record, layers: tuple[Activations, ...]) -> str:
    """Render the page of an inspection.

    Args:
        record: The record of the inspection, with its text.
        layers: The activations along that text.
    """
    sections = {name: (SECTIONS[name][0], SECTIONS[name][1](found)) for name, found in record["sections"].items()}
    return _render(
        "inspection.html",
        record,
        layers_shown=layers_view(record["layers"]),
        shown_sections=sections,
        values=[packed(layer) for layer in layers],
    )


def _render(template: str, record: Record, **more: Any) -> str:
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("charlstm.report", "pages"), autoescape=True)
    environment.filters["breakable"] = _breakable
    environment.tests["prose"] = lambda block: isinstance(block, Prose)
    environment.tests["lines"] = lambda block: isinstance(block, Lines)
    return environment.get_template(template).render(**record, **more)


def _breakable(name: str) -> Any:
    """Return a name with line-break opportunities between its words, for narrow tables."""
    from markupsafe import Markup, escape

    parts = re.split(r"(?<=_)(?=\w)|(?<=[a-z])(?=[A-Z])", name)
    return Markup("<wbr>").join(escape(part) for part in parts)


def _full_nats(along: Record) -> float:
    """Return the divergence that is shown in full colour: the largest of this text."""
    return max(along["divergence_nats"]) or 1.0


def _heat(along: Record) -> list[dict[str, Any]]:
    """Return the characters from the first whole line or sentence, with colours as fractions of full colour.

    The first character of the text has no colour, because no prediction precedes it.
    """
    full = _full_nats(along)
    cells: list[dict[str, Any]] = [{"character": along["text"][0], "a": 0, "b": 0, "k": 0, "title": "the first character"}]
    columns = (along["text"][1:], along["stateful_nats"], along["stateless_nats"], along["divergence_nats"])
    for character, stateful, stateless, divergence in zip(*columns, strict=True):
        cells.append(
            {
                "character": character,
                "a": round(min(bits(stateful) / FULL_BITS, 1), 2),
                "b": round(min(bits(stateless) / FULL_BITS, 1), 2),
                "k": round(min(divergence / full, 1), 2),
                "title": f"{bits(stateful):.2f} bits stateful, {bits(stateless):.2f} stateless, {divergence:.2g} nats apart",
            }
        )
    return cells[along["begins"] :]
