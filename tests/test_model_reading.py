"""What a model expects of texts, compared with Keras and with definitions."""

import keras
import numpy as np
import pytest

import charlstm
from charlstm.config import ModelConfig
from charlstm.errors import ConfigError, CorpusError, UnknownCharacterError
from charlstm.text.vocabulary import RareCharacters, Vocabulary
from charlstm.text.windows import normalise
from tests.conftest import ALPHABET, PANGRAM

TWO_LAYERS = ModelConfig(vocabulary_size=len(ALPHABET), seq_len=12, units=(16, 9))


@pytest.fixture
def model(tmp_path, make_checkpoint):
    return charlstm.Model(make_checkpoint(tmp_path / "checkpoints" / "tale", TWO_LAYERS))


def keras_probabilities(model: charlstm.Model, text: str) -> np.ndarray:
    """Return Keras's probabilities after every character of a text, read from a zero state: ``[T, V]``."""
    return keras_probabilities_of_rows(model, model.vocabulary.encode(text)[None])[0]


def keras_probabilities_of_rows(model: charlstm.Model, ids: np.ndarray) -> np.ndarray:
    """Return Keras's probabilities after every character of several texts of the same length: ``[B, T, V]``."""
    config, weights = model.config, model.weights
    x = keras.ops.one_hot(ids.astype("int32"), config.vocabulary_size)
    for number, units in enumerate(config.units, start=1):
        layer = keras.layers.LSTM(units, return_sequences=True)
        layer.build(x.shape)
        layer.set_weights([weights[f"lstm_{number}/{part}"] for part in ("kernel", "recurrent_kernel", "bias")])
        x = layer(x)
    logits = keras.ops.matmul(x, weights["dense/kernel"]) + weights["dense/bias"]
    return np.asarray(keras.ops.softmax(logits)).astype(np.float64)


def test_next_surprisal_and_score_equal_keras(model):
    text = PANGRAM * 3
    probabilities, ids = keras_probabilities(model, text), model.vocabulary.encode(text)
    found = model.next(text, top=None)
    assert sum(probability for _, probability in found) == pytest.approx(1)
    assert [probability for _, probability in found] == sorted((p for _, p in found), reverse=True)
    for character, probability in found:
        assert probability == pytest.approx(probabilities[-1, model.vocabulary.encode(character)[0]], rel=1e-4)
    assert model.next(text, top=3) == found[:3]
    nats = -np.log(probabilities[np.arange(len(ids) - 1), ids[1:]])
    assert model.surprisal(text).dtype == np.float64
    np.testing.assert_allclose(model.surprisal(text), nats, rtol=1e-4)
    score = model.score(text)
    assert (score.characters, score.nats_per_char) == (len(text), pytest.approx(nats.mean(), rel=1e-5))
    assert score.bits_per_char == pytest.approx(score.nats_per_char / np.log(2))


def test_stateless_score_and_next_read_a_window(model):
    text, window = PANGRAM * 2, model.config.seq_len
    ids = model.vocabulary.encode(text)
    # The first characters are read from the start of the text, the others in windows of their own.
    after = [*keras_probabilities(model, text[: window - 1])]
    windows = np.stack([ids[place - window : place] for place in range(window, len(text))])
    after += [*keras_probabilities_of_rows(model, windows)[:, -1]]
    expected = -np.log([probabilities[following] for probabilities, following in zip(after, ids[1:], strict=True)])
    assert model.score(text, mode="stateless").nats_per_char == pytest.approx(np.mean(expected), rel=1e-4)
    last = keras_probabilities(model, text[-window:])[-1]
    character, probability = model.next(text, top=1, mode="stateless")[0]
    assert probability == pytest.approx(last[model.vocabulary.encode(character)[0]], rel=1e-4)


@pytest.mark.parametrize("layer", [1, 2])
def test_activations_equal_keras_outputs_and_the_equations(model, layer):
    found, ids = model.activations(PANGRAM, layer), model.vocabulary.encode(PANGRAM)
    assert found.h.shape == (len(PANGRAM), model.config.units[layer - 1])
    assert found.h.dtype == np.float32
    x = keras.ops.one_hot(ids[None].astype("int32"), model.config.vocabulary_size)
    for number in range(1, layer + 1):
        ours = keras.layers.LSTM(model.config.units[number - 1], return_sequences=True, return_state=True)
        ours.build(x.shape)
        ours.set_weights([model.weights[f"lstm_{number}/{part}"] for part in ("kernel", "recurrent_kernel", "bias")])
        x, _, c = ours(x)
    np.testing.assert_allclose(found.h, np.asarray(x)[0], atol=1e-6)
    np.testing.assert_allclose(found.c[-1], np.asarray(c)[0], atol=1e-5)
    before = np.concatenate([np.zeros_like(found.c[:1]), found.c[:-1]])
    np.testing.assert_allclose(found.c, found.f * before + found.i * found.g, atol=1e-6)
    np.testing.assert_allclose(found.h, found.o * np.tanh(found.c), atol=1e-6)


def test_reading_methods_refuse_what_they_cannot_read(model):
    with pytest.raises(ConfigError, match="layer: expected an integer from 1 to 2; found 3"):
        model.activations("fox", layer=3)
    with pytest.raises(CorpusError, match="expected a text of at least 1 character; found 0"):
        model.next("")
    for short in ("", "f"):
        with pytest.raises(CorpusError, match=f"expected a text of at least 2 characters; found {len(short)}"):
            model.score(short)
    with pytest.raises(UnknownCharacterError):
        model.surprisal("12")


def test_rare_characters_cost_their_name(tmp_path, make_checkpoint):
    vocabulary = Vocabulary("abcdef", RareCharacters("yz", (5, 2)))
    config = ModelConfig(vocabulary_size=vocabulary.model_size, seq_len=12, units=(5,))
    model = charlstm.Model(make_checkpoint(tmp_path / "rare", config, vocabulary=vocabulary))
    named = model.surprisal("abz") - model.surprisal("aby")
    assert named == pytest.approx([0, np.log(5 / 2)])
    assert len(model.next("az", top=None)) == 6


@pytest.mark.parametrize("stateful", [False, True])
def test_to_keras_gives_the_same_probabilities(model, tmp_path, stateful):
    made = model.to_keras(stateful=stateful)
    made.save(tmp_path / "tale.keras")
    loaded = keras.saving.load_model(tmp_path / "tale.keras", safe_mode=True)
    text = PANGRAM[:12]
    x = normalise(model.vocabulary.encode(text), model.config.vocabulary_size)[None]
    for each in (made, loaded):
        np.testing.assert_allclose(np.asarray(each(x))[0], keras_probabilities(model, text), atol=1e-5)
