"""Results as HTML for notebooks."""

import math
import re
from html.parser import HTMLParser

import numpy as np

import charlstm
from charlstm.report.notebook import ColouredText, Score


class Text(HTMLParser):
    """A parser that collects the text of a page, and fails on tags that are not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def text_of(html: str) -> str:
    parser = Text()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser.text


def test_score_card_has_both_units():
    text = text_of(Score.of(math.log(2), 1_234)._repr_html_())
    assert all(part in text for part in ("0.6931", "1.0000", "1,234"))


def test_coloured_text_is_verbatim_and_stronger_where_surprising():
    html = ColouredText('<a>&"\nz', np.array([0.0, 0.5, 1.0, 2.0, 4.0, 8.0]))._repr_html_()
    assert text_of(html) == '<a>&"↵\nz'
    strengths = [float(value) for value in re.findall(r"rgba\(\d+,\d+,\d+,([\d.]+)\)", html)]
    assert strengths == sorted(strengths)
    assert (strengths[1], strengths[-1]) == (0, 0.75)
    assert 'title="8.00 nats"' in html


def test_model_card_escapes_what_the_checkpoint_says(tmp_path, make_checkpoint):
    model = charlstm.Model(make_checkpoint(tmp_path / "tale", corpus="<script>.txt", nats_per_char=1.5))
    html = model._repr_html_()
    assert "<script>" not in html
    text = text_of(html)
    assert all(part in text for part in ("tale", "<script>.txt", "1.5000 nats", "LSTM 16", "12 characters"))


def test_cards_are_readable_in_a_browser(browse, tmp_path, make_checkpoint):
    model = charlstm.Model(make_checkpoint(tmp_path / "tale"))
    comparison = charlstm.compare(model, "The ", length=40)
    cards = f"<body>{model._repr_html_()}{comparison._repr_html_()}</body>"
    shown = browse(cards, "return document.documentElement.outerHTML")
    assert all(part in shown for part in ("stateless", "stateful", "characters per second", comparison.modes.stateful.text[:5]))
