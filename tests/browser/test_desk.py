"""The writing desk of an exported page, used as a person would."""

import re

import pytest

from tests.browser.desk import finish, settle


def test_continuing_gives_the_text_of_the_command(page, model):
    settle(page, randomSeed=7, length=200, temperature=0.9)
    page.fill("#text", "The quick ")
    page.click("#begin")
    finish(page)
    assert page.input_value("#text") == model.generate(
        "The quick ", length=200, temperature=0.9, mode="stateful", random_seed=7
    )


def test_stateless_reading_gives_the_text_of_the_command(page, model):
    settle(page, randomSeed=8, length=100)
    page.check("[name=mode][value=stateless]")
    page.fill("#text", "The quick ")
    page.click("#begin")
    finish(page)
    assert page.input_value("#text") == model.generate("The quick ", length=100, mode="stateless", random_seed=8)


@pytest.mark.slow
def test_continuing_again_is_one_long_text(page, model):
    settle(page, length=100)
    page.fill("#text", "The ")
    for _ in range(2):
        page.click("#begin")
        finish(page)
    twice = page.input_value("#text")
    assert len(twice) == 204
    page.click("#undo")
    page.click("#undo")
    assert page.input_value("#text") == "The "


def test_trying_again_replaces_what_was_written_last(page):
    settle(page, length=50, randomSeed=1)
    page.fill("#text", "The fox")
    page.click("#begin")
    finish(page)
    first = page.input_value("#text")
    page.click("#retry")
    finish(page)
    second = page.input_value("#text")
    assert second[:7] == "The fox"
    assert second != first
    assert len(second) == 57
    page.click("#undo")
    assert page.input_value("#text") == first


def test_stopping_works_at_once_and_keeps_the_text(page):
    settle(page, length=2000)
    page.check("[name=mode][value=stateless]")
    page.fill("#text", "The fox")
    page.evaluate(  # inside the page, so that the answer does not depend on how long a call takes
        """async () => {
            document.getElementById("begin").click();
            while (document.getElementById("text").value.length < 100) await new Promise(requestAnimationFrame);
            document.getElementById("begin").click();
        }"""
    )
    finish(page)
    written = len(page.input_value("#text"))
    assert 7 < written < 2007
    assert page.inner_text("#state") == "stopped"
    page.wait_for_timeout(100)
    assert len(page.input_value("#text")) == written


def test_new_settings_take_effect_while_the_model_writes(page, model):
    settle(page, length=2000, temperature=2)
    page.check("[name=mode][value=stateless]")
    page.fill("#text", "The fox")
    page.evaluate(
        """async () => {
            document.getElementById("begin").click();
            while (document.getElementById("text").value.length < 100) await new Promise(requestAnimationFrame);
            const field = document.querySelector("[name=temperature]");
            field.value = 0;
            field.dispatchEvent(new Event("input", { bubbles: true }));
        }"""
    )
    finish(page)
    text = page.input_value("#text")
    assert len(text) == 2007
    assert model.generate(text[:1900], length=107, temperature=0, mode="stateless") == text
    assert model.generate("The fox", length=2000, temperature=0, mode="stateless") != text


def test_alternatives_of_a_clicked_character_are_those_of_the_model(page, model):
    page.fill("#text", "The quick fox")
    page.evaluate("() => { const area = document.getElementById('text'); area.focus(); area.setSelectionRange(5, 5) }")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("#alternatives button")
    shown = page.eval_on_selector_all("#alternatives .character", "all => all.map(each => each.textContent)")
    expected = [character.replace(" ", "␣").replace("\n", "↵") for character, _ in model.next("The ", top=12)]
    assert shown[:11] == expected[:11]
    assert page.inner_text("#alternatives [aria-current=true] .character") == "q"
    settle(page, length=50)
    page.click("#alternatives li:nth-child(2) button")
    finish(page)
    text = page.input_value("#text")
    assert text[:5] == "The " + model.next("The ", top=2)[1][0]
    assert len(text) == 55


@pytest.mark.slow
def test_an_alternative_chosen_while_the_model_writes_replaces_the_rest(page):
    page.fill("#text", "The quick fox")
    page.evaluate("() => { const area = document.getElementById('text'); area.focus(); area.setSelectionRange(5, 5) }")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("#alternatives button")
    page.check("[name=mode][value=stateless]")
    settle(page, length=2000)
    page.click("#begin")
    page.wait_for_selector("#layer .generated")
    chosen = page.text_content("#alternatives li:nth-child(2) .character").replace("␣", " ").replace("↵", "\n")
    settle(page, length=50)
    page.evaluate("() => { document.querySelector('#alternatives li:nth-child(2) button').click() }")
    finish(page)
    page.wait_for_timeout(300)
    finish(page)
    text = page.input_value("#text")
    assert text[:5] == "The " + chosen
    assert len(text) == 55
    assert page.text_content("#layer") == text


def test_both_modes_part_where_the_command_says(page, model):
    page.click("#tab-compare")
    settle(page, randomSeed=3, length=100)
    page.fill("#compare-seed", "The ")
    page.click("#run-compare")
    page.wait_for_selector("#run-compare:text('Compare')")
    texts = {mode: model.generate("The ", length=100, mode=mode, random_seed=3) for mode in ("stateless", "stateful")}
    for mode, text in texts.items():
        assert page.text_content(f"#{mode}-text") == text
    first = next(place for place, (a, b) in enumerate(zip(*texts.values(), strict=True)) if a != b) - 4
    assert page.inner_text("#difference") == f"They part at character {first + 1}."
    assert page.text_content("#stateful-mark") == texts["stateful"][first + 4]
    assert "100 cell steps" in page.inner_text("#stateful-cost")
    assert re.search(r"1,1\d\d cell steps", page.inner_text("#stateless-cost"))


def test_unknown_characters_are_named_and_nothing_is_lost(page):
    page.fill("#text", "The €fox")
    page.click("#begin")
    assert "€" in page.inner_text("#state")
    assert page.input_value("#text") == "The €fox"
    page.fill("#text", "")
    page.click("#begin")
    assert page.inner_text("#state") == "Write at least one character first."


def test_a_setting_that_cannot_be_used_is_named_and_can_be_removed(page):
    page.fill("#text", "The fox")
    for name, value, usual in (("randomSeed", "-5", ""), ("topP", "2", "1"), ("minP", "", "0"), ("topK", "2.5", "0")):
        settle(page, length=50, **{name: value})
        page.click("#begin")
        label = page.eval_on_selector(f"[name={name}]", "field => field.labels[0].querySelector('[data-say]').textContent")
        assert page.inner_text("#state").startswith(f"{label}: ")
        assert page.input_value("#text") == "The fox"
        settle(page, **{name: usual})
    page.click("#begin")
    finish(page)
    assert len(page.input_value("#text")) == 57


@pytest.mark.slow
def test_trying_again_is_not_offered_once_words_were_added(page):
    settle(page, length=50)
    page.fill("#text", "The fox")
    page.click("#begin")
    finish(page)
    assert page.is_enabled("#retry")
    page.fill("#text", page.input_value("#text") + " and the dog")
    assert page.is_disabled("#retry")
    page.click("#undo")
    assert not page.input_value("#text").endswith("dog")


def test_languages(page):
    page.click("#language")
    assert page.inner_text("#begin") == "续写"
    assert page.get_attribute("html", "lang") == "zh-Hans"
    page.click("#language")
    assert page.inner_text("#begin") == "Continue"


def test_save_gives_the_text(page):
    page.fill("#text", "The fox\nruns.")
    with page.expect_download() as download:
        page.click("#save")
    assert download.value.path().read_text(encoding="utf-8") == "The fox\nruns."
