"""Results as HTML pages that need nothing else, made from the records that ``--json`` prints."""

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
"""The surprise that has full colour."""

CAPTIONS = {
    "How far back the model sees": "Bits per character when only so many characters before each are read, from a zero state, "
    "and two standard errors; the horizontal line is the carried state, the dotted one the model's own window.",
    "How far the modes are apart along a text": "Along {source}: the divergence of the window's next-character distribution "
    "from the carried state's. Up to the dotted line the window reaches back to the beginning, and both are the same but for "
    "rounding.",
    "The carried state along the same text": "If a norm grows beyond what it is before the dotted line, the state goes where a "
    "window never took it.",
    "Quality against speed": "Further down is better, further right is faster; each point of the curve is a window.",
}


def page(record: Record) -> str:
    """The page of a comparison.

    Args:
        record: From :func:`charlstm.report.records.comparison_record`.
    """
    from markupsafe import Markup

    headings, rows = numbers(record)
    measured = record["measured"]
    sweep = windows(record)
    return _rendered(
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
    """The page of an inspection.

    Args:
        record: With the text that was looked into.
        layers: What was seen along it.
    """
    sections = {name: (SECTIONS[name][0], SECTIONS[name][1](found)) for name, found in record["sections"].items()}
    return _rendered(
        "inspection.html",
        record,
        layers_shown=layers_view(record["layers"]),
        shown_sections=sections,
        values=[packed(layer) for layer in layers],
    )


def _rendered(template: str, record: Record, **more: Any) -> str:
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("charlstm.report", "pages"), autoescape=True)
    environment.filters["breakable"] = _breakable
    environment.tests["prose"] = lambda block: isinstance(block, Prose)
    environment.tests["lines"] = lambda block: isinstance(block, Lines)
    return environment.get_template(template).render(**record, **more)


def _breakable(name: str) -> Any:
    """Return a name that a narrow table may break between its words: ``time_distributed``, ``TimeDistributed``."""
    from markupsafe import Markup, escape

    parts = re.split(r"(?<=_)(?=\w)|(?<=[a-z])(?=[A-Z])", name)
    return Markup("<wbr>").join(escape(part) for part in parts)


def _full_nats(along: Record) -> float:
    """The divergence that has full colour: the greatest of this text."""
    return max(along["divergence_nats"]) or 1.0


def _heat(along: Record) -> list[dict[str, Any]]:
    """Return the characters from the first whole line or sentence on, with their colours: shares of the full one.

    The first character of the text is predicted by nothing.
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
