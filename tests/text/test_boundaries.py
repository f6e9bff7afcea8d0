"""Where words, lines, sentences and paragraphs end."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.text.boundaries import first_end, in_one_word, last_word_end, needs_space

SENTENCES = [
    ("It rained. Nan went", "It rained."),
    ("It rained! nobody went. Then", "It rained! nobody went."),  # "Stop!" he said
    ("“It rained.” Nan went", "“It rained.”"),
    ('"Why?" he said. Nan', '"Why?" he said.'),
    ("It cost 3.50 then. Nan", "It cost 3.50 then."),
    ("Mr. Brown and J. Smith went. Then", "Mr. Brown and J. Smith went."),
    ("Wait... What", "Wait..."),
    ("A heading\n\nThe text", "A heading"),
    ("雨停了。走吧。", "雨停了。"),
    ("“雨停了。”他说", "“雨停了。”"),
    ("雨停了！？走", "雨停了！？"),
    ("no end in sight", None),
    ("It rained. ", None),  # what follows may begin with a small letter
    ("It rained.", None),
]


@pytest.mark.parametrize(("text", "sentence"), SENTENCES)
def test_first_sentence_ends_where_a_reader_ends_it(text, sentence):
    found = first_end(text, "sentence", 0)
    assert (None if found is None else text[:found]) == sentence


@pytest.mark.parametrize(
    ("end", "text", "least", "expected"),
    [
        ("word", "the river was", 0, "the"),
        ("word", "the river was", 4, "the river"),  # not between "the" and "river"
        ("word", "the river was", 3, "the"),
        ("word", "it’s don't", 1, "it’s"),
        ("word", "the river, was", 10, "the river,"),
        ("word", "river 渡口雨", 6, "river 渡"),
        ("word", "the riv", 4, None),
        ("line", "the river\nwas", 3, "the river"),
        ("line", "the river\nwas", 10, "the river\n"),
        ("line", "the river", 3, None),
        ("paragraph", "one\ntwo\n\nthree", 1, "one\ntwo"),
        ("paragraph", "one\ntwo\n", 1, None),
    ],
)
def test_ends_of_words_lines_and_paragraphs(end, text, least, expected):
    found = first_end(text, end, least)
    assert (None if found is None else text[:found]) == expected


@pytest.mark.parametrize("end", ["word", "line", "sentence", "paragraph"])
@given(text=st.text(st.sampled_from("abA. \n!”。渡’"), max_size=30), least=st.integers(0, 5))
def test_an_end_never_changes_when_the_text_goes_on(end, text, least):
    found = [first_end(text[:length], end, least) for length in range(len(text) + 1)]
    first = next((place for place in found if place is not None), None)
    for place in found:
        assert place in (None, first)


@given(text=st.text(st.sampled_from("ab. \n!渡’"), max_size=20), least=st.integers(0, 5))
def test_the_last_end_of_a_word_is_the_last_that_comes(text, least):
    ends = [place for place in range(least, len(text)) if first_end(text, "word", place) == place]
    assert last_word_end(text, least) == max(ends, default=None)


@given(st.text(st.sampled_from("ab'. ,\n"), max_size=30))
def test_words_are_those_of_a_regular_expression(text):
    ends = {match.end() for match in re.finditer("[ab']+", text)} - {len(text)}
    for place in range(1, len(text)):
        if text[place - 1] in "ab'":
            assert (not in_one_word(text[place - 1], text[place])) == (place in ends)


@pytest.mark.parametrize(
    ("before", "after", "needed"),
    [
        ("the river", "was", True),
        ("the river ", "was", False),
        ("the river", " was", False),
        ("the river", ", was", False),
        ("He went.", "“No,” she said", True),
        ("the river —", "wide", False),
        ("渡口", "雨", False),
        ("渡口。", "Nan", False),
        ("", "Nan", False),
        ("Nan", "", False),
    ],
)
def test_a_space_is_needed_between_words_only(before, after, needed):
    assert needs_space(before, after) == needed
