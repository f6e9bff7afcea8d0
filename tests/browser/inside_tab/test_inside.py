"""The tab on the inside of a model, used as a person would."""

import json
import re

import pytest

from charlstm.export.html import _WEB, html_page
from tests.browser.conftest import card, write_page
from tests.browser.inside_tab.inside import CHINESE, TEXT, place, settle, show, tale
from tests.cases import slow


def test_the_tab_opens_with_a_passage_that_the_model_has_continued_before_a_word(page, model):
    text = page.input_value("#inside-text")
    passage = model.checkpoint.corpus.windows[0]
    continued = model.generate(passage, length=330, mode="stateful", temperature=0.6, random_seed=1)
    assert continued.startswith(text)
    assert len(text) > 200
    assert text[-1] in " \n"
    assert text[place(page) - 1] == " "
    assert "tab=inside" in page.url


@pytest.mark.slow
def test_several_tasks_at_a_time_all_end(open_page, tmp_path):
    # Reading takes longer than the pause after which the effect of each character is computed.
    model = tale(tmp_path, units=(500,))
    opened = open_page(model.path.parent / "tale.html", locale="en-GB")
    text = (TEXT * 20)[:1_000]
    for view in ("mattered", "units"):
        show(opened, text="The", at=1)
        show(opened, text=text, at=100, view=view)
        coloured = "all => all.filter(each => each.style.backgroundColor).length"
        assert opened.eval_on_selector_all("#inside-layer span", coloured) == 1_000


def test_an_input_method_may_compose_amid_the_text(page):
    show(page, at=9)
    page.focus("#inside-text")
    session = page.context.new_cdp_session(page)
    session.send("Input.imeSetComposition", {"text": "fo", "selectionStart": 2, "selectionEnd": 2})
    page.keyboard.press("Shift")
    assert page.input_value("#inside-text") == TEXT[:10] + "fo" + TEXT[10:]
    session.send("Input.insertText", {"text": "fox"})
    settle(page)
    assert page.input_value("#inside-text") == TEXT[:10] + "fox" + TEXT[10:]
    assert place(page) == 13


@pytest.mark.slow
def test_a_text_that_cannot_be_read_shows_no_old_numbers(page):
    show(page, at=9)
    page.fill("#inside-text", "Hello Ж world")
    settle(page)
    assert page.inner_text("#cell-heading") == "The text cannot be read."
    assert page.query_selector("#cell-table table") is None
    page.fill("#inside-text", "")
    settle(page)
    assert page.inner_text("#inside-state") == ""


def test_typed_text_is_read_as_it_is_typed(page):
    page.fill("#inside-text", "")
    settle(page)
    assert page.inner_text("#cell-heading").startswith("Type a text")
    assert page.query_selector("#inside-next-list li") is None
    page.focus("#inside-text")
    for count, character in enumerate("The fox", start=1):
        page.keyboard.type(character)
        settle(page)
        assert place(page) == count
        assert page.inner_text("#inside-layer") == "The fox"[:count]


def test_arrow_keys_and_the_pointer_move_along_the_text(page):
    show(page, at=10)
    page.focus("#inside-text")
    for key, expected in (("ArrowRight", 12), ("ArrowRight", 13), ("ArrowLeft", 12), ("Home", 1), ("End", 44)):
        page.keyboard.press(key)
        settle(page)
        assert place(page) == expected
    page.locator("#inside-layer span").nth(4).scroll_into_view_if_needed()
    box = page.locator("#inside-layer span").nth(4).bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    settle(page)
    assert place(page) == 5
    page.mouse.move(0, 0)
    settle(page)
    assert place(page) == 44


@pytest.mark.slow
def test_a_change_in_the_middle_reads_the_rest_again(page, model):
    show(page, at=3)
    page.focus("#inside-text")
    page.keyboard.type("q")
    settle(page)
    text = TEXT[:4] + "q" + TEXT[4:]
    show(page, text=text, at=len(text) - 1)
    items = page.eval_on_selector_all("#inside-next-list li", "all => all.map(each => Number(each.dataset.before))")
    assert items == pytest.approx([probability for _, probability in model.next(text, top=10)], abs=1e-5)


def test_a_moment_is_in_the_address(open_page, page, model):
    show(page, at=20, layer=2, unit=5, show="o", view="units", order="similarity", change="f,2,5,0.5,3,end", step=4)
    page.click("#view-change")
    settle(page)
    link = page.url
    fields = ["#inside-text", "#inside-layer-number", "#inside-unit", "#inside-show", "#map-order"]
    before = [page.input_value(field) for field in fields]
    assert before == [TEXT, "2", "5", "o", "similarity"]
    other = open_page(model.path.parent / "tale.html", locale="en-GB")
    other.goto(link)
    other.wait_for_selector("#inside[aria-busy=false]")
    assert [other.input_value(field) for field in fields] == before
    assert other.inner_text("#tour-number") == "4 / 15"
    assert "forget gate f of unit 5 of layer 2 held at 0.5, from character 4 on" in other.inner_text("#change-list")
    assert other.is_visible("#panel-change")
    assert other.inner_text("#changed-text") == page.inner_text("#changed-text")


@pytest.mark.parametrize("fragment", [
    "change=zzz;f,1,all,1e999,0,end;f,9,all,0,0,end;f,1,99,0,0,end;f,1,all,NaN,0,end;c,1,0,0,-1,0",
    slow(""), slow("at=99999"), slow("at=-1&layer=0&unit=-1"), slow("layer=9&unit=99"), slow("show=z&view=z&order=z&step=99"),
    slow("window=0"), slow("window=x"), slow("text=%F0%9F"), slow("text="),
])  # fmt: skip
def test_an_address_that_makes_no_sense_shows_what_can_be_shown(page, fragment):
    page.evaluate("fragment => { location.hash = `tab=inside&${fragment}` }", fragment)
    page.wait_for_timeout(100)
    settle(page)
    assert page.is_visible("#inside")
    assert "change=" not in page.url
    page.fill("#inside-text", "The fox")
    settle(page)
    assert place(page) == 7


def test_unknown_characters_are_named_and_the_text_stays(page):
    page.fill("#inside-text", "The föx Ж")
    settle(page)
    assert page.inner_text("#inside-state") == "The model does not know “ö” “Ж”. Leave it out, or write it in another way."
    page.fill("#inside-text", "The fox")
    settle(page)
    assert page.inner_text("#inside-state") == ""
    assert place(page) == 7


def test_a_text_is_cut_after_a_thousand_characters(page):
    page.fill("#inside-text", "The fox. " * 120)
    settle(page)
    assert len(page.input_value("#inside-text")) == 1_000
    assert page.eval_on_selector_all("#inside-layer span", "all => all.length") == 1_000


def test_a_vocabulary_of_1530_characters_is_shown(open_page, tmp_path):
    model = tale(tmp_path, vocabulary=CHINESE, units=(30,))
    page = open_page(model.path.parent / "tale.html", locale="zh-CN")
    text = CHINESE[100:130]  # with random weights, the rounding errors of a longer text grow
    show(page, text=text, at=29)
    found = page.eval_on_selector_all("#inside-next-list li", "all => all.map(each => Number(each.dataset.before))")
    assert found == pytest.approx([probability for _, probability in model.next(text, top=10)], abs=1e-5)
    assert "第 30 个字" in page.inner_text("#cell-heading")


def test_the_page_opens_where_the_command_wants(open_page, model, tmp_path):
    start = {"text": TEXT, "layer": 2, "unit": 8, "view": "units"}
    path = tmp_path / "start.html"
    path.write_text(
        html_page(model.checkpoint, model.weights, "tale", card(model), "float32", start=start, sections="<h2>More</h2>"),
        encoding="utf-8",
    )
    page = open_page(path, locale="en-GB")
    page.wait_for_selector("#inside[aria-busy=false]")
    assert [page.input_value(f"#inside-{field}") for field in ("text", "layer-number", "unit")] == [TEXT, "2", "8"]
    assert page.is_visible("#map")
    page.click("#tab-about")
    assert page.inner_text("#sections h2") == "More"


def test_both_languages_have_the_same_phrases():
    for name, least in (("desk", 60), ("inside", 100), ("tour", 60)):
        english, chinese = (
            re.findall(
                r'^ +"?([a-zA-Z_][\w ]*?)"?:(?: "| \{|$)',
                (_WEB / "page" / "words" / f"{name}_{each}.js").read_text("utf-8"),
                re.M,
            )
            for each in ("en", "zh")
        )
        assert english == chinese
        assert len(english) >= least


def test_the_page_holds_no_start_by_default(model, tmp_path):
    text = write_page(model, tmp_path / "plain.html").read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="model-data">(.*?)</script>', text)[1])
    assert data["start"] is None
