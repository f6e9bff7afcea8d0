"""The page: a model, its engine and a writing desk in one HTML file that loads nothing else."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from hashlib import sha256
from pathlib import Path

from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.weights import Weights
from charlstm.choices import DEFAULT_TEMPERATURE, WeightsFormat
from charlstm.export.bundle import bundle
from charlstm.export.card import Card
from charlstm.export.web_model import web_model
from charlstm.inference.sampling import Sampling
from charlstm.inspection.readable_cells import PROPERTIES

_WEB = Path(__file__).parent / "web"
GENERATOR = b'<meta name="generator" content="charlstm">'
"""Element near the beginning of each page of a model."""

_HEAD = 4096
_NUMBERS = (
    ("topK", 0, 10_000, 1, Sampling.top_k),
    ("topP", 0, 1, "any", Sampling.top_p),
    ("minP", 0, 1, "any", Sampling.min_p),
    ("repetitionPenalty", 0.01, 100, "any", Sampling.repetition_penalty),
)
"""The settings that are typed as numbers: name, least, greatest, step and default."""


def html_page(
    checkpoint: CheckpointConfig,
    weights: Weights,
    name: str,
    card: Card,
    weights_format: WeightsFormat,
    start: Mapping[str, object] | None = None,
    sections: str = "",
    served: Sequence[str] = (),
) -> str:
    """Return the page.

    The weights are in the page as base64, of float16 or float32. The content security policy allows the scripts and the style
    of this page by their digests, and forbids every request.

    Args:
        checkpoint: The configuration of the model.
        weights: Its weights in float32, by name.
        name: Its name.
        card: Its description on the page.
        weights_format: The format of the stored weights.
        start: First view of the tab on the inside of the model, by the names in ``page/inside/choice.js``; if given, the
            page opens with that tab.
        sections: HTML that follows the card.
        served: Names of the models of the server that sends the page, which may then ask it for texts.

    Raises:
        ConfigError: If a weight is too large for the format.
    """
    from jinja2 import Environment, FileSystemLoader
    from markupsafe import Markup

    manifest, packed = web_model(checkpoint, weights, name, weights_format)
    script, worker, style = bundle(_WEB, "page/main.js"), bundle(_WEB, "page/worker.js"), _style()
    environment = Environment(loader=FileSystemLoader(_WEB / "page"), autoescape=True)
    return environment.get_template("page.html").render(
        policy=_policy(script, style, asks=bool(served)),
        name=name,
        style=Markup(style),
        seed=_first_words(checkpoint.corpus.windows[0]),
        temperature=DEFAULT_TEMPERATURE,
        numbers=_NUMBERS,
        sections=Markup(sections),
        orders=("index", "similarity", *PROPERTIES),
        data=Markup(
            _in_script(
                json.dumps({"manifest": manifest, "card": asdict(card), "start": start, "served": served}, ensure_ascii=True)
            )
        ),
        weights=Markup(b64encode(packed).decode()),
        worker=Markup(_closed(worker)),
        script=Markup(_closed(script)),
    )


def model_page_beside(file: Path, name: str) -> str | None:
    """Return the name of a model's page in the folder of a file, ``NAME.html``, if it was exported there."""
    page = file.with_name(f"{name}.html")
    if page == file or not page.is_file():
        return None
    try:
        with page.open("rb") as opened:
            return page.name if GENERATOR in opened.read(_HEAD) else None
    except OSError:
        return None


def _first_words(passage: str) -> str:
    r"""Return the beginning of a passage's last line that is not blank: three words, or six characters without spaces.

    >>> _first_words("JANUARY\n\nThe ice came down from abov"), _first_words("渡口一年的第一天")
    ('The ice came ', '渡口一年的第')
    """
    lines = [line for line in passage.split("\n") if line.strip()]
    line = lines[-1] if lines else ""
    words = line.split(" ")
    return " ".join(words[:3]) + " " if len(words) > 3 else line[:6]


def _policy(script: str, style: str, *, asks: bool) -> str:
    """Return a content security policy: this page's script and style, its worker, WebAssembly for the engine; no requests.

    Args:
        script: The page's script.
        style: Its style sheet.
        asks: True if the page may ask the server that sent it.
    """
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src '{_digest(script)}' 'wasm-unsafe-eval'",
            f"style-src '{_digest(style)}'",
            "worker-src blob:",
            *(["connect-src 'self'"] if asks else []),
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _digest(source: str) -> str:
    return f"sha256-{b64encode(sha256(source.encode()).digest()).decode()}"


def _in_script(data: str) -> str:
    """Return JSON in which nothing can end the element that holds it."""
    return data.replace("<", "\\u003c")


def _closed(source: str) -> str:
    """Return a script, which holds nothing that could end its element.

    Raises:
        ValueError: If it does.
    """
    if "</script" in source.lower() or "<!--" in source:
        raise ValueError("a module has text that would end the script element of the page")
    return source


@cache
def _style() -> str:
    return (_WEB / "page" / "style.css").read_text(encoding="utf-8")
