"""The text area of the writing desk: typing, undo, and the layer that shows the text in colours."""

import pytest

from tests.browser.desk import finish, settle


@pytest.mark.slow
def test_undo_returns_to_the_text_before(page):
    page.fill("#text", "The fox")
    settle(page, length=50)
    page.click("#begin")
    finish(page)
    assert len(page.input_value("#text")) == 57
    page.click("#undo")
    assert page.input_value("#text") == "The fox"


def test_colours_follow_the_surprisal(page, model):
    page.fill("#text", "The quick fox")
    page.check("#colour")
    page.wait_for_selector("#layer [class*=s]")
    page.wait_for_timeout(400)
    levels = page.evaluate(
        """() => [...document.querySelectorAll('#layer span')].flatMap(
            run => Array.from(run.textContent, () => Number(/s(\\d)/.exec(run.className)?.[1] ?? 0)))"""
    )
    expected = [0, *(min(8, int(-(-8 * nats // 6))) for nats in model.surprisal("The quick fox"))]
    assert levels == expected
    assert page.is_visible("#legend")
    page.uncheck("#colour")
    assert page.locator("#layer [class*=s]").count() == 0


def test_editing_in_the_middle_keeps_what_the_model_wrote_apart(page):
    settle(page, length=50, randomSeed=2)
    page.fill("#text", "The fox")
    page.click("#begin")
    finish(page)
    written = page.input_value("#text")[7:]
    page.evaluate("() => { const area = document.getElementById('text'); area.focus(); area.setSelectionRange(30, 30) }")
    page.keyboard.type("jumps")
    runs = page.eval_on_selector_all("#layer span", "all => all.map(run => [run.className, run.textContent])")
    generated = "".join(text for kind, text in runs if kind == "generated")
    assert generated == written
    assert "".join(text for _, text in runs) == page.input_value("#text")
    assert "".join(text for kind, text in runs if not kind) == "The foxjumps"


def test_lines_are_shown_as_the_text_has_them(page):
    for text in ("", "\n", "The\n\nfox\n", "The fox\nThe dog", "The dog\n\n\nThe fox\nThe dog", "The fox"):
        page.fill("#text", text)
        lines = page.eval_on_selector_all("#layer > div", "all => all.map(line => line.textContent)")
        assert "".join(lines) == text
        assert len(lines) == text.count("\n") + 1


def test_typing_undo_and_keys(page):
    page.click("#text")
    page.keyboard.type("The fox")
    settle(page, length=50)
    page.keyboard.press("Control+Enter")
    finish(page)
    assert len(page.input_value("#text")) == 57
    page.click("#text")
    page.keyboard.press("Control+z")
    assert page.input_value("#text") == "The fox"
    page.keyboard.press("Control+z")
    assert page.input_value("#text") == ""
