"""The likeliest next words against an enumeration of all spellings."""

from itertools import product

import numpy as np
import pytest

from charlstm.inference.generation import likeliest_next
from charlstm.inference.modes import decoder
from charlstm.inference.next_words import next_words
from charlstm.text.vocabulary import RareCharacters, Vocabulary

LONGEST = 5


def enumerated(network, vocabulary, seed: str, mode: str, joined: str, alone: str) -> list[tuple[str, float]]:
    """Return all continuations of at most LONGEST characters, from the probabilities of every text.

    ``joined`` are the letters of words, ``alone`` the characters that are words of their own.
    """
    read = decoder(network, mode)
    size = len(vocabulary)
    after = {}
    for length in range(LONGEST + 1):
        for spelled in product(vocabulary.characters, repeat=length):
            text = seed + "".join(spelled)
            after["".join(spelled)] = {
                vocabulary.characters[number]: p for number, p in likeliest_next(read, vocabulary.encode(text), size)
            }
    found = []
    for text, following in after.items():
        p = float(np.prod([after[text[:place]][text[place]] for place in range(len(text))]))
        places = [place for place, character in enumerate(text) if character in joined + alone]
        if not text or text[-1] not in joined + alone:
            continue
        lead = places[0]
        word = text[lead:]
        if word[0] in alone:
            if len(word) == 1:
                found.append((text, p))
        elif all(character in joined for character in word):
            found.append((text, p * sum(each for character, each in following.items() if character not in joined)))
    return sorted(found, key=lambda each: -each[1])


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
@pytest.mark.parametrize(("seed", "window"), [("ab ", 4), ("b.a", 4)])
@pytest.mark.parametrize(("characters", "joined", "alone"), [(" .ab", "ab", ""), (" a渡", "a", "渡")])
def test_list_equals_an_enumeration(make_network, mode, seed, window, characters, joined, alone):
    network = make_network(vocabulary_size=len(characters), seq_len=window)
    network.dense_kernel[:] *= 4  # far from uniform
    vocabulary = Vocabulary(characters)
    seed = "".join(character if character in characters else "a" for character in seed)
    expected = enumerated(network, vocabulary, seed, mode, joined, alone)
    found = next_words(network, vocabulary, vocabulary.encode(seed), mode, 8)
    assert found.complete
    assert [each.text for each in found.words] == [text for text, _ in expected[:8]]
    assert [each.probability for each in found.words] == pytest.approx([p for _, p in expected[:8]], rel=1e-4)


def test_a_bounded_search_says_so_and_lists_the_beginning(make_network):
    network, vocabulary = make_network(vocabulary_size=4), Vocabulary(" .ab")
    whole = next_words(network, vocabulary, np.array([2]), "stateful", 8)
    bounded = next_words(network, vocabulary, np.array([2]), "stateful", 8, most=12)
    assert whole.complete
    assert not bounded.complete
    assert bounded.words == whole.words[: len(bounded.words)]
    assert len(bounded.words) < 8


def test_the_placeholder_is_in_no_word(make_network):
    network = make_network(vocabulary_size=5)
    network.dense_bias[4] = 100
    found = next_words(network, Vocabulary(" .ab", RareCharacters("y", (2,))), np.array([2]), "stateful", 3)
    assert sum(each.probability for each in found.words) > 0.01


def test_after_a_complete_word_no_letter_follows(make_network):
    network, vocabulary = make_network(vocabulary_size=4), Vocabulary(" .ab")
    ids = vocabulary.encode("ab")
    whole = next_words(network, vocabulary, ids, "stateful", 40).words
    others = [each for each in whole if each.text[0] in " ."]
    found = next_words(network, vocabulary, ids, "stateful", 5, word_ended=True).words
    assert [each.text for each in found] == [each.text for each in others[:5]]
    separated = sum(p for number, p in likeliest_next(decoder(network, "stateful"), ids, 4) if number < 2)
    assert [each.probability for each in found] == pytest.approx([each.probability / separated for each in others[:5]])


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
@pytest.mark.parametrize("window", [3, 12])
def test_every_probability_is_that_of_its_characters(make_network, mode, window):
    network, vocabulary = make_network(vocabulary_size=4, seq_len=window), Vocabulary(" .ab")
    network.dense_kernel[:] *= 4  # far from uniform: beginnings of several lengths are extended together
    read = decoder(network, mode)
    words = next_words(network, vocabulary, np.array([2]), mode, 60, most=400).words
    assert len({len(word.text) for word in words}) > 2
    for word in words:
        expected, text = 1.0, "a"
        for character in word.text:
            expected *= dict(likeliest_next(read, vocabulary.encode(text), 4))[vocabulary.characters.index(character)]
            text += character
        expected *= sum(p for number, p in likeliest_next(read, vocabulary.encode(text), 4) if number < 2)
        assert word.probability == pytest.approx(expected, rel=1e-4)
