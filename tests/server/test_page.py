"""The page of a server, in a real browser."""

import pytest


@pytest.fixture
def page(browser, running):
    wrong = []
    context = browser.new_context(locale="en-GB")
    opened = context.new_page()
    opened.on("console", lambda message: message.type in ("error", "warning") and wrong.append(message.text))
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.goto(f"{running.url}/")
    opened.wait_for_selector("#begin:not([disabled])")
    yield opened
    context.close()
    assert wrong == []


def settle(page, **values):
    for name, value in values.items():
        page.eval_on_selector(f"[name={name}]", "(field, value) => { field.value = value }", str(value))


def write(page):
    page.click("#begin")
    page.wait_for_selector("#text:not([readonly])")
    return page.input_value("#text")


def test_the_server_writes_on_request_and_the_page_otherwise(page, models, running):
    settle(page, randomSeed=7, length=200, temperature=0.9)
    page.fill("#text", "The quick ")
    page.check("#on-server")
    options = {"length": 200, "temperature": 0.9, "mode": "stateful", "random_seed": 7}
    assert write(page) == models["tale"].generate("The quick ", **options)
    served = running.log.read_text().count("/v1/completions")
    page.uncheck("#on-server")
    page.fill("#text", "The quick ")
    assert write(page).startswith("The quick ")
    assert running.log.read_text().count("/v1/completions") == served


def test_what_the_server_refuses_is_said(page):
    page.check("#on-server")
    page.fill("#text", "Жö")
    page.click("#begin")
    page.wait_for_selector("#state:text('does not know')")
    assert page.input_value("#text") == "Жö"


@pytest.mark.slow
def test_writing_on_the_server_can_be_stopped(page):
    settle(page, length=2000)
    page.fill("#text", "The quick ")
    page.check("#on-server")
    page.click("#begin")
    page.click("#begin")
    page.wait_for_selector("#text:not([readonly])")
    page.wait_for_selector("#begin:text('Continue')")


def test_another_model_is_chosen_in_the_menu(page):
    assert page.input_value("#models") == "tale"
    page.select_option("#models", "other")
    page.wait_for_url("**/?model=other")
    page.wait_for_selector("#begin:not([disabled])")
    assert page.inner_text("h1") == "other"
    assert page.input_value("#models") == "other"
