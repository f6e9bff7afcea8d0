"""Tests of generation from logits to texts, with a fake model that spells one word."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from charlstm.errors import CharlstmError, UnknownCharacterError
from charlstm.inference.generation import Sample, continue_ids, generate_pieces
from charlstm.inference.modes import StatefulDecoder, StatelessDecoder
from charlstm.inference.sampling import Sampling
from charlstm.inference.stop_rules import StopRules
from charlstm.text.boundaries import WordCharacters
from charlstm.text.vocabulary import RareCharacters, Vocabulary

GREEDY = Sampling(temperature=0)


@dataclass(frozen=True)
class Speller:
    """Model that predicts the next character of its word, cyclically; its state is the last character read."""

    word: str
    vocabulary: Vocabulary

    def initial_state(self, batch):
        return np.zeros(batch, int)

    def step(self, ids, state):
        return np.asarray(ids)

    def logits(self, state):
        following = dict(zip(self.word, self.word[1:] + self.word[0], strict=True))
        texts = [following[character] for character in self.vocabulary.decode(state)]
        return np.eye(len(self.vocabulary))[self.vocabulary.encode("".join(texts))] * 50

    def recent(self, ids):
        return ids


def spelled(word: str, seed: str, **options) -> tuple[list[str], list[Sample]]:
    """Return the pieces of the first text, and the return value of the generation."""
    vocabulary = Vocabulary.of(word)
    options = {"random_seeds": [0], "length": 12, "sampling": GREEDY, **options}
    steps, pieces = generate_pieces(Speller(word, vocabulary), vocabulary, seed, **options), []
    while True:
        try:
            pieces.append(next(steps)[0])
        except StopIteration as end:
            return pieces, end.value


def test_model_spells_its_word_from_any_character():
    pieces, samples = spelled("abcd", seed="ab", length=6)
    assert pieces == ["c", "d", "a", "b", "c", "d", ""]
    assert samples == [Sample("cdabcd", 0, "length")]


def test_length_zero_is_an_empty_text():
    assert spelled("abcd", seed="a", length=0)[1] == [Sample("", 0, "length")]


def test_a_stop_string_ends_the_text_before_it():
    pieces, samples = spelled("abcdef", seed="a", stops=StopRules(("ef",)))
    assert "".join(pieces) == "bcd"
    assert samples == [Sample("bcd", 0, "stop")]


def test_a_possible_stop_string_is_held_back():
    pieces, _ = spelled("abcdef", seed="a", stops=StopRules(("dx", "cdy")), length=6)
    assert pieces == ["", "", "b", "c", "d", "e", "fa"]


def test_the_first_stop_string_to_come_wins():
    assert spelled("abcdef", seed="a", stops=StopRules(("f", "cd")))[1] == [Sample("b", 0, "stop")]


def test_a_seed_must_have_known_characters():
    with pytest.raises(CharlstmError, match="seed is empty"):
        spelled("abcd", seed="")
    with pytest.raises(UnknownCharacterError, match=r"'x'.*`on_unknown="):
        spelled("abcd", seed="ax")


@pytest.mark.parametrize("mode", [StatelessDecoder, StatefulDecoder])
def test_a_batch_of_samples_equals_single_texts(make_network, mode):
    vocabulary = Vocabulary("abcdefg")
    decoder = mode(make_network())

    def texts(random_seeds):
        steps = generate_pieces(decoder, vocabulary, "abcabcabc", random_seeds=random_seeds, length=60, sampling=Sampling(1.0))
        return [list(column) for column in zip(*steps, strict=True)]

    together = texts([5, 6, 7])
    assert together == [texts([seed])[0] for seed in (5, 6, 7)]
    assert together[0] != together[1]


@pytest.mark.parametrize("mode", [StatelessDecoder, StatefulDecoder])
@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(1.0),
        Sampling(1.0, repetition_penalty=1.5),
        Sampling(0.3, dry_multiplier=3.0, dry_allowed_length=2),
        Sampling(0, repetition_penalty=3.0),
        Sampling(0.05, last_temperature=0.5, length=60, word_temperature=2.0),
    ],
)
def test_a_text_can_be_resumed_at_any_position(make_network, mode, sampling):
    decoder, seed = mode(make_network()), np.array([0, 1, 2])

    def continued(ids, position, length):
        steps = continue_ids(decoder, ids, [9], 7, sampling, position, WordCharacters.of("abc ., "))
        return [int(next(steps)[0]) for _ in range(length)]

    whole = continued(seed, 0, 40)
    assert continued(np.concatenate([seed, whole[:25]]), 25, 15) == whole[25:]


def test_modes_agree_while_the_text_fits_the_window(make_network):
    network = make_network(seq_len=30)
    texts = []
    for mode in (StatelessDecoder, StatefulDecoder):
        steps = continue_ids(mode(network), np.array([3, 1]), [2], 7, Sampling(1.0))
        texts.append([int(next(steps)[0]) for _ in range(28)])
    assert texts[0] == texts[1]


@dataclass(frozen=True)
class Descending:
    """Stateless model in which each character is slightly likelier than the next id, whatever the context."""

    size: int

    def initial_state(self, batch):
        return batch

    def step(self, ids, state):
        return state

    def logits(self, state):
        return np.tile(-np.arange(self.size) / self.size, (state, 1))

    def recent(self, ids):
        return ids


def test_the_repetition_penalty_looks_64_characters_back():
    steps = continue_ids(Descending(100), np.array([0]), [0], 100, Sampling(0, repetition_penalty=1e6))
    assert [int(next(steps)[0]) for _ in range(70)] == [*range(1, 65), *range(6)]


def test_repetition_penalty_sees_generated_characters(make_network):
    decoder = StatefulDecoder(make_network())

    def longest_run(penalty):
        steps = continue_ids(decoder, np.array([0]), [0], 7, Sampling(0, repetition_penalty=penalty))
        return len({int(next(steps)[0]) for _ in range(7)})

    # With a huge penalty, greedy generation uses every character once before any character twice.
    assert longest_run(1e6) >= 6
    assert longest_run(1.0) < 6


@pytest.mark.parametrize("mode", [StatelessDecoder, StatefulDecoder])
@pytest.mark.parametrize(
    "sampling", [GREEDY, Sampling(1.0), Sampling(2.0, top_k=2), Sampling(1.0, top_p=0.5), Sampling(1.0, repetition_penalty=0.1)]
)
def test_placeholder_is_never_generated(make_network, mode, sampling):
    network = make_network()  # of 7 characters
    network.dense_bias[6] = 1_000
    vocabulary = Vocabulary("abcdef", RareCharacters("yz", (2, 1)))
    (text,) = zip(
        *generate_pieces(mode(network), vocabulary, "abc", random_seeds=[1], length=80, sampling=sampling), strict=True
    )
    assert len("".join(text)) == 80
    assert set("".join(text)) <= set("abcdef")


def test_generated_text_does_not_depend_on_the_placeholder(make_network):
    network = make_network()
    cut = replace(network, dense_kernel=network.dense_kernel[:, :6], dense_bias=network.dense_bias[:6])
    rare = RareCharacters("yz", (2, 1))

    def text(network, vocabulary):
        steps = generate_pieces(
            StatefulDecoder(network), vocabulary, "abc", random_seeds=[1, 2], length=80, sampling=Sampling(1.0)
        )
        return ["".join(column) for column in zip(*steps, strict=True)]

    assert text(network, Vocabulary("abcdef", rare)) == text(cut, Vocabulary("abcdef"))


def test_a_seed_with_rare_characters_is_refused(make_network):
    with pytest.raises(UnknownCharacterError, match=r"'z'.*learned 6 characters"):
        next(
            generate_pieces(
                StatefulDecoder(make_network()),
                Vocabulary("abcdef", RareCharacters("yz", (2, 1))),
                "az",
                random_seeds=[1],
                length=1,
                sampling=GREEDY,
            )
        )


def test_word_temperature_draws_first_letters_and_spells_the_rest():
    sampling = Sampling(0, word_temperature=100.0)
    assert spelled("ab cd ", seed="ab ", length=30)[1][0].text == "ab " * 10
    (sample,) = spelled("ab cd ", seed="ab ", length=300, sampling=sampling)[1]
    assert set(sample.text.split()[:-1]) == {"ab", "b", "cd", "d"}
