"""The page of a training in progress: when it is written, what it says, and how it behaves in a browser."""

import re
import time
from pathlib import Path
from typing import Any

import pytest

from charlstm.errors import TrainingError
from charlstm.report.live_page import LivePage, write_page
from tests.cases import slow
from tests.histories import make_run


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "novel")


@pytest.fixture
def live(tmp_path, clock):
    return LivePage(tmp_path / "live.html", clock, lambda: 1_800_000_000.0)


def text(live: LivePage) -> str:
    return Path(live.path).read_text()


def state(live: LivePage) -> str:
    return re.search('data-state="(.*?)"', text(live))[1]


def test_page_is_written_at_the_start_and_again_after_pauses(live, run, clock):
    with live:
        live.begin(run, ["Resumed elsewhere."])
        assert state(live) == "training"
        assert "Resumed elsewhere." in text(live)
        first = text(live)
        live.step(0.25, 75.0, 1_234.0)
        assert text(live) == first
        clock.now += 2.1
        live.say("The pace is known.")
        live.step(0.5, 60.0, 1_234.0)
        for words in ("1:00 min left: novel", "1,234 characters/s", "width:50.0%", "The pace is known."):
            assert words in text(live)


def test_slow_writes_are_rarer(live, run, clock, monkeypatch):
    def slowly(*arguments: Any, original: Any = LivePage._write.__globals__["history_page"], **options: Any) -> str:
        clock.now += 0.1
        return original(*arguments, **options)

    monkeypatch.setattr("charlstm.report.live_page.history_page", slowly)
    written = []
    with live:
        live.begin(run)
        for _ in range(2_000):
            before = clock.now
            clock.now += 0.1
            live.step(0.5, 60.0, 1_234.0)
            written += [before] * (clock.now > before + 0.15)
    assert 0.1 * len(written) <= 0.01 * 200
    assert len(written) >= 8


@pytest.mark.parametrize("interrupted", [True, False])
def test_last_version_is_the_report(live, run, interrupted):
    with live:
        live.begin(run)
        live.end(interrupted=interrupted)
    assert state(live) == ("interrupted" if interrupted else "finished")
    assert "time left" not in text(live)


def test_a_failed_training_says_why(live, run):
    def fail() -> None:
        with live:
            live.begin(run)
            raise TrainingError("the loss is <NaN>")

    with pytest.raises(TrainingError):
        fail()
    assert state(live) == "failed"
    assert "The training has failed: the loss is &lt;NaN&gt;" in text(live)


def test_a_training_that_does_not_begin_writes_nothing(live):
    with pytest.raises(TrainingError), live:
        raise TrainingError("no time")
    assert not live.path.exists()


def test_without_a_path_nothing_is_written_or_sampled(tmp_path, run, clock):
    before = sorted(tmp_path.iterdir())
    with LivePage(None, clock, clock) as page:
        page.begin(run)
        page.step(0.5, 60.0, 1.0)
        page.sample(1, 0.1, lambda: pytest.fail("a sample was written"))
    assert sorted(tmp_path.iterdir()) == before


def test_a_page_that_cannot_be_written_warns_once_and_does_not_stop(tmp_path, run, clock):
    warnings: list[str] = []
    with LivePage(tmp_path / "missing" / "live.html", clock, clock, warn=warnings.append) as page:
        page.begin(run)
        for _ in range(5):
            clock.now += 10
            page.step(0.5, 60.0, 1.0)
        assert len(warnings) == 1
        page.end(interrupted=False)
    assert len(warnings) == 2  # the last version is tried again
    assert "live.html cannot be written" in warnings[0]


def test_newest_samples_are_shown_and_take_little_time(live, run, clock):
    def slowly() -> str:
        clock.now += 0.2
        return f"<sample at {clock.now:.1f}>"

    with live:
        live.begin(run)
        for step in range(1, 51):
            clock.now += 9.8
            live.step(step / 50, 60.0, 1.0)
            live.sample(step, 0.1 * step, slowly)
        live.end(interrupted=False)
    assert text(live).count('class="text sample"') == 3
    assert "&lt;sample at" in text(live)
    assert 0.2 * live._sampling / 0.2 <= 0.005 * 500


def test_the_finished_page_has_a_sample_of_the_model(live, run):
    with live:
        live.begin(run)
        live.sample(1, 0.1, lambda: "an early sample")
        live.last_sample(7, 0.7, lambda: "a sample of the model")
        live.last_sample(7, 0.7, lambda: pytest.fail("the same model was sampled again"))
        live.end(interrupted=False)
    assert text(live).index("a sample of the model") < text(live).index("an early sample")


def test_the_page_of_a_finished_training_can_be_written_again(tmp_path, run):
    write_page(tmp_path / "again.html", run)
    assert (tmp_path / "again.html").read_text().startswith("<!doctype html>")


SEEN = """() => [document.getElementById("x-time").checked, document.getElementById("settings").open, Math.round(scrollY) > 0,
  !document.getElementById("stale")?.hidden, window.old === true]"""
TOUCH = """() => { window.old = true; document.getElementById("x-time").click();
  document.getElementById("settings").open = true; scrollTo(0, 200) }"""


def version(live: LivePage, run: Path, state: str, written: float) -> str:
    """Return the page of a run in a state, written at a time."""
    with live:
        live.begin(run)
        live.end(interrupted=False)
    page = text(live).replace('data-state="finished"', f'data-state="{state}"')
    return page.replace('data-written="1800000000.000"', f'data-written="{written:.3f}"')


@pytest.fixture
def visit(browser, live):
    """Return a function that opens the page, uses it, waits until it is loaded again or for a time, and says how it looks."""

    def look(first: str, later: str | None = None) -> list[bool]:
        context = browser.new_context(offline=True, viewport={"width": 600, "height": 300})
        try:
            live.path.write_text(first)
            page = context.new_page()
            page.goto(live.path.as_uri())
            page.evaluate(TOUCH)
            if later is None:
                page.wait_for_timeout(700)
            else:
                live.path.write_text(later)
                page.wait_for_selector("main[data-state=finished]")
            return page.evaluate(SEEN)
        finally:
            context.close()

    return look


def test_page_reloads_itself_and_keeps_its_place(live, run, visit):
    going_on, ended = (version(live, run, state, time.time()) for state in ("training", "finished"))
    assert visit(going_on, ended) == [True, True, True, False, False]


@pytest.mark.parametrize(
    ("state", "seconds_ago"), [("finished", 0), ("training", 200), slow("interrupted", 0), slow("failed", 0)]
)
def test_page_of_a_training_that_has_ended_or_died_stays(live, run, visit, state, seconds_ago):
    page = version(live, run, state, time.time() - seconds_ago).replace('data-pause="2.0"', 'data-pause="0.1"')
    assert visit(page) == [True, True, True, state == "training", True]
