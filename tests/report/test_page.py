"""Tests of the comparison page, as a file and in a browser."""

import re
import zlib

import pytest

from charlstm.report.page import page
from charlstm.report.records import comparison_result
from tests.evaluation.conftest import compared
from tests.report.conftest import typed

MADE: list[str] = []


@pytest.fixture
def unchanged(record) -> str:
    """Return the page of the record, made once: its plots take a second."""
    if not MADE:
        MADE.append(page(typed(record)))
    return MADE[0]


def test_page_depends_on_the_json_alone(unchanged, comparison):
    assert page(comparison_result("tale", comparison)) == unchanged


def test_page_refers_to_no_other_file(unchanged):
    addresses = set(re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?([^\"'\s)>]*)", unchanged))
    assert {address for address in addresses if not address.startswith("#")} == set()
    assert "<script" not in unchanged


def test_texts_are_escaped(record):
    nasty = "</p><script>alert(1)</script>&amp;\"'"
    for mode in record["modes"].values():
        mode["text"] = nasty
    record["seed"] = record["checkpoint"] = record["measured"]["text"] = nasty
    record["along"]["text"] = nasty + record["along"]["text"][len(nasty) :]
    text = page(typed(record))
    assert "<script" not in text
    assert "&lt;/p&gt;&lt;script&gt;" in text


def test_texts_are_shown_verbatim_with_first_difference_marked(record, browse):
    record["modes"]["stateless"]["text"], record["modes"]["stateful"]["text"] = "ab\n  c<d>", "ab\n  c e"
    record["first_difference"] = 6
    shown = browse(
        page(typed(record)),
        "return [...document.querySelectorAll('.texts .text')].map(p => [p.textContent, p.querySelector('mark').textContent,"
        " getComputedStyle(p).whiteSpaceCollapse])",
    )
    assert shown == [[record["seed"] + "ab\n  c<d>", "<", "preserve"], [record["seed"] + "ab\n  c e", " ", "preserve"]]


def test_differing_line_end_is_visible(record, browse):
    record["modes"]["stateless"]["text"], record["modes"]["stateful"]["text"] = "ab\nc", "abc"
    record["first_difference"] = 2
    assert browse(page(typed(record)), "return document.querySelector('mark').textContent") == "↵\n"


def test_page_fits_the_window_and_fetches_nothing(record, browse_each):
    record["modes"]["stateless"]["text"] = "w" * 300  # a word longer than any line
    widths = 360, 1_000
    found = browse_each(
        page(typed(record)),
        "return [document.documentElement.scrollWidth - innerWidth, performance.getEntriesByType('resource').length,"
        " [...document.querySelectorAll('figure svg')].map(svg => svg.getBoundingClientRect().width)]",
        widths=widths,
    )
    for width, (overflow, resources, drawings) in zip(widths, found, strict=True):
        assert overflow <= 0, width
        assert resources == 0, width
        assert len(drawings) == 4, width
        assert all(200 < drawing <= width for drawing in drawings), width


def test_texts_are_side_by_side_or_stacked_by_width(unchanged, browse_each):
    places = "return [...document.querySelectorAll('.texts > div')].map(div => div.getBoundingClientRect().top)"
    wide, narrow = browse_each(unchanged, places, widths=[1_000, 360])
    assert wide[0] == wide[1]
    assert narrow[0] < narrow[1]


def test_page_follows_the_colour_scheme(unchanged, browse_each):
    script = "const of = (e, p) => getComputedStyle(e)[p]; const letter = document.querySelector('figure svg text');"
    script += "return [of(document.body, 'backgroundColor'), of(document.body, 'color'), of(letter, 'fill')]"
    for dark, colours in zip([True, False], browse_each(unchanged, script, dark=[True, False]), strict=True):
        paper, ink, letters = (brightness(colour) for colour in colours)
        assert (paper < ink) == dark
        assert abs(paper - ink) > 150, dark
        assert letters == ink, dark


def test_text_is_coloured_by_the_chosen_quantity(record, unchanged, browse):
    script = "const spans = [...document.querySelectorAll('#heat span')];"
    script += "const alphas = () => spans.map(span => getComputedStyle(span).getPropertyValue('--v'));"
    script += "const choose = id => { document.getElementById(id).click(); return alphas() };"
    script += "return [spans.map(span => span.textContent).join(''), alphas(), choose('by-b'), choose('by-k')]"
    text, stateful, stateless, divergence = browse(unchanged, script)
    assert text == record["along"]["text"]
    bits = [min(round(nats / 0.6931471805599453 / 8, 2), 1) for nats in record["along"]["stateful_nats"]]
    assert [float(alpha) for alpha in stateful[1:]] == pytest.approx(bits)
    assert stateless[1:7] == stateful[1:7]  # within the window
    assert stateless != stateful
    assert max(map(float, divergence)) == 1


def test_copies_have_a_line_and_characters_their_surprisal(record):
    record["modes"]["stateful"]["longest_copy"] |= {"line": 4711, "place": 123_456}
    record["along"]["stateful_nats"][0], record["along"]["stateless_nats"][0] = 1.0, 2.0
    text = page(typed(record))
    assert "in its line 4,711" in text
    assert "123,456" not in text
    assert "1.44 bits stateful, 2.89 stateless" in text


def test_page_prints_black_on_white(unchanged, pages, tmp_path):
    (tmp_path / "page.html").write_text(unchanged, encoding="utf-8")
    opened = pages.borrow(width=1_000, color_scheme="dark")
    opened.goto((tmp_path / "page.html").as_uri())
    opened.pdf(path=tmp_path / "page.pdf", print_background=True)
    written = (tmp_path / "page.pdf").read_bytes()
    drawn = b"".join(inflated(stream) for stream in re.findall(rb"stream\r?\n(.*?)endstream", written, re.DOTALL))
    colours = {tuple(map(float, found.split())) for found in re.findall(rb"((?:[\d.]+ ){3})rg\b", drawn)}
    assert {(0.0, 0.0, 0.0), (1.0, 1.0, 1.0)} <= colours  # ink and paper of print
    assert not {colour for colour in colours if colour in SCREEN_TEXT_COLOURS}


SCREEN_TEXT_COLOURS = {(0.1137, 0.1294, 0.149), (0.8941, 0.902, 0.9137)}
"""Text colours of the light and dark schemes, as written in a PDF."""


def inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:  # a font or a picture
        return b""


def test_page_without_evaluation_text(make_network):
    text = page(comparison_result("tale", compared(make_network(), measured=False, learnt=False)))
    assert "Measured on" not in text
    assert "Score by context length" not in text
    assert "what it is worth needs a text to measure on" in text


def brightness(colour: str) -> float:
    """Return the mean of the channels of an rgb(…) colour, from 0 to 255."""
    return sum(map(float, re.findall(r"[\d.]+", colour)[:3])) / 3
