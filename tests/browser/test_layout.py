"""Looks and behaviour of the page of a model on screens of several sizes, to keyboards and to screen readers."""

import os
from itertools import product
from pathlib import Path

import pytest

from charlstm.config import ModelConfig
from charlstm.model import load
from tests.browser.conftest import write_page
from tests.cases import slow
from tests.conftest import ALPHABET, checkpoint

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    config = ModelConfig(vocabulary_size=len(ALPHABET), seq_len=64, units=(200,))
    folder = tmp_path_factory.mktemp("layout")
    return write_page(load(checkpoint(folder / "tale", config), weights="float16"), folder / "tale.html")


WINDOWS = [(1440, 900, "dark"), (768, 1024, "light"), (390, 844, "dark"), (320, 600, "light")]
OTHER_SCHEMES = [(1440, 900, "light"), (768, 1024, "dark"), (390, 844, "light"), (320, 600, "dark")]


@pytest.mark.parametrize("windows", [WINDOWS, slow(OTHER_SCHEMES)])
def test_nothing_is_cut_and_nothing_scrolls_sideways(open_page, path, windows):
    page = open_page(path)
    page.fill("#text", "The quick brown fox " * 20)
    page.eval_on_selector("details", "element => { element.open = true }")
    for tab in ("write", "compare", "about"):
        page.click(f"#tab-{tab}")
        assert_nothing_is_cut(page, windows, tab)


@pytest.mark.parametrize(
    ("windows", "language"), [(WINDOWS[::3], "en-GB"), slow(OTHER_SCHEMES, "en-GB"), slow(WINDOWS, "zh-CN")]
)
def test_no_view_of_the_inside_is_cut(open_page, path, windows, language):
    page = open_page(path, locale=language)
    page.click("#tab-inside")
    page.fill("#inside-text", "The quick brown fox jumps over the lazy dog. The fox " * 3)
    page.click("#tour-start")
    for view in VIEWS:
        open_view(page, view)
        assert_nothing_is_cut(page, windows, view)


def open_view(page, view):
    """Open a view of the inside with a change and an unfolded number, and wait until it is complete."""
    page.click("#view-change")
    page.click("[data-change='f=0']")
    page.click(f"#view-{view}")
    page.wait_for_selector("#inside[aria-busy=false]")
    if view == "cell":
        page.click("[data-kind=h][data-gate=f]" if page.inner_text("#cell-terms") == "" else "#cell-heading")


VIEWS = ("cell", "units", "change", "mattered")


def assert_nothing_is_cut(page, windows, case):
    """Check that the page does not scroll sideways in any window, and that no element hides a part of its text."""
    for width, height, scheme in windows:
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        page.evaluate(DRAWN)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (case, width, scheme)
        cut = page.evaluate(
            """() => [...document.querySelectorAll('button, h2, h3, small, label, dd, p, li, select')].filter(
                each => each.offsetParent && each.scrollWidth > each.clientWidth + 1
                    && getComputedStyle(each).display !== 'inline'
            ).map(each => each.outerHTML)"""
        )
        assert cut == [], (case, width, scheme)


# Drawings follow the width of the window in the frame after the next.
DRAWN = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"


@pytest.mark.parametrize("width", [390, slow(1440)])
def test_nothing_moves_while_the_model_writes(open_page, path, width):
    page = open_page(path, width=width, height=844)
    page.fill("#text", "The quick brown fox ")
    page.eval_on_selector("[name=length]", "field => { field.value = 2000 }")
    page.evaluate(
        """() => {
            window.shifts = [];
            new PerformanceObserver(list => shifts.push(...list.getEntries().map(
                entry => entry.sources.map(source => [source.node?.id, source.previousRect.y, source.currentRect.y]))))
                .observe({ type: "layout-shift", buffered: false });
        }"""
    )
    before = page.locator("#begin").bounding_box()
    page.evaluate("document.getElementById('begin').click()")
    page.wait_for_selector("#text:not([readonly])")
    assert len(page.input_value("#text")) == 2020
    assert page.locator("#begin").bounding_box() == before
    # Text has no id: a word that grows past the end of its line moves to the next one. Elements have one, which can be empty.
    assert [sources for sources in page.evaluate("shifts") if any(name is not None for name, *_ in sources)] == []


def test_a_long_text_ends_in_view(open_page, path):
    page = open_page(path)
    page.fill("#text", "The quick brown fox\n" * 60)
    page.eval_on_selector("#text", "area => area.setSelectionRange(area.value.length, area.value.length)")
    page.eval_on_selector("#paper", "paper => { paper.scrollTop = paper.scrollHeight }")
    page.click("#begin")
    page.wait_for_selector("#text:not([readonly])")
    assert page.eval_on_selector("#paper", "paper => paper.scrollHeight - paper.scrollTop - paper.clientHeight") < 2


def test_the_layer_shows_the_letters_where_the_text_area_has_them(open_page, path):
    page = open_page(path, width=600)
    for text in ("The quick brown fox", "The quick brown fox jumps over the lazy dog. " * 9 + "\n\nThe end", "The fox\n\n"):
        page.fill("#text", text)
        layer, area, inside = page.evaluate(
            """() => [document.getElementById('layer').offsetHeight, document.getElementById('text').offsetHeight,
                document.getElementById('text').scrollHeight]"""
        )
        assert area == layer == inside  # the text area never scrolls inside itself


def serious(page):
    """Return what axe finds that is moderate or worse."""
    if not AXE.exists():
        assert not os.environ.get("CI"), "CI installs the tools of web/ by npm"
        pytest.skip("the tools of web/ are not installed")
    page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")
    assert len(found["passes"]) > 10
    wrong = [each for each in found["violations"] if each["impact"] in ("serious", "critical", "moderate")]
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in wrong]


@pytest.mark.parametrize("schemes", [("light", "dark", "light"), slow(("dark", "light", "dark"))])
def test_axe_finds_nothing_serious(open_page, path, schemes):
    page = open_page(path, bypass_csp=True)
    page.fill("#text", "The quick brown fox ")
    page.check("#colour")
    page.click("#text")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("#alternatives button")
    page.eval_on_selector("details", "element => { element.open = true }")
    for tab, scheme in zip(("write", "compare", "about"), schemes, strict=True):
        page.emulate_media(color_scheme=scheme)
        page.click(f"#tab-{tab}")
        assert serious(page) == [], (tab, scheme)


@pytest.mark.parametrize(
    ("view", "scheme"),
    [("cell", "dark"), *(slow(*each) for each in product(VIEWS, ["light", "dark"]) if each != ("cell", "dark"))],
)
def test_axe_finds_nothing_serious_inside(open_page, path, view, scheme):
    page = open_page(path, bypass_csp=True, color_scheme=scheme)
    page.click("#tab-inside")
    page.click("#tour-start")
    open_view(page, view)
    assert serious(page) == []


def test_the_inside_is_reached_by_the_keyboard_alone(open_page, path):
    page = open_page(path)
    page.focus("#tab-write")
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    assert page.is_visible("#inside")
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.id || document.activeElement.dataset.kind")
        reached.append(name)
        if name == "view-cell":
            page.keyboard.press("ArrowRight")
            assert page.is_visible("#panel-units")
            page.keyboard.press("ArrowLeft")
    for name in (
        "tour-start",
        "inside-text",
        "inside-layer-number",
        "inside-unit",
        "inside-show",
        "inside-reading",
        "x",
        "h",
        "b",
    ):
        assert name in reached
    assert "view-units" not in reached  # one tab stop for the list


def test_tabs_are_reached_by_the_keyboard(open_page, path):
    page = open_page(path)
    page.focus("#tab-write")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-compare"
    assert page.is_visible("#compare")
    assert not page.is_visible("#write")


def test_a_printed_page_has_the_text_alone(open_page, path):
    page = open_page(path)
    page.fill("#text", "The fox")
    page.emulate_media(media="print")
    assert page.is_visible("#layer")
    assert not page.is_visible("#begin")
    assert not page.is_visible("#settings")
