"""Files of strangers: nothing outside the file is read, nothing in it runs, and damage is one clear error."""

import io
import json
import pickle
import zipfile

import h5py
import numpy as np
import pytest

import charlstm
from charlstm.errors import CharlstmError
from tests.conftest import ALPHABET

V = len(ALPHABET)


def write_weights(file, *, kernel=None):
    """Write the weights of a small network; ``kernel`` adds the first array in another way."""
    random = np.random.default_rng(0)
    with h5py.File(file, "w") as root:
        cell = root.create_group("layers/lstm/cell/vars")
        if kernel is None:
            cell["0"] = random.normal(size=(V, 28)).astype(np.float32)
        else:
            kernel(cell)
        cell["1"] = random.normal(size=(7, 28)).astype(np.float32)
        cell["2"] = np.zeros(28, np.float32)
        root["layers/dense/vars/0"] = random.normal(size=(7, V)).astype(np.float32)
        root["layers/dense/vars/1"] = np.zeros(V, np.float32)


def refusal(file, tmp_path, vocabulary=ALPHABET):
    with pytest.raises(CharlstmError) as error:
        charlstm.import_model(file, vocabulary=list(vocabulary), checkpoints=tmp_path / "c")
    assert not (tmp_path / "c").exists()
    return str(error.value)


def test_the_weights_are_read_if_nothing_is_wrong_with_them(tmp_path):
    write_weights(tmp_path / "a.weights.h5")
    assert charlstm.import_model(tmp_path / "a.weights.h5", vocabulary=list(ALPHABET), checkpoints=tmp_path).name == "a"


def external_link(cell):
    cell["0"] = h5py.ExternalLink("secret.h5", "/numbers")


def soft_link(cell):
    cell["0"] = h5py.SoftLink("/layers/dense/vars/0")


def external_data(cell):
    cell.create_dataset("0", shape=(V, 28), dtype="f4", external=[("secret.h5", 0, 4 * V * 28)])


def virtual(cell):
    layout = h5py.VirtualLayout(shape=(V, 28), dtype="f4")
    layout[:] = h5py.VirtualSource("secret.h5", "numbers", shape=(V, 28))
    cell.create_virtual_dataset("0", layout)


@pytest.mark.parametrize(("kernel", "said"), [
    (external_link, "has links"), (soft_link, "has links"),
    (external_data, "refers to other files"), (virtual, "refers to other files"),
])  # fmt: skip
def test_nothing_outside_the_file_is_read(tmp_path, monkeypatch, kernel, said):
    monkeypatch.chdir(tmp_path)
    with h5py.File("secret.h5", "w") as secret:
        secret["numbers"] = np.ones((V, 28), np.float32)
    write_weights("a.weights.h5", kernel=kernel)
    assert said in refusal("a.weights.h5", tmp_path)


def test_a_small_file_that_unfolds_to_terabytes_is_refused(tmp_path):
    write_weights(
        tmp_path / "a.weights.h5",
        kernel=lambda cell: cell.create_dataset("0", shape=(1 << 38, 28), dtype="f4", chunks=(1 << 16, 28), compression="gzip"),
    )
    assert (tmp_path / "a.weights.h5").stat().st_size < 1 << 20
    assert "needs" in refusal(tmp_path / "a.weights.h5", tmp_path)


def test_groups_that_contain_themselves_end(tmp_path):
    write_weights(tmp_path / "a.weights.h5")
    with h5py.File(tmp_path / "a.weights.h5", "a") as root:
        root["layers/again"] = root["layers"]
    assert "too many objects" in refusal(tmp_path / "a.weights.h5", tmp_path)


@pytest.mark.parametrize("name", ["a.keras", "a.h5", "a.weights.h5", "a.safetensors"])
@pytest.mark.parametrize("content", [b"", b"x" * 100, b"PK\3\4", b"\x89HDF\r\n\x1a\n" + bytes(50), b"\xff" * 16])
def test_damage_is_one_clear_error(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert "damaged" in refusal(tmp_path / name, tmp_path)


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_damaged_archive_is_one_clear_error(tmp_path, compression):
    weights = io.BytesIO()
    write_weights(weights)
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", compression) as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("metadata.json", "{}")
        archive.writestr("model.weights.h5", weights.getvalue())
        start = archive.getinfo("model.weights.h5").header_offset
    for place in range(start + 46, start + 1_046, 40):
        content = bytearray(whole.getvalue())
        content[place : place + 8] = b"\xaa" * 8
        (tmp_path / "a.keras").write_bytes(content)
        assert "damaged" in refusal(tmp_path / "a.keras", tmp_path)


def committed_type(cell):
    cell["0"] = np.dtype("f4")


def scalar(cell):
    cell["0"] = np.float32(3)


@pytest.mark.parametrize(("kernel", "said"), [(committed_type, "of type float32"), (scalar, "of type float32 and shape ()")])
def test_other_objects_are_refused(tmp_path, kernel, said):
    write_weights(tmp_path / "a.weights.h5", kernel=kernel)
    assert said in refusal(tmp_path / "a.weights.h5", tmp_path)


def test_a_truncated_file_is_one_clear_error(tmp_path):
    write_weights(tmp_path / "a.weights.h5")
    whole = (tmp_path / "a.weights.h5").read_bytes()
    for length in range(0, len(whole), 997):
        (tmp_path / "a.weights.h5").write_bytes(whole[:length])
        assert "damaged" in refusal(tmp_path / "a.weights.h5", tmp_path)


@pytest.mark.parametrize(
    "config", ["[]", "{}", "null", '{"config": {"layers": [1]}}', '{"config": {"layers": 3}}', "[" * 100_000]
)
def test_settings_of_other_forms_are_one_clear_error(tmp_path, config):
    weights = io.BytesIO()
    write_weights(weights)
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as archive:
        archive.writestr("config.json", config)
        archive.writestr("metadata.json", '{"keras_version": "3.15.0"}')
        archive.writestr("model.weights.h5", weights.getvalue())
    refusal(tmp_path / "a.keras", tmp_path)


def test_hard_sigmoid_of_keras_2_is_refused_since_it_is_another_function(tmp_path):
    layers = [
        {"class_name": "LSTM", "config": {"name": "lstm", "activation": "tanh", "recurrent_activation": "hard_sigmoid"}},
        {"class_name": "Dense", "config": {"name": "dense", "activation": "softmax"}},
    ]
    write_weights(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "a") as root:
        root.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"layers": layers}})
        root.attrs["keras_version"] = b"2.2.4"
    assert "Keras 2.2.4, whose hard_sigmoid differs" in refusal(tmp_path / "a.h5", tmp_path)


@pytest.mark.parametrize(("content", "said"), [
    ("[1, 2]", "the entry 1; expected single characters"),
    ('["a", "a"]', "has 'a' twice"),
    ('["a", "bc"]', "the entry 'bc'"),
    ("[]", "0 characters; expected at least 2"),
    ('["a"]', "1 character; expected at least 2"),
    ('{"a": 0, "b": true, "c": 2}', "the id True for 'b'; expected whole numbers"),
    ('{"a": "0", "b": "1"}', "the id '0' for 'a'; expected whole numbers without quotes"),
    (f'{{"a": 0, "b": {"1" * 5000}}}', "is not JSON"),
    ('{"a": 0, "b": 2}', "ids other than 0 to 1"),
    ('"abc"', f"the vocabulary has 3 characters, and a.weights.h5 predicts {V}"),
    ("17", "expected a JSON list"),
    ("abc", "is not JSON"),
])  # fmt: skip
def test_a_vocabulary_that_cannot_be_one_is_refused(tmp_path, content, said):
    write_weights(tmp_path / "a.weights.h5")
    (tmp_path / "vocabulary.json").write_text(content)
    with pytest.raises(CharlstmError) as error:
        charlstm.import_model(tmp_path / "a.weights.h5", vocabulary=tmp_path / "vocabulary.json", checkpoints=tmp_path)
    assert said in str(error.value)


def test_a_pickle_is_never_opened(tmp_path):
    write_weights(tmp_path / "a.weights.h5")
    (tmp_path / "vocabulary.pkl").write_bytes(pickle.dumps(ALPHABET))
    with pytest.raises(CharlstmError, match="is a pickle, which could run code"):
        charlstm.import_model(tmp_path / "a.weights.h5", vocabulary=tmp_path / "vocabulary.pkl", checkpoints=tmp_path)
