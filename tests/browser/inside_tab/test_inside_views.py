"""The views and the tour of the tab on the inside of a model."""

import re

import numpy as np
import pytest

from charlstm.inspection.activations import activations_along
from charlstm.inspection.readable_cells import readable_cells
from tests.browser.inside_tab.inside import TEXT, settle, show, tale
from tests.cases import slow


@pytest.mark.slow
def test_what_mattered_is_about_the_whole_text_also_in_a_window(page, model):
    show(page, at=40, window=3, view="mattered")
    whole = page.inner_text("#mattered-window > div:nth-child(2)")
    assert whole.startswith("All 41 characters (stateful)")
    best = [character for character, _ in model.next(TEXT[:41], top=5)]
    assert [line.split()[0].replace("␣", " ") for line in whole.splitlines()[1:]] == best
    assert page.eval_on_selector_all("#mattered-text span", "all => all.length") == 41
    assert "the last 3 characters" in page.inner_text("#inside-reading option:checked")
    show(page, at=40, window=3, view="units", show="f")
    page.hover("#map", position={"x": 5, "y": 5})
    assert page.inner_text("#map-value").endswith("not read")


def test_the_picture_is_worked_by_the_keyboard(page):
    show(page, at=9, unit=4, view="units")
    page.focus("#map-area")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    settle(page)
    assert (page.input_value("#inside-unit"), "at=11" in page.url) == ("3", True)


@pytest.mark.slow
def test_more_changes_than_fit_are_said_and_focus_stays_in_the_view(page):
    show(page, view="change", at=3, unit=0)
    for number in range(9):
        page.fill("#inside-unit", str(number))
        page.click("#change-form button")
    assert page.locator("#change-list li").count() == 8
    assert "More than 8 changes" in page.inner_text("#change-most")
    page.click("#change-list li:first-child button")
    assert page.evaluate("document.activeElement.closest('#change-list') !== null")
    assert page.locator("#change-list li").count() == 7
    page.click("#change-none")
    assert page.evaluate("document.activeElement.id") == "change-what"


@pytest.mark.slow
def test_drawings_follow_the_width_of_the_window(page):
    show(page, view="units", at=3)
    width = "Number(document.querySelector('#chart svg').getAttribute('viewBox').split(' ')[2])"
    wide = page.evaluate(width)
    page.set_viewport_size({"width": 420, "height": 800})
    page.wait_for_timeout(200)
    assert page.evaluate(width) < 420 < wide


@pytest.mark.slow
def test_every_number_opens(page):
    show(page, at=12, layer=2)
    for kind in "xhb":
        for gate in "ifgo":
            page.click(f"[data-kind={kind}][data-gate={gate}]")
            assert f"of gate {gate}" in page.inner_text("#cell-terms h3")
            assert page.evaluate("document.activeElement.dataset.gate") == gate
    sums = page.click("[data-kind=h][data-gate=f]") or page.eval_on_selector_all(
        "#cell-terms tr:last-child .number", "all => all.map(each => Number(each.dataset.value))"
    )
    shown = float(page.get_attribute("[data-kind=h][data-gate=f] .number", "data-value"))
    assert sums == pytest.approx([shown], abs=1e-9)
    page.click("[data-kind=h][data-gate=f]")
    assert page.inner_text("#cell-terms") == ""


@pytest.mark.parametrize(("encoding", "said"), [
    slow("one-hot", "one entry of the kernel: kernel["), slow("scalar", "The kernel has one row: kernel[0,"),
    ("embedding", "the character's embedding"),
])  # fmt: skip
def test_the_input_of_each_encoding_is_explained(open_page, tmp_path, encoding, said):
    model = tale(tmp_path, encoding=encoding, embedding_size=6)
    page = open_page(model.path.parent / "tale.html", locale="en-GB")
    show(page, at=12)
    page.click("[data-kind=x][data-gate=i]")
    assert said in page.inner_text("#cell-terms")


def test_the_picture_chooses_a_unit_and_a_character(page):
    show(page, view="units", at=0)
    box = page.locator("#map").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 30.5 / len(TEXT), box["y"] + box["height"] * 7.5 / 20)
    settle(page)
    assert page.input_value("#inside-unit") == "7"
    assert "at=30" in page.url
    assert page.inner_text("#map-value").startswith("Unit 7 after “␣”, character 31" if TEXT[30] == " " else "Unit 7 after")


def test_readable_cells_lead_to_their_unit(page, model):
    words = ["The", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog"]
    text = " ".join(np.random.default_rng(0).choice(words, 150))
    show(page, view="units", text=text)
    expected = readable_cells(text, activations_along(model.network, model.vocabulary.encode(text)))
    assert [row.split("\t")[0] for row in page.inner_text("#readable-rows").split("\n")] == [each.follows for each in expected]
    page.click("#readable tbody tr:last-child button")
    settle(page)
    assert page.input_value("#inside-unit") == str(expected[-1].cell)
    assert page.input_value("#inside-layer-number") == str(expected[-1].layer + 1)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
def test_the_tour_has_fifteen_steps_with_the_models_numbers(open_page, model, language):
    page = open_page(model.path.parent / "tale.html", locale=language)
    page.click("#tab-inside")
    page.click("#tour-start")
    questions = set()
    for step in range(1, 16):
        settle(page)
        assert page.inner_text("#tour-number") == f"{step} / 15"
        questions.add(page.inner_text("#tour-question"))
        text = page.inner_text("#tour-answer") + page.inner_text("#tour-task")
        assert not re.search(r"[{}?…]", text.replace("?", "", text.count("? ") + text.endswith("?"))), text
        page.click("#tour-next")
    assert len(questions) == 15
    assert not page.is_visible("#tour-card")
    assert page.is_visible("#tour-start")


@pytest.mark.slow
def test_the_tour_counts_the_parameters_of_the_layer(page):
    show(page, layer=2, step=4)
    assert "4 · (20 · 9 + 9 · 9 + 9) = 1,080 parameters" in page.inner_text("#tour-answer")
