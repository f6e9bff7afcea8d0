"""Networks that Keras saved, as checkpoints: Keras's own predictions are the oracle."""

import json
import random
from dataclasses import replace

import keras
import numpy as np
import pytest

import charlstm
from charlstm.checkpoint.weights import weights_digest
from charlstm.config import ModelConfig
from charlstm.errors import CharlstmError
from tests.conftest import ALPHABET

V = len(ALPHABET)


def network(encoding, *, sizes=(9, 7), last=False, **settings):
    """Return a Keras model, and a function from ids to what it reads."""
    first = {
        "scalar": [keras.Input((12, 1))],
        "one-hot": [keras.Input((12, V))],
        "embedding": [keras.Input((12,)), keras.layers.Embedding(V, 5)],
    }[encoding]
    lstms = [
        keras.layers.LSTM(
            units, return_sequences=not (last and number == len(sizes)), bias_initializer="random_normal", **settings
        )
        for number, units in enumerate(sizes, start=1)
    ]
    dense = keras.layers.Dense(V, activation="softmax", bias_initializer="random_normal")
    model = keras.Sequential([*first, lstms[0], keras.layers.Dropout(0.2), *lstms[1:], dense])
    reads = {
        "scalar": lambda ids: (ids / V).astype(np.float32)[None, :, None],
        "one-hot": lambda ids: np.eye(V, dtype=np.float32)[ids][None],
        "embedding": lambda ids: ids[None],
    }[encoding]
    return model, reads


def assert_same(model, keras_model, reads, characters):
    """Compare the distribution after a window with Keras's, in both modes."""
    text = "".join(random.Random(3).choices(ALPHABET, k=12))
    ids = np.array([characters.index(character) for character in text])
    expected = np.asarray(keras_model(reads(ids)))[0]
    expected = expected[-1] if expected.ndim == 2 else expected
    for mode in ("stateless", "stateful"):
        found = dict(model.next(text, top=None, mode=mode))
        np.testing.assert_allclose([found[character] for character in characters], expected, atol=1e-6)


@pytest.fixture
def characters():
    """Return the vocabulary in an order that is not ascending."""
    return random.Random(0).sample(ALPHABET, V)


@pytest.mark.parametrize("encoding", ["scalar", "one-hot", "embedding"])
@pytest.mark.parametrize("file", ["tale.keras", "tale.weights.h5", "tale.h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_a_network_predicts_what_it_predicts_in_keras(tmp_path, characters, encoding, file):
    keras_model, reads = network(encoding, last=file == "tale.keras")
    keras_model.compile("adam", "sparse_categorical_crossentropy")
    (keras_model.save_weights if ".weights." in file else keras_model.save)(tmp_path / file)
    characters = list(ALPHABET) if encoding == "scalar" else characters
    (tmp_path / "vocabulary.json").write_text(json.dumps(characters))
    model = charlstm.import_model(
        tmp_path / file, vocabulary=tmp_path / "vocabulary.json", seq_len=12, checkpoints=tmp_path / "c"
    )
    assert (model.config.encoding, model.config.units, model.name) == (encoding, (9, 7), "tale")
    assert model.config.targets == ("every" if file == "tale.h5" else "last")
    assert_same(model, keras_model, reads, characters)
    assert model.vocabulary.characters == ALPHABET
    assert len(model.generate("The ", length=20, random_seed=1)) == 24
    result = charlstm.compare(model, seed="The ", length=20)
    assert set(result.to_dict()["modes"]) == {"stateless", "stateful"}


@pytest.mark.parametrize(
    "settings", [{"use_bias": False}, {"activation": "relu", "recurrent_activation": "hard_sigmoid"}, {"sizes": (6,) * 11}]
)
def test_settings_of_layers_are_read(tmp_path, characters, settings):
    keras_model, reads = network("one-hot", **settings)
    keras_model.save(tmp_path / "tale.keras")
    model = charlstm.import_model(tmp_path / "tale.keras", vocabulary=characters, checkpoints=tmp_path)
    assert model.config.seq_len == 12
    assert model.config.use_bias == settings.get("use_bias", True)
    assert_same(model, keras_model, reads, characters)


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_layers_are_in_the_order_of_the_network_whatever_they_are_called(tmp_path):
    keras_model = keras.Sequential(
        [
            keras.Input((12, V)),
            keras.layers.LSTM(7, return_sequences=True, name="z"),
            keras.layers.LSTM(7, return_sequences=True, name="b"),
            keras.layers.LSTM(7, return_sequences=True, name="a"),
            keras.layers.TimeDistributed(keras.layers.Dense(V, activation="softmax")),
        ]
    )
    for file in ("tale.keras", "tale.h5"):
        keras_model.save(tmp_path / file)
        model = charlstm.import_model(tmp_path / file, vocabulary=list(ALPHABET), checkpoints=tmp_path)
        assert_same(model, keras_model, lambda ids: np.eye(V, dtype=np.float32)[ids][None], list(ALPHABET))


class Subclassed(keras.Model):
    """A network whose layers are attributes, by which its weights are named in a file."""

    def __init__(self, use_bias):
        super().__init__()
        self.chars = keras.layers.Embedding(V, 5)
        self.rnn = keras.layers.LSTM(9, return_sequences=True)
        self.out = keras.layers.Dense(V, use_bias=use_bias)

    def call(self, ids):
        """Return the distributions ``[B, T, V]`` after ids ``[B, T]``."""
        return keras.ops.softmax(self.out(self.rnn(self.chars(ids))))


def test_an_embedding_of_any_name_is_recognised(tmp_path, characters):
    keras_model = Subclassed(use_bias=True)
    keras_model(np.zeros((1, 12), int))
    keras_model.save_weights(tmp_path / "tale.weights.h5")
    model = charlstm.import_model(tmp_path / "tale.weights.h5", vocabulary=characters, checkpoints=tmp_path)
    assert_same(model, keras_model, lambda ids: ids[None], characters)


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("names", [("chars", "out"), ("a_dense", "an_embedding")])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_arrays_of_old_files_are_told_apart_by_their_own_names(tmp_path, characters, names, use_bias):
    embedding = keras.layers.Embedding(V, 5, name=names[0])
    dense = keras.layers.Dense(V, activation="softmax", name=names[1], use_bias=use_bias)
    keras_model = keras.Sequential([keras.Input((12,)), embedding, keras.layers.LSTM(9), dense])
    keras_model.save(tmp_path / "tale.h5")
    model = charlstm.import_model(tmp_path / "tale.h5", vocabulary=characters, checkpoints=tmp_path)
    assert_same(model, keras_model, lambda ids: ids[None], characters)


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_weights_of_both_directions_are_refused(tmp_path):
    both = keras.layers.Bidirectional(keras.layers.LSTM(5, return_sequences=True), merge_mode="sum")
    keras_model = keras.Sequential([keras.Input((12,)), keras.layers.Embedding(V, 5), both, _dense()])
    keras_model.save_weights(tmp_path / "tale.weights.h5")
    with pytest.raises(CharlstmError, match=r"backward_layer.* an LSTM layer that reads backwards; expected LSTM"):
        charlstm.import_model(tmp_path / "tale.weights.h5", vocabulary=list(ALPHABET), checkpoints=tmp_path)


def _dense(size=V, activation="softmax"):
    return keras.layers.Dense(size, activation)


@pytest.mark.parametrize(("layers", "said"), [
    (lambda: [keras.layers.GRU(9), _dense()], "a layer 'GRU'"),
    (lambda: [keras.layers.Bidirectional(keras.layers.LSTM(9, return_sequences=True)), keras.layers.LSTM(9), _dense()],
     "a layer 'Bidirectional'"),
    (lambda: [keras.layers.LSTM(9, go_backwards=True), _dense()], "reads backwards"),
    (lambda: [keras.layers.LSTM(9, activation="gelu"), _dense()], "the activation gelu; expected one of tanh"),
    (lambda: [keras.layers.LSTM(9), _dense(activation="relu")], "ends with the activations ['relu']; expected softmax"),
    (lambda: [keras.layers.LSTM(9), _dense(5), _dense()], "LSTM, Dense, Dense; expected LSTM layers, then one Dense"),
    (lambda: [keras.layers.Rescaling(1 / (V - 1)), keras.layers.LSTM(9), _dense()], "the layers InputLayer, Rescaling, LSTM"),
    (lambda: [keras.layers.LSTM(9), keras.layers.Rescaling(2.0), _dense()], "the layers InputLayer, LSTM, Rescaling"),
    (lambda: [keras.layers.LSTM(9), keras.layers.Activation("softmax"), _dense()], "the layers InputLayer, LSTM, Activation"),
    (lambda: [keras.layers.LSTM(9), _dense(), keras.layers.Activation("softmax")], "the activations ['softmax', 'softmax']"),
    (lambda: [keras.layers.Normalization(), keras.layers.LSTM(9), _dense()], "a layer 'Normalization'"),
    (lambda: [keras.Sequential([keras.layers.LSTM(9)]), _dense()], "a layer 'Sequential'"),
    (lambda: [keras.layers.LSTM(9), _dense(V - 1)], f"{V} characters, and tale.keras predicts {V - 1}"),
    (lambda: [keras.layers.Dense(5, "linear"), keras.layers.LSTM(9), _dense()], "the layers InputLayer, Dense, LSTM, Dense"),
])  # fmt: skip
def test_other_networks_are_refused_and_nothing_is_written(tmp_path, layers, said):
    keras.Sequential([keras.Input((12, V)), *layers()]).save(tmp_path / "tale.keras")
    with pytest.raises(CharlstmError) as error:
        charlstm.import_model(tmp_path / "tale.keras", vocabulary=list(ALPHABET), checkpoints=tmp_path / "c")
    assert said in str(error.value)
    assert not (tmp_path / "c").exists()


def functional(build):
    x = keras.Input((12, V))
    return keras.Model(x, build(x))


def twice(x):
    layer = keras.layers.LSTM(V, return_sequences=True)
    return _dense()(layer(layer(x)))


def with_initial_state(x):
    state = keras.layers.Dense(9)(x[:, 0])
    return _dense()(keras.layers.LSTM(9)(x, initial_state=[state, state]))


def masking():
    return keras.layers.Embedding(V, 5, mask_zero=True)


def two_inputs(_):
    x, h = keras.Input((12, V)), keras.Input((9,))
    return keras.Model([x, h], _dense()(keras.layers.LSTM(9)(x, initial_state=[h, h])))


@pytest.mark.parametrize(("build", "said"), [
    (lambda: functional(twice), "with several inputs"),
    (lambda: functional(with_initial_state), "several inputs"),
    (lambda: two_inputs(None), "several inputs"),
    (lambda: keras.Sequential([keras.Input((12,)), masking(), keras.layers.LSTM(9), _dense()]), "mask_zero, which skips"),
])  # fmt: skip
def test_networks_that_are_no_chain_are_refused(tmp_path, build, said):
    build().save(tmp_path / "tale.keras")
    with pytest.raises(CharlstmError, match=said):
        charlstm.import_model(tmp_path / "tale.keras", vocabulary=list(ALPHABET), checkpoints=tmp_path)


def test_a_functional_model_is_one_too(tmp_path, characters):
    keras_model = functional(lambda x: _dense()(keras.layers.LSTM(9, bias_initializer="random_normal")(x)))
    keras_model.save(tmp_path / "tale.keras")
    model = charlstm.import_model(tmp_path / "tale.keras", vocabulary=characters, checkpoints=tmp_path)
    assert_same(model, keras_model, lambda ids: np.eye(V, dtype=np.float32)[ids][None], characters)


def test_an_exported_model_comes_back_with_the_same_weights(tmp_path, make_checkpoint):
    for encoding in ("scalar", "one-hot", "embedding"):
        config = ModelConfig(vocabulary_size=V, seq_len=12, encoding=encoding, embedding_size=5, units=(9, 7))
        model = charlstm.Model(make_checkpoint(tmp_path / encoding, config))
        model.export(tmp_path / f"{encoding}-back.keras")
        back = charlstm.import_model(tmp_path / f"{encoding}-back.keras", vocabulary=list(ALPHABET), checkpoints=tmp_path)
        assert back.config == replace(model.config, unit_forget_bias=True, embedding_size=back.config.embedding_size)
        assert weights_digest(back.weights) == weights_digest(model.weights)
