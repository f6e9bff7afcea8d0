"""Tests of compiled constraints against plain predicates on all texts of a few characters."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from charlstm.errors import ConfigError
from charlstm.inference.constraints.text_constraint import Constraints, TextConstraint, compile_constraints
from charlstm.text.vocabulary import Vocabulary
from tests.inference.constraints.obeying import obeys, texts

VOCABULARY = Vocabulary.of("ab'A \n.")
LENGTH = 4
TEXTS = texts(VOCABULARY.characters, LENGTH)
PATTERNS = ["[ab ]*", "a.*", "(?s:.*)", "(a|b )+", "[^a]*a", "(?s)..\n.*", "a{2,4}b?", "(?i:a b)*|b"]
WORDS = st.frozensets(st.sampled_from(["a", "b", "ab", "ba", "a'b", "aba", "A", "bb'a"]), min_size=1)
CONSTRAINTS = st.builds(
    Constraints,
    avoid=st.sampled_from(["", "", "a", "b", "'", "\n"]),
    only=st.sampled_from([None, None, "a-b ", "ab\n ", "aA \n.'"]),
    words=st.none() | WORDS,
    pattern=st.none() | st.sampled_from(PATTERNS),
    line_length=st.none() | st.integers(1, 4),
    acrostic=st.sampled_from([None, None, "a", "ab", "A b", "ba"]),
)
SEEDS = st.sampled_from(["", "a", "ab ", "b\n", "a'", "b.", "\nb", "a' "])
STOPS = st.sampled_from([[], [], ["\n"], ["b"], ["ab", "b"], ["aba"], ["aa", "ab"]])


def compiled(constraints: Constraints, seed: str = "", length: int = LENGTH, stops=()) -> TextConstraint:
    return compile_constraints(constraints, VOCABULARY, seed, length, stops)


def walk(constraint: TextConstraint, length: int = LENGTH) -> tuple[set[str], set[str]]:
    """Return all texts that can be generated up to a state in which they may end, and those that a character has ended."""
    complete, ended, level = set(), set(), {"": constraint.initial_state(1)}
    while level:
        following = {}
        for text, state in level.items():
            allowed = constraint.allowed(state, length - len(text))[0]
            accepted = constraint.automaton.accepting[state.states[0]]
            assert accepted or allowed.any(), f"dead end after {text!r}"
            if accepted:
                complete.add(text)
            for place in np.flatnonzero(allowed):
                after, longer = constraint.step(state, np.array([place])), text + VOCABULARY.characters[place]
                if constraint.ended(after)[0]:
                    ended.add(longer)
                else:
                    following[longer] = after
        level = following
    return complete, ended


def stopped(text: str, stops: list[str]) -> bool:
    """Return whether a stop string occurs."""
    return any(stop in text for stop in stops)


def without_end(text: str, stops: list[str]) -> str:
    """Return a text without the stop string that ends it, the first in the list, or without the line end after an acrostic."""
    return text.removesuffix(next((stop for stop in stops if text.endswith(stop)), "\n"))


@settings(max_examples=40)
@given(CONSTRAINTS, SEEDS, STOPS)
def test_exactly_the_texts_that_obey_can_be_written_and_none_is_a_dead_end(constraints, seed, stops):
    try:
        constraint = compiled(constraints, seed, stops=stops)
    except ConfigError:
        assume(False)
    complete, ended = walk(constraint)
    good = {text for text in TEXTS if obeys(constraints, text, seed)}
    assert complete == {text for text in good if not stopped(text, stops)}
    assert {without_end(text, stops) for text in ended} <= good
    beginnings = {text[:cut] for text in complete | ended for cut in range(len(text) + 1)}
    ends = [*stops, *(["\n"] if constraints.acrostic else [])]
    assert ended >= {
        text + end
        for text in good
        for end in ends
        if len(text + end) <= LENGTH and (text + end)[:-1] in beginnings - ended and without_end(text + end, stops) == text
    }


@settings(max_examples=40)
@given(CONSTRAINTS, SEEDS)
def test_an_error_comes_only_if_no_text_obeys_or_lines_or_words_are_missing(constraints, seed):
    try:
        compiled(constraints, seed)
    except ConfigError as error:
        is_general = error.setting is None and "the seed" not in str(error)
        assert not (is_general and any(obeys(constraints, text, seed) for text in TEXTS))


@pytest.mark.parametrize(
    ("constraints", "seed", "words"),
    [
        ({"only": "xyz"}, "", "leave no character"),
        ({"only": "b-a"}, "", "ascending order"),
        ({"avoid": "a", "pattern": "ab?"}, "", "no text obeys `avoid` and `pattern` together; relax one"),
        ({"pattern": "[ab]{5}"}, "", "has 5 characters; raise `length`"),
        ({"words": frozenset({"cd"})}, "", "words: expected at least one word that the model can generate"),
        ({"words": frozenset({"ab"})}, "a b", "the seed ends with 'b'"),
        ({"acrostic": "ab"}, "b", r"begins with 'b', and the acrostic with 'a'"),
        ({"acrostic": "ax"}, "", "cannot begin|can begin with 'x'"),
        ({"acrostic": " "}, "", "acrostic: expected the first letters"),
        ({"acrostic": "ab", "avoid": "\n"}, "", "acrostic: it needs line ends"),
        ({"line_length": 2, "only": "ab"}, "", "line_length: it needs line ends"),
        ({"pattern": "(a"}, "", "not a regular expression of Python"),
        ({"pattern": r"a\b"}, "", r"cannot be used in a pattern"),
        ({"pattern": "(.{0,99}a){0,99}"}, "", "too large|table of more than"),
    ],
)
def test_impossible_constraints_are_one_clear_error(constraints, seed, words):
    with pytest.raises(ConfigError, match=words):
        compiled(Constraints(**constraints), seed)


def test_a_long_stop_string_is_refused():
    with pytest.raises(ConfigError, match="stop: expected at most 40 characters"):
        compiled(Constraints(avoid="b"), stops=["a" * 41])


def test_columns_of_the_seed_count():
    complete, _ = walk(compiled(Constraints(only="a\n", line_length=3), seed="\nab"))
    assert "a\naa" in complete
    assert "aa" not in complete


def test_a_seed_line_that_is_too_long_is_ended_first():
    complete, _ = walk(compiled(Constraints(only="a\n", line_length=2), seed="abab "))
    assert all(text.startswith("\n") for text in complete - {""})


def test_a_word_of_the_seed_is_completed():
    complete, _ = walk(compiled(Constraints(words=frozenset({"aba", "b"}), only="a-z "), seed="b ab"))
    assert {text for text in complete if len(text) < 3} == {"a", "a "}


def test_an_acrostic_continues_the_line_of_the_seed():
    complete, ended = walk(compiled(Constraints(acrostic="ba"), seed="bb"))
    assert "\na" in complete
    assert "\na\n" in ended


def test_memory_of_the_tables_is_known():
    constraint = compiled(Constraints(line_length=3))
    states, width = constraint.needed.shape
    assert constraint.nbytes == 4 * len(VOCABULARY) * states + 4 * states * width + 4 * len(VOCABULARY) * states * width
