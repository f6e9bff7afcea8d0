"""Tests of regular expressions that can match no text of a model."""

import pytest

from charlstm.errors import ConfigError
from charlstm.inference.generation_settings import GenerationSettings
from charlstm.inference.stop_regex import can_match
from charlstm.text.vocabulary import Vocabulary

CHARACTERS = "\n abcABC'."


@pytest.mark.parametrize(
    "expression",
    ["é", "ab+é", "[éè]x", "(é|è)a?", "\\d+", "a(?:bé)+", "“", "a\\tb", "(?>é)a", "é++", "(?i:É)", "[^\\n a-cA-C'.]", "(?=a)é"],
)
def test_an_expression_that_needs_unknown_characters_can_not_match(expression):
    assert not can_match(expression, CHARACTERS)


@pytest.mark.parametrize(
    "expression",
    [
        *(
            "é?a",
            "é*\\.",
            "(é|a)",
            "[éa]",
            ".",
            "\\s",
            "\\w+",
            "(?i:Ab)",
            "^a$",
            "a(?=é)",
            "(?<!é)b",
            "(a)\\1",
            "[^é]",
            "\\bab\\b",
        ),
        *("[[a]", "(?s:.)b", "(?x: a b)", "a{2,}", "a{0}|é"),
        *("\\p{Lu}", "\\p{Greek}", "(?e)(?:ab){e<=1}"),  # only the library regex reads these
    ],
)
def test_other_expressions_can_match(expression):
    assert can_match(expression, CHARACTERS)


@pytest.mark.parametrize("expression", ["é", "[0-9]+", "“[^”]*”"])
def test_a_stop_regex_without_effect_is_refused(expression):
    with pytest.raises(ConfigError) as caught:
        GenerationSettings(stop_regex=expression).stop_rules(Vocabulary(CHARACTERS), [])
    assert caught.value.setting == "stop_regex"
    assert GenerationSettings(stop_regex="a|" + expression).stop_rules(Vocabulary(CHARACTERS), []).regex == "a|" + expression
