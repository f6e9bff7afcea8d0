"""Tests of patterns against Python's ``re``."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.errors import ConfigError
from charlstm.inference.constraints.patterns import pattern_automaton
from charlstm.text.vocabulary import Vocabulary
from tests.inference.constraints.obeying import texts

VOCABULARY = Vocabulary.of("\n aAbé1_")
TEXTS = texts(VOCABULARY.characters, 3)
ATOMS = st.sampled_from(
    ["a", "b", "A", ".", r"\w", r"\d", r"\s", r"\W", "[^a]", "[a-b]", "[^\\n]", "é", r"\x61", "(?i:A)", "(?s:.)", r"(?a:\w)"]
)
REPETITIONS = st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "??"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, REPETITIONS).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
        inner.map(lambda pattern: f"({pattern})"),
    ),
    max_leaves=6,
)  # fmt: skip


def matched(pattern: str) -> set[str]:
    automaton = pattern_automaton(VOCABULARY, pattern)
    return {text for text in TEXTS if automaton.accepts(VOCABULARY.encode(text))}


def by_re(pattern: str) -> set[str]:
    return {text for text in TEXTS if re.fullmatch(pattern, text)}


@given(PATTERNS)
def test_a_pattern_matches_what_re_matches(pattern):
    assert matched(pattern) == by_re(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["", "$^", "^a$", "a$|^b", "(^a|b)*", "(a^)?b", r"\Aab\Z", "(a*)*b",
     "(?:ab|a)(?:b|)", "(?x) a b # note", "(?i)a é", "(?P<x>a)+", "[]a]", "(a$)b|1?"],
)  # fmt: skip
def test_anchors_flags_and_groups_are_those_of_re(pattern):
    assert matched(pattern) == by_re(pattern)


@pytest.mark.parametrize("pattern", [r"(a)\1", "(?=a)a", "(?<!a)b", r"\ba", "(?m)^a", "a++", "(?>a)", "(a)?(?(1)b|c)"])
def test_what_no_automaton_can_do_is_refused(pattern):
    with pytest.raises(ConfigError, match="cannot be used in a pattern"):
        pattern_automaton(VOCABULARY, pattern)


@pytest.mark.parametrize("pattern", ["(", "a{2,1}", "[b-a]", "*", "a{99999999999}"])
def test_what_is_no_regular_expression_is_refused(pattern):
    with pytest.raises(ConfigError, match="not a regular expression"):
        pattern_automaton(VOCABULARY, pattern)


@pytest.mark.parametrize("pattern", ["(?:.{0,99}a){0,999}", "(?:a{0,999}){0,999}"])
def test_a_pattern_that_is_too_large_is_refused(pattern):
    with pytest.raises(ConfigError, match="too large"):
        pattern_automaton(VOCABULARY, pattern)


def test_long_bounded_repetition_is_compiled():
    assert len(pattern_automaton(VOCABULARY, r"[^\n]{0,2000}").accepting) > 2000
