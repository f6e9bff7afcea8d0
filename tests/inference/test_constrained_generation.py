"""Tests of constrained texts: they obey, and are as frequent as they should be."""

import numpy as np
import pytest

from charlstm.inference.constrained_generation import constrained_pieces
from charlstm.inference.constraints.text_constraint import Constraints, compile_constraints
from charlstm.inference.generation import Sample, generate_pieces, generate_texts
from charlstm.inference.modes import StatefulDecoder, StatelessDecoder
from charlstm.inference.sampling import Sampling
from charlstm.inference.stop_rules import StopRules
from charlstm.text.vocabulary import RareCharacters, Vocabulary
from tests.conftest import ALPHABET
from tests.inference.constraints.enumeration import (
    LENGTH,
    SEED,
    SMALL_CONSTRAINTS,
    VOCABULARY,
    drawn,
    sampling_error,
    small_network,
    total_variation,
)
from tests.inference.constraints.obeying import obeys

WORDS = frozenset(["a", "quick", "fox", "jumps", "over", "the", "lazy", "dog", "brown"])
COMBINATIONS = {
    "avoid": Constraints(avoid="eE"),
    "only": Constraints(only="a-z \n"),
    "words": Constraints(words=WORDS),
    "pattern": Constraints(pattern=r"(?:[a-z]{1,7} ){2,6}[a-z]+\.\n?"),
    "line length": Constraints(line_length=9),
    "acrostic": Constraints(acrostic="The"),
    "letters and lines": Constraints(avoid="o", only="a-zA-Z .\n", line_length=7),
    "words and lines": Constraints(words=WORDS, line_length=8),
    "words, lines and acrostic": Constraints(words=WORDS, line_length=12, acrostic="fol"),
    "pattern and words": Constraints(words=WORDS, pattern=r"[^.]{10,30}\."),
    "all": Constraints(avoid="q", only="a-z\n ", words=WORDS, pattern="(?s:.{20,40})", line_length=12, acrostic="fol"),
}
"""Constraints on the texts of a model that knows the characters of a pangram."""


def alphabet_network(make_network):
    return make_network(vocabulary_size=len(ALPHABET), seq_len=6, units=(12,))


def texts(
    decoder, constraint, count=1, start=0, particles=32, length=LENGTH, stops=(), vocabulary=VOCABULARY, seed=SEED, **sampling
):
    pieces = constrained_pieces(
        decoder,
        vocabulary,
        seed,
        constraint,
        particles=particles,
        random_seeds=range(start, start + count),
        length=length,
        sampling=Sampling(**{"temperature": 1.0, **sampling}),
        stops=StopRules(tuple(stops)),
    )
    return generate_texts(pieces)


def frequencies(name: str, particles: int, count: int) -> tuple[float, float]:
    """Return the total variation of a number of texts, and that of as many exact draws."""
    found, exact = drawn(name, particles, count)
    return total_variation(found, exact), sampling_error(count, exact)


@pytest.mark.parametrize("name", ["pattern", "words and lines"])
def test_particles_give_the_exact_distribution_and_exclusion_alone_does_not(name):
    found, error = frequencies(name, 32, 2000)
    assert found < error + 0.02
    alone, error = frequencies(name, 1, 2000)
    assert alone > error + 0.1


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL_CONSTRAINTS)
def test_frequencies_are_within_two_hundredths_of_the_exact_distribution(name):
    found, error = frequencies(name, 32, 100_000)
    assert error < 0.01
    assert found < 0.02


def written(decoder, name: str, count: int, length: int = 48, particles: int = 32, **options) -> list[Sample]:
    """Return texts of the model of a pangram that obey one of the combinations."""
    constraint = compile_constraints(COMBINATIONS[name], ALPHABET_VOCABULARY, START[name], length)
    return texts(decoder, constraint, count, 0, particles, length, vocabulary=ALPHABET_VOCABULARY, seed=START[name], **options)


ALPHABET_VOCABULARY = Vocabulary(ALPHABET)
START = {name: "f" if constraints.acrostic == "fol" else "The lazy dog\n" for name, constraints in COMBINATIONS.items()}


def check(name: str, samples: list[Sample], length: int = 48) -> None:
    """Check that texts obey and are complete."""
    for sample in samples:
        assert obeys(COMBINATIONS[name], sample.text, START[name])
        assert len(sample.text) == length if sample.stop_reason == "length" else len(sample.text) <= length
        assert sample.stop_reason == "length" or COMBINATIONS[name].pattern or COMBINATIONS[name].acrostic


@pytest.mark.parametrize("mode", [StatefulDecoder, StatelessDecoder])
@pytest.mark.parametrize("name", COMBINATIONS)
def test_texts_obey_in_both_modes(make_network, name, mode):
    for particles in (1, 4):
        check(name, written(mode(alphabet_network(make_network)), name, 8, particles=particles))


@pytest.mark.slow
@pytest.mark.parametrize("particles", [1, 32])
@pytest.mark.parametrize("name", COMBINATIONS)
def test_a_thousand_texts_obey(make_network, name, particles):
    check(name, written(StatefulDecoder(alphabet_network(make_network)), name, 1000, particles=particles))


@pytest.mark.parametrize("mode", [StatefulDecoder, StatelessDecoder])
def test_a_batch_has_the_texts_of_single_ones(make_network, mode):
    network = alphabet_network(make_network)
    together = written(mode(network), "words and lines", 5, particles=8)
    constraint = compile_constraints(COMBINATIONS["words and lines"], ALPHABET_VOCABULARY, "The lazy dog\n", 48)
    alone = [
        texts(mode(network), constraint, 1, start, 8, 48, vocabulary=ALPHABET_VOCABULARY, seed="The lazy dog\n")[0]
        for start in range(5)
    ]
    assert together == alone
    assert len({sample.text for sample in together}) == 5


def test_pieces_are_certain_and_make_up_the_text(make_network):
    constraint = compile_constraints(Constraints(avoid="e", line_length=10), ALPHABET_VOCABULARY, "The ", 200)
    pieces, text = [], ""
    steps = constrained_pieces(
        StatefulDecoder(alphabet_network(make_network)), ALPHABET_VOCABULARY, "The ", constraint, particles=16,
        random_seeds=[3], length=200, sampling=Sampling(1.0),
    )  # fmt: skip
    try:
        while True:
            pieces.append(next(steps)[0])
    except StopIteration as end:
        text = end.value[0].text
    assert "".join(pieces) == text
    assert len("".join(pieces[:100])) > 30  # not all at the end
    assert max(map(len, pieces[:100])) < 60


def test_one_particle_releases_each_character_at_once(make_network):
    constraint = compile_constraints(Constraints(avoid="e"), ALPHABET_VOCABULARY, "The ", 20)
    steps = constrained_pieces(
        StatefulDecoder(alphabet_network(make_network)), ALPHABET_VOCABULARY, "The ", constraint, particles=1,
        random_seeds=[3], length=20, sampling=Sampling(1.0),
    )  # fmt: skip
    assert [len(next(steps)[0]) for _ in range(20)] == [1] * 20


def test_a_text_is_the_unconstrained_one_until_a_character_is_excluded(make_network):
    network = alphabet_network(make_network)
    (free,) = generate_texts(
        generate_pieces(
            StatefulDecoder(network), ALPHABET_VOCABULARY, "The ", random_seeds=[3], length=60, sampling=Sampling(1.0)
        )
    )
    constraint = compile_constraints(Constraints(avoid=free.text[40]), ALPHABET_VOCABULARY, "The ", 60)
    (text,) = texts(StatefulDecoder(network), constraint, 1, 3, 1, 60, vocabulary=ALPHABET_VOCABULARY, seed="The ")
    same = free.text.index(free.text[40])
    assert text.text[:same] == free.text[:same]
    assert text.text != free.text


@pytest.mark.parametrize("particles", [1, 32])
def test_temperature_zero_takes_the_likeliest_allowed_character(make_network, particles):
    network = alphabet_network(make_network)
    decoder = StatefulDecoder(network)
    constraint = compile_constraints(Constraints(avoid="aeiou"), ALPHABET_VOCABULARY, "The ", 12)
    (text,) = texts(decoder, constraint, 1, 0, particles, 12, vocabulary=ALPHABET_VOCABULARY, seed="The ", temperature=0)
    state = decoder.initial_state(1)
    for character in ALPHABET_VOCABULARY.encode("The "):
        state = decoder.step(np.array([character]), state)
    for character in text.text:
        logits = decoder.logits(state)[0].copy()
        logits[ALPHABET_VOCABULARY.encode("aeiou")] = -np.inf
        assert ALPHABET_VOCABULARY.characters[logits.argmax()] == character
        state = decoder.step(ALPHABET_VOCABULARY.encode(character), state)


@pytest.mark.parametrize("particles", [1, 16])
def test_a_stop_string_ends_a_complete_text(particles):
    constraint = compile_constraints(SMALL_CONSTRAINTS["words"], VOCABULARY, SEED, 30, ["\n", "b b"])
    samples = texts(StatefulDecoder(small_network()), constraint, 50, 0, particles, 30, ["\n", "b b"])
    assert "stop" in {sample.stop_reason for sample in samples} <= {"stop", "length"}
    assert all(obeys(SMALL_CONSTRAINTS["words"], sample.text, SEED) and "\n" not in sample.text for sample in samples)


def test_an_acrostic_ends_without_its_last_line_end():
    constraint = compile_constraints(SMALL_CONSTRAINTS["acrostic"], VOCABULARY, SEED, 300)
    samples = texts(StatefulDecoder(small_network()), constraint, 20, length=300)
    assert {sample.stop_reason for sample in samples} == {"complete"}
    assert all([line[0] for line in sample.text.split("\n")] == ["a", "b"] for sample in samples)


def test_length_zero_is_an_empty_text():
    constraint = compile_constraints(Constraints(avoid="a"), VOCABULARY, SEED, 0)
    assert texts(StatefulDecoder(small_network()), constraint, length=0) == [Sample("", 0, "length")]


def test_a_placeholder_is_never_written(make_network):
    vocabulary = Vocabulary(ALPHABET, RareCharacters("é", (1,)))
    network = make_network(vocabulary_size=vocabulary.model_size, seq_len=6, units=(12,))
    constraint = compile_constraints(Constraints(avoid="e"), vocabulary, "The ", 40)
    for sample in texts(StatefulDecoder(network), constraint, 10, length=40, vocabulary=vocabulary, seed="The "):
        assert set(sample.text) <= set(ALPHABET) - {"e"}
