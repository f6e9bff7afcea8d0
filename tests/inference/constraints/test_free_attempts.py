"""Tests of free texts that happen to obey."""

import pytest

from charlstm.inference.constraints.free_attempts import obeying_texts
from charlstm.inference.constraints.text_constraint import compile_constraints
from charlstm.inference.generation import generate_pieces, generate_texts
from charlstm.inference.modes import StatefulDecoder
from charlstm.inference.sampling import Sampling
from tests.inference.constraints.enumeration import LENGTH, SEED, SMALL_CONSTRAINTS, VOCABULARY, small_network
from tests.inference.constraints.obeying import obeys

TEXTS = 200


def attempts(name, stops=(), length=LENGTH) -> dict[int, str]:
    constraint = compile_constraints(SMALL_CONSTRAINTS[name], VOCABULARY, SEED, length, stops)
    steps = obeying_texts(
        StatefulDecoder(small_network()),
        VOCABULARY,
        VOCABULARY.encode(SEED),
        constraint,
        random_seeds=range(TEXTS),
        length=length,
        sampling=Sampling(1.0),
        stops=stops,
    )
    try:
        while True:
            assert next(steps) == [""] * TEXTS
    except StopIteration as end:
        return end.value


@pytest.mark.parametrize("name", ["avoid", "words", "line length"])
def test_a_free_text_that_obeys_is_found(name):
    decoder = StatefulDecoder(small_network())
    free = generate_texts(
        generate_pieces(decoder, VOCABULARY, SEED, random_seeds=range(TEXTS), length=LENGTH, sampling=Sampling(1.0))
    )
    obeying = {place: text.text for place, text in enumerate(free) if obeys(SMALL_CONSTRAINTS[name], text.text, SEED)}
    found = attempts(name)
    assert obeying.items() <= found.items()
    assert len(obeying) < len(found) < TEXTS  # later attempts find more
    assert all(obeys(SMALL_CONSTRAINTS[name], text, SEED) for text in found.values())


def test_an_acrostic_ends_at_its_last_line():
    found = attempts("acrostic", length=60)
    assert found
    assert all([line[:1] for line in text.split("\n")] == ["a", "b"] for text in found.values())


def test_a_stop_string_ends_a_text_and_is_part_of_what_is_found():
    found = attempts("words", ("\n",), length=60)
    assert found
    assert all(text.index("\n") == len(text) - 1 for text in found.values() if "\n" in text)
    assert any(text.endswith("\n") for text in found.values())
