"""The text generated so far: where rules end it, and what it releases before."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.errors import ConfigError
from charlstm.inference.generated_text import GeneratedText
from charlstm.inference.stop_rules import StopRules, StopSearch, compiled


def written(characters: str, rules: StopRules, length: int) -> tuple[str, str | None, list[str]]:
    """Return the text, the reason for its end, and the pieces that it releases, one for each character and the last."""
    text, pieces = GeneratedText(rules, length), []
    for character in characters:
        if text.stop_reason:
            break
        text.append(character)
        pieces.append(text.give())
    return text.text, text.stop_reason, [*pieces, text.give(all_of_it=True)]


def test_keep_leaves_the_stop_string_in_the_text():
    assert written("abcdef", StopRules(("cd",)), 6) == ("ab", "stop", ["", "a", "b", "", ""])
    assert written("abcdef", StopRules(("cd",), keep=True), 6) == ("abcd", "stop", ["a", "b", "c", "d", ""])


def test_a_text_continues_to_the_end_of_a_sentence():
    whole = "It rained. Nan went. It stopped. All"
    for length in range(11, 21):
        text, reason, pieces = written(whole, StopRules(end="sentence"), length)
        assert (text, reason) == ("It rained. Nan went.", "end")
        assert "".join(pieces) == text
    assert written(whole, StopRules(end="sentence"), 10)[:2] == ("It rained.", "end")


def test_a_text_without_an_end_is_three_times_as_long():
    assert written("a" * 100, StopRules(end="word"), 10)[:2] == ("a" * 30, "length")
    assert written("a" * 100, StopRules(end="word"), 0)[:2] == ("", "length")


def test_a_text_without_an_end_is_cut_after_its_last_word():
    text, reason, pieces = written("the boat and the river and the ferry", StopRules(end="sentence"), 10)
    assert (text, reason) == ("the boat and the river and", "length")
    assert "".join(pieces) == text


EXPRESSIONS = ["a+b", "b$", r"\bab\b", "(?s)a.*?c", "a|bc", r"(?<=a)b+", "a(?=b)", "a[ab]*c", r"(?m)^b", " {2}"]


@pytest.mark.parametrize("expression", EXPRESSIONS)
@given(whole=st.text(st.sampled_from("abc \n"), min_size=1, max_size=20))
def test_the_first_match_is_that_of_re_in_the_whole_text(expression, whole):
    match = re.search(expression, whole)
    for keep in (False, True):
        text, reason, pieces = written(whole, StopRules(regex=expression, keep=keep), len(whole))
        assert "".join(pieces) == text
        if expression == "b$":  # the end of the text so far is not the end of the text
            continue
        if match is None:
            assert (text, reason) == (whole, "length")
        else:
            assert (text, reason) == (whole[: match.end() if keep else match.start()], "stop")


@given(
    whole=st.text(st.sampled_from("ab. \nA"), min_size=1, max_size=30),
    strings=st.lists(st.text(st.sampled_from("ab. "), min_size=1, max_size=3), max_size=2),
    expression=st.sampled_from([None, "a+b", "b.a"]),
    end=st.sampled_from([None, "word", "line", "sentence", "paragraph"]),
    keep=st.booleans(),
)
def test_released_pieces_are_the_beginning_of_the_text(whole, strings, expression, end, keep):
    text, _, pieces = written(whole, StopRules(tuple(strings), expression, keep, end), max(1, len(whole) // 3))
    assert "".join(pieces) == text
    assert whole.startswith(text)


def test_most_of_a_line_is_released_before_a_match_can_begin():
    assert written("the end is not the end.", StopRules(regex="end[.]"), 50)[2][:8] == ["t", "h", "", "e ", "", "", "", "end "]


@pytest.mark.parametrize("expression", ["(", "a*", "$", "[a"])
def test_expressions_that_cannot_end_a_text_are_refused(expression):
    with pytest.raises(ConfigError) as refused:
        compiled(expression)
    assert refused.value.setting == "stop_regex"


@pytest.mark.parametrize(
    ("rules", "length", "allowed", "expected"),
    [
        (StopRules(end="word"), 7, {4, 13}, (13, "end")),
        (StopRules(regex="t", keep=True), 21, {13}, (13, "stop")),
        (StopRules(regex="[ae]"), 21, {16}, (16, "stop")),
        (StopRules(("e ",), keep=True), 21, {18}, (18, "stop")),
        (StopRules(end="paragraph"), 7, {8}, (8, "length")),
    ],
)
def test_a_rule_applies_where_the_text_obeys(rules, length, allowed, expected):
    characters = "The boat went the way "
    search = StopSearch(rules, length)
    ends = (search.read(list(characters[:size]), [each in allowed for each in range(size + 1)]) for size in range(1, 22))
    assert next(end for end in ends if end is not None) == expected
