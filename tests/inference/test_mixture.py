"""Mixtures of networks: their definition, in both modes, one text or several."""

from functools import partial

import numpy as np
import pytest

from charlstm.config import ModelConfig
from charlstm.errors import ConfigError
from charlstm.inference.generation import generate_pieces, generate_texts, likeliest_next
from charlstm.inference.mixture import mixture
from charlstm.inference.modes import decoder
from charlstm.inference.network import build_network
from charlstm.inference.sampling import Sampling
from charlstm.text.vocabulary import Vocabulary

FIRST, SECOND = Vocabulary("abcdef"), Vocabulary("acdxyz")
COMMON = "acd"


def network(vocabulary, seed, **settings):
    config = ModelConfig(vocabulary_size=len(vocabulary), seq_len=5, **settings)
    random = np.random.default_rng(seed)
    weights = {name: random.normal(size=shape).astype(np.float32) for name, shape in config.weight_shapes.items()}
    return build_network(config, weights)


@pytest.fixture
def networks():
    return [
        (network(FIRST, 1, units=(7, 4)), FIRST, 0.7),
        (network(SECOND, 2, units=(6,), encoding="embedding", embedding_size=3), SECOND, 0.3),
    ]


@pytest.mark.parametrize("mode", ["stateful", "stateless"])
def test_the_distribution_is_the_weighted_geometric_mean_over_common_characters(networks, mode):
    mixed, vocabulary = mixture(networks)
    assert vocabulary.characters == COMMON
    text = "acdacddca"
    product = np.ones(len(COMMON))
    for each, known, weight in networks:
        found = dict(likeliest_next(decoder(each, mode), known.encode(text), len(known)))
        product *= np.array([found[known.characters.index(character)] for character in COMMON]) ** weight
    found = dict(likeliest_next(decoder(mixed, mode), vocabulary.encode(text), len(COMMON)))
    np.testing.assert_allclose([found[place] for place in range(len(COMMON))], product / product.sum(), rtol=1e-5)


@pytest.mark.parametrize("mode", ["stateful", "stateless"])
def test_several_texts_at_once_are_those_written_alone(networks, mode):
    mixed, vocabulary = mixture(networks)
    write = partial(generate_texts_of, decoder(mixed, mode), vocabulary)
    together = write(range(3))
    assert together == [text for seed in range(3) for text in write([seed])]
    assert len(set(together)) == 3


def generate_texts_of(reader, vocabulary, seeds):
    pieces = generate_pieces(reader, vocabulary, "acd", random_seeds=list(seeds), length=40, sampling=Sampling(1.0))
    return [sample.text for sample in generate_texts(pieces)]


def test_a_network_mixed_with_itself_is_itself(networks):
    first = networks[0]
    mixed, vocabulary = mixture([(*first[:2], 0.25), (*first[:2], 0.75)])
    assert generate_texts_of(decoder(mixed, "stateful"), vocabulary, [4]) == generate_texts_of(
        decoder(first[0], "stateful"), FIRST, [4]
    )


@pytest.mark.parametrize("weights", [(0.5, 0.6), (1.0, 0.0), (1.5, -0.5), (0.2, 0.2), (float("nan"), 0.5)])
def test_weights_that_are_no_shares_are_refused(networks, weights):
    with pytest.raises(ConfigError, match="expected weights above 0"):
        mixture([(*each[:2], weight) for each, weight in zip(networks, weights, strict=True)])


def test_models_without_common_characters_are_refused(networks):
    other = Vocabulary("fxyz")
    with pytest.raises(ConfigError, match="they have 1 character in common"):
        mixture([networks[0], (network(other, 3), other, 0.3)])
