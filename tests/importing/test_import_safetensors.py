"""Networks in safetensors files, as checkpoints: those that charlstm exported for PyTorch and NumPy, and others."""

import numpy as np
import pytest
from safetensors.numpy import save_file

import charlstm
from charlstm.checkpoint.weights import weights_digest
from charlstm.config import ModelConfig
from charlstm.errors import CharlstmError
from charlstm.importing.checkpoints import import_checkpoint
from charlstm.text.vocabulary import RareCharacters, Vocabulary
from tests.conftest import ALPHABET

V = len(ALPHABET)


@pytest.mark.parametrize("units", [(9, 7, 5), (8, 8)])
@pytest.mark.parametrize("encoding", ["scalar", "one-hot", "embedding"])
@pytest.mark.parametrize("to", ["back.pt.safetensors", "back.py"])
def test_an_exported_model_comes_back_with_its_vocabulary(tmp_path, make_checkpoint, to, encoding, units):
    config = ModelConfig(vocabulary_size=V, encoding=encoding, embedding_size=5, units=units)
    model = charlstm.Model(make_checkpoint(tmp_path / "tale", config))
    model.export(tmp_path / to)
    back = charlstm.import_model(tmp_path / to.replace(".py", ".safetensors"), checkpoints=tmp_path)
    assert (back.name, back.vocabulary, back.config.encoding) == ("back", model.vocabulary, encoding)
    assert weights_digest(back.weights) == weights_digest(model.weights)


@pytest.mark.parametrize("to", ["back.pt.safetensors", "back.py"])
def test_rare_characters_come_back_too(tmp_path, make_checkpoint, to):
    vocabulary = Vocabulary(ALPHABET, RareCharacters("é—", (3, 2)))
    config = ModelConfig(vocabulary_size=V + 1, units=(9,))
    model = charlstm.Model(make_checkpoint(tmp_path / "tale", config, vocabulary=vocabulary))
    model.export(tmp_path / to)
    back = charlstm.import_model(tmp_path / to.replace(".py", ".safetensors"), checkpoints=tmp_path)
    assert back.vocabulary == vocabulary
    assert back.score("The café").nats_per_char == model.score("The café").nats_per_char


@pytest.mark.parametrize("to", ["back.pt.safetensors", "back.py"])
@pytest.mark.parametrize("targets", ["every", "last"])
def test_a_network_comes_back_with_its_settings_and_its_text(tmp_path, make_checkpoint, to, targets):
    config = ModelConfig(vocabulary_size=V, units=(9, 9), seq_len=17, targets=targets)
    model = charlstm.Model(make_checkpoint(tmp_path / "tale", config))
    model.export(tmp_path / to)
    file = tmp_path / to.replace(".py", ".safetensors")
    back = charlstm.import_model(file, checkpoints=tmp_path)
    assert back.config == model.config
    assert import_checkpoint(file, tmp_path / "more").assumed == ()
    seed = "The quick brown fox jumps over"
    assert back.generate(seed, length=40, random_seed=1) == model.generate(seed, length=40, random_seed=1)


def torch_arrays(**changed):
    random = np.random.default_rng(0)
    shapes = {
        "net.lstm.weight_ih_l0": (28, V), "net.lstm.weight_hh_l0": (28, 7), "net.lstm.bias_ih_l0": (28,),
        "net.lstm.bias_hh_l0": (28,), "net.decoder.weight": (V, 7), "net.decoder.bias": (V,),
    } | changed  # fmt: skip
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items() if shape}


def test_a_network_of_pytorch_predicts_what_it_predicts_there(tmp_path):
    torch = pytest.importorskip("torch")
    arrays = torch_arrays()
    save_file(arrays, tmp_path / "net.safetensors")
    characters = list(ALPHABET[::-1])
    model = charlstm.import_model(tmp_path / "net.safetensors", vocabulary=characters, checkpoints=tmp_path)
    lstm, dense = torch.nn.LSTM(V, 7, batch_first=True), torch.nn.Linear(7, V)
    for module, prefix in ((lstm, "net.lstm."), (dense, "net.decoder.")):
        module.load_state_dict({key.removeprefix(prefix): torch.tensor(x) for key, x in arrays.items() if prefix in key})
    ids = torch.tensor([[characters.index(character) for character in "The quick"]])
    with torch.no_grad():
        probabilities = dense(lstm(torch.nn.functional.one_hot(ids, V).float())[0])[0, -1].softmax(-1).numpy()
    found = dict(model.next("The quick", top=None))
    np.testing.assert_allclose([found[character] for character in characters], probabilities, atol=1e-6)


@pytest.mark.parametrize(("changed", "said"), [
    ({"net.lstm.weight_ih_l0_reverse": (28, V)}, "nn.LSTM in one direction"),
    ({"net.lstm.weight_hh_l0": ()}, "nn.LSTM in one direction"),
    ({"net.lstm.bias_hh_l0": (27,)}, "biases beside net.lstm.weight_ih_l0 of the shapes [(28,), (27,)]; expected (28,)"),
    ({"net.lstm.weight_ih_l0": (1,)}, "nn.LSTM in one direction"),
    ({"net.decoder.weight": (1,)}, "net.decoder.weight of the shape (1,); expected weights and biases of layers"),
    ({"net.other.weight": (3, 3), "net.other.bias": (3,)}, "one nn.Linear with a bias"),
    ({"net.decoder.weight": (V, 6)}, "a Dense layer of the shapes"),
    ({"net.lstm.weight_hh_l0": (28, 6)}, "an LSTM layer 1 of the shapes"),
    ({"net.lstm.weight_ih_l0": (28, 3)}, "reads 3 features; expected 1 (ids divided"),
    ({"net.emb.weight": (V, 9)}, f"embeddings of the shape ({V}, 9); expected ({V}, {V})"),
])  # fmt: skip
def test_other_networks_are_refused(tmp_path, changed, said):
    save_file(torch_arrays(**changed), tmp_path / "net.safetensors")
    with pytest.raises(CharlstmError) as error:
        charlstm.import_model(tmp_path / "net.safetensors", vocabulary=list(ALPHABET), checkpoints=tmp_path / "c")
    assert said in str(error.value)
    assert not (tmp_path / "c").exists()


def test_one_bias_is_enough(tmp_path):
    for name, absent in (("a", "net.lstm.bias_ih_l0"), ("b", "net.lstm.bias_hh_l0")):
        arrays = torch_arrays(**{absent: ()})
        save_file(arrays, tmp_path / f"{name}.safetensors")
        model = charlstm.import_model(tmp_path / f"{name}.safetensors", vocabulary=list(ALPHABET), checkpoints=tmp_path)
        (bias,) = [array for key, array in arrays.items() if "lstm.bias" in key]
        np.testing.assert_array_equal(model.weights["lstm_1/bias"], bias)


def test_numbers_of_other_types_and_nan_are_refused(tmp_path):
    arrays = torch_arrays()
    save_file(arrays | {"net.decoder.bias": np.zeros(V, np.int8)}, tmp_path / "a.safetensors")
    arrays["net.lstm.bias_ih_l0"][3] = np.nan
    save_file(arrays, tmp_path / "b.safetensors")
    arrays["net.lstm.bias_ih_l0"] = arrays["net.lstm.bias_ih_l0"].astype(float)
    arrays["net.lstm.bias_ih_l0"][3] = 1e300
    save_file(arrays, tmp_path / "c.safetensors")
    not_finite = "numbers in lstm_1/bias that are NaN, infinite or too large for float32"
    for file, said in {"a": "of type I8; expected F32, F64 or F16", "b": not_finite, "c": not_finite}.items():
        with pytest.raises(CharlstmError, match=said):
            charlstm.import_model(tmp_path / f"{file}.safetensors", vocabulary=list(ALPHABET), checkpoints=tmp_path)


@pytest.mark.parametrize("to", ["back.pt.safetensors", "back.py"])
def test_the_vocabulary_of_an_export_with_rare_characters_can_be_given_too(tmp_path, make_checkpoint, to):
    vocabulary = Vocabulary(ALPHABET, RareCharacters("é—", (3, 2)))
    config = ModelConfig(vocabulary_size=V + 1, units=(9,))
    charlstm.Model(make_checkpoint(tmp_path / "tale", config, vocabulary=vocabulary)).export(tmp_path / to)
    file = tmp_path / to.replace(".py", ".safetensors")
    back = charlstm.import_model(file, vocabulary=list(ALPHABET), checkpoints=tmp_path)
    assert back.vocabulary == vocabulary
