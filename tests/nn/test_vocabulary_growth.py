"""Tests of vocabulary growth: known characters keep their rows under new ids."""

from dataclasses import replace

import numpy as np
import pytest

from charlstm.config import ModelConfig
from charlstm.errors import ConfigError
from charlstm.inference.network import build_network
from charlstm.nn.vocabulary_growth import grow_weights
from charlstm.text.vocabulary import RareCharacters, Vocabulary

OLD, NEW = Vocabulary("bdf"), Vocabulary("abcdefg")


def weights(config: ModelConfig, random_seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(random_seed)
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in config.weight_shapes.items()}


@pytest.mark.parametrize("encoding", ["one-hot", "embedding"])
def test_old_characters_are_read_and_predicted_as_before(encoding):
    config = ModelConfig(vocabulary_size=3, encoding=encoding, embedding_size=4, units=(5, 4))
    larger = replace(config, vocabulary_size=7)
    old, fresh = weights(config, 0), weights(larger, 1)
    new = grow_weights(config, OLD, NEW, old, fresh)
    assert {name: value.shape for name, value in new.items()} == larger.weight_shapes
    before, after = build_network(config, old), build_network(larger, new)
    states = before.initial_state(1), after.initial_state(1)
    for character in "bfddb":
        before.step(OLD.encode(character), states[0])
        after.step(NEW.encode(character), states[1])
        places = NEW.encode(OLD.characters)
        logits = after.logits(states[1][-1].h)
        np.testing.assert_allclose(logits[:, places], before.logits(states[0][-1].h), atol=1e-6)
    added = [place for place in range(7) if place not in places]
    np.testing.assert_array_equal(new["dense/kernel"][:, added], fresh["dense/kernel"][:, added])
    table = "lstm_1/kernel" if encoding == "one-hot" else "embedding/embeddings"
    np.testing.assert_array_equal(new[table][added], fresh[table][added])


def test_the_scalar_encoding_cannot_grow():
    config = ModelConfig(vocabulary_size=3, encoding="scalar", units=(5,))
    with pytest.raises(ConfigError, match=r"4 characters.*'aceg'.*x = id / V"):
        grow_weights(config, OLD, NEW, weights(config, 0), weights(replace(config, vocabulary_size=7), 1))


@pytest.mark.parametrize("encoding", ["one-hot", "embedding"])
@pytest.mark.parametrize("before", [None, RareCharacters("ac", (2, 1))])
def test_placeholder_remains_the_last_id(encoding, before):
    old, new = Vocabulary("bdf", before), Vocabulary("abdefg", RareCharacters("c", (3,)))
    config = ModelConfig(vocabulary_size=old.model_size, encoding=encoding, embedding_size=4, units=(5, 4))
    larger = replace(config, vocabulary_size=new.model_size)
    values, fresh = weights(config, 0), weights(larger, 1)
    grew = grow_weights(config, old, new, values, fresh)
    table = "lstm_1/kernel" if encoding == "one-hot" else "embedding/embeddings"
    source = values if before else fresh  # a base without a placeholder has none to keep
    np.testing.assert_array_equal(grew["dense/kernel"][:, -1], source["dense/kernel"][:, -1])
    np.testing.assert_array_equal(grew["dense/bias"][-1], source["dense/bias"][-1])
    np.testing.assert_array_equal(grew[table][-1], source[table][-1])
    np.testing.assert_array_equal(grew[table][[1, 2, 4]], values[table][:3])  # b, d, f
    np.testing.assert_array_equal(grew[table][[0, 3, 5]], fresh[table][[0, 3, 5]])  # a, e, g


def test_scalar_encoding_cannot_get_a_placeholder():
    config = ModelConfig(vocabulary_size=3, encoding="scalar", units=(5,))
    new = Vocabulary("bdf", RareCharacters("xz", (1, 1)))
    with pytest.raises(ConfigError, match=r"2 characters.*'xz'.*x = id / V"):
        grow_weights(config, OLD, new, weights(config, 0), weights(replace(config, vocabulary_size=4), 1))
