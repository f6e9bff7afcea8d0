"""Tests of loops and distinct substrings against naive definitions."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from charlstm.evaluation.repetition import LEAST_LOOP, TextLoop, distinct_substrings, find_loop


def by_definition(text: str) -> TextLoop | None:
    for period in range(1, len(text)):
        start = len(text) - period
        while start > 0 and text[start - 1] == text[start - 1 + period]:
            start -= 1
        if len(text) - start >= max(3 * period, LEAST_LOOP):
            return TextLoop(period, start)
    return None


@given(before=st.text("ab", max_size=30), turn=st.text("abc", min_size=1, max_size=9), times=st.integers(0, 12))
@example(before="", turn="a", times=20)
@example(before="", turn="abc", times=7)
def test_loop_matches_its_definition(before, turn, times):
    text = before + turn * times
    assert find_loop(text) == by_definition(text)


def test_loop_at_the_end_of_a_text():
    text = "It was the best of times, " + "and the ferry, " * 6
    assert find_loop(text) == TextLoop(15, 24)  # the text before the loop also ends with ", "
    assert find_loop(text[:-40]) == TextLoop(15, 24)


@pytest.mark.parametrize(
    "text", ["", "a", "the end", "no no no", "xyz" + "abcdefghijklmnopqrst" * 2, "It has ended, ended, ended, at last."]
)
def test_short_or_interrupted_repetition_is_not_a_loop(text):
    assert find_loop(text) is None


def test_long_text_takes_linear_time():
    assert find_loop("ab" * 50_000) == TextLoop(2, 0)


@pytest.mark.parametrize(("text", "share"), [("aaaaaaa", 1 / 4), ("abcdefg", 1.0), ("abcabcabc", 1 / 2), ("abc", 1.0)])
def test_distinct_4_grams(text, share):
    assert distinct_substrings(text, 4) == share
