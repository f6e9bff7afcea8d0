"""The vocabulary of an imported Keras network: given, kept in an exported file, and with a placeholder of rare characters."""

import random
import zipfile

import keras
import numpy as np
import pytest

import charlstm
from charlstm.checkpoint.weights import weights_digest
from charlstm.config import ModelConfig
from charlstm.errors import CharlstmError
from charlstm.text.vocabulary import RareCharacters, Vocabulary
from tests.conftest import ALPHABET

V = len(ALPHABET)


@pytest.fixture
def characters():
    """Return the vocabulary in an order that is not ascending."""
    return random.Random(0).sample(ALPHABET, V)


def test_the_placeholder_of_a_string_lookup_becomes_that_of_rare_characters(tmp_path, characters):
    size = V + 1
    layers = [
        keras.layers.Embedding(size, 5),
        keras.layers.LSTM(9, bias_initializer="random_normal"),
        keras.layers.Dense(size, activation="softmax"),
    ]
    keras_model = keras.Sequential([keras.Input((12,)), *layers])
    keras_model.save(tmp_path / "tale.keras")
    vocabulary = ["[UNK]", *characters]
    model = charlstm.import_model(tmp_path / "tale.keras", vocabulary=vocabulary, checkpoints=tmp_path)
    assert model.vocabulary == Vocabulary(ALPHABET, RareCharacters("", ()))
    ids = np.array([vocabulary.index(character) for character in "The quick br"])
    expected = np.asarray(keras_model(ids[None]))[0, 1:]
    found = dict(model.next("The quick br", top=None))  # the placeholder is never written
    np.testing.assert_allclose([found[character] for character in characters], expected / expected.sum(), atol=1e-6)
    assert model.score("The quick é").nats_per_char > 0
    assert model.generate("The ", length=20, random_seed=1).startswith("The ")


@pytest.mark.parametrize("encoding", ["scalar", "one-hot", "embedding"])
@pytest.mark.parametrize("source", ["archive", "file", "list"])
def test_rare_characters_of_an_export_come_back_with_its_vocabulary(tmp_path, make_checkpoint, encoding, source):
    learned = Vocabulary(ALPHABET, RareCharacters("é—", (3, 2)))
    config = ModelConfig(vocabulary_size=V + 1, seq_len=12, encoding=encoding, embedding_size=5, units=(9, 7))
    model = charlstm.Model(make_checkpoint(tmp_path / "tale", config, vocabulary=learned))
    model.export(tmp_path / "back.keras")
    with zipfile.ZipFile(tmp_path / "back.keras") as archive:
        archive.extract("vocabulary.json", tmp_path)
    vocabulary = {"archive": None, "file": tmp_path / "vocabulary.json", "list": list(ALPHABET)}[source]
    back = charlstm.import_model(tmp_path / "back.keras", vocabulary=vocabulary, checkpoints=tmp_path)
    assert back.vocabulary == Vocabulary(ALPHABET, RareCharacters("", ()))  # the file does not name them
    assert weights_digest(back.weights) == weights_digest(model.weights)
    assert back.next("The café", top=None) == model.next("The café", top=None)


def test_the_vocabulary_of_an_export_is_taken_from_it(tmp_path, make_checkpoint):
    model = charlstm.Model(make_checkpoint(tmp_path / "tale"))
    model.export(tmp_path / "back.keras")
    back = charlstm.import_model(tmp_path / "back.keras", checkpoints=tmp_path)
    assert back.vocabulary == model.vocabulary
    assert back.next("The quick", top=None) == model.next("The quick", top=None)


@pytest.mark.parametrize("content", ["not JSON", "5", '["a"]', '["ab", "c"]', '["a", "b", "c"]'])
def test_a_member_that_is_no_vocabulary_of_the_network_is_ignored(tmp_path, characters, content):
    keras_model = keras.Sequential([keras.Input((12, V)), keras.layers.LSTM(9), keras.layers.Dense(V, activation="softmax")])
    keras_model.save(tmp_path / "tale.keras")
    with zipfile.ZipFile(tmp_path / "tale.keras", "a") as archive:
        archive.writestr("vocabulary.json", content)
    with pytest.raises(CharlstmError, match="does not say which characters"):
        charlstm.import_model(tmp_path / "tale.keras", checkpoints=tmp_path)
    assert charlstm.import_model(tmp_path / "tale.keras", vocabulary=characters, checkpoints=tmp_path).vocabulary.characters


def test_a_vocabulary_without_its_placeholder_is_told_so(tmp_path, characters):
    keras_model = keras.Sequential(
        [keras.Input((12, V + 1)), keras.layers.LSTM(9), keras.layers.Dense(V + 1, activation="softmax")]
    )
    keras_model.save(tmp_path / "tale.keras")
    with pytest.raises(CharlstmError, match=r'add the entry "\[UNK\]"'):
        charlstm.import_model(tmp_path / "tale.keras", vocabulary=characters, checkpoints=tmp_path)
