"""Exported files in the programs they are for, which cannot import charlstm."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

import charlstm
from charlstm.config import ModelConfig
from charlstm.errors import CharlstmError
from charlstm.inference.logits import log_softmax
from charlstm.inference.modes import decoder
from tests.conftest import ALPHABET, PANGRAM

CHINESE = "".join(chr(0x4E00 + number) for number in range(1_530))
MODELS = {
    "one-hot": {"units": (16,)},
    "scalar, three layers": {"encoding": "scalar", "units": (9, 7, 5)},
    "embedding, equal layers": {"encoding": "embedding", "embedding_size": 6, "units": (12, 12)},
    "Chinese": {"units": (10,), "vocabulary": CHINESE},
    "without biases": {"units": (12,), "use_bias": False},
}
FILES = {
    "onnx": "tale.onnx",
    "numpy": "tale.py",
    "keras": "tale.keras",
    "torch": "tale.pt.safetensors",
    "savedmodel": "savedmodel",
    "litert": "tale.tflite",
}


@pytest.fixture
def make(tmp_path, make_checkpoint):
    def made(vocabulary=ALPHABET, **settings):
        config = ModelConfig(vocabulary_size=len(vocabulary), **{"seq_len": 12, **settings})
        return charlstm.Model(make_checkpoint(tmp_path / "tale", config, vocabulary=vocabulary))

    return made


def use(model, tmp_path, kind, length=0, texts=None, **options):
    """Export a model, and return the logits and the continuation that its user gets."""
    model.export(tmp_path / FILES[kind], **options)
    random = np.random.default_rng(0)
    texts = texts or [random.integers(0, len(model.vocabulary), 12).tolist() for _ in range(2)]
    task = {
        "format": kind,
        "file": str(tmp_path / FILES[kind]),
        "texts": texts,
        "length": length,
        "characters": len(model.vocabulary),
    }
    (tmp_path / "task.json").write_text(json.dumps(task))
    program = Path(__file__).parent / "users.py"
    subprocess.run([sys.executable, program, "task.json", "found.json"], cwd=tmp_path, check=True, timeout=300)
    return texts, json.loads((tmp_path / "found.json").read_text())


def expected(model, ids):
    """Return the logits after every character of a text."""
    reader = decoder(model.network, "stateful")
    state, found = reader.initial_state(1), []
    for character in np.array(ids)[:, None]:
        state = reader.step(character, state)
        found.append(reader.logits(state)[0].copy())
    return np.array(found)


def assert_same(model, kind, texts, found, length):
    for ids, logits in zip(texts, found["logits"], strict=True):
        wanted = expected(model, ids)
        if kind == "keras":
            wanted = log_softmax(wanted.astype(np.float64))
        np.testing.assert_allclose(np.array(logits)[:, : len(model.vocabulary)], wanted[:, : len(model.vocabulary)], atol=1e-4)
    text = model.vocabulary.decode(found["continued"])
    seed = model.vocabulary.decode(texts[0])
    assert text == model.generate(seed, length=length, temperature=0, mode="stateful", with_seed=False)


@pytest.mark.parametrize("kind", ["onnx", "numpy", "litert"])
@pytest.mark.parametrize("name", MODELS)
def test_a_file_gives_the_logits_and_the_greedy_text(make, tmp_path, name, kind):
    model = make(**MODELS[name])
    assert_same(model, kind, *use(model, tmp_path, kind, 1_000), 1_000)


@pytest.mark.parametrize("name", ["one-hot", *(pytest.param(each, marks=pytest.mark.slow) for each in [*MODELS][1:])])
def test_a_stateful_keras_file_does_too(make, tmp_path, name):
    length = 20 if name == "one-hot" else 1_000
    model = make(**MODELS[name])
    assert_same(model, "keras", *use(model, tmp_path, "keras", length, stateful=True), length)


@pytest.mark.parametrize("name", ["one-hot", *(pytest.param(each, marks=pytest.mark.slow) for each in [*MODELS][1:])])
def test_a_saved_model_does_too_and_reads_windows(make, tmp_path, name):
    length = 20 if name == "one-hot" else 1_000
    model = make(**MODELS[name])
    assert_same(model, "savedmodel", *use(model, tmp_path, "savedmodel", length), length)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_a_pytorch_file_does_too(make, tmp_path, name):
    pytest.importorskip("torch")
    model = make(**MODELS[name])
    assert_same(model, "torch", *use(model, tmp_path, "torch", 1_000), 1_000)


def test_a_keras_file_reads_windows_under_safe_mode(make, tmp_path):
    model = make(units=(9, 7))
    texts, found = use(model, tmp_path, "keras")
    for ids, logits in zip(texts, found["logits"], strict=True):
        np.testing.assert_allclose(logits, log_softmax(expected(model, ids).astype(np.float64)), atol=1e-4)
    with zipfile.ZipFile(tmp_path / "tale.keras") as archive:
        assert json.loads(archive.read("vocabulary.json")) == list(ALPHABET)
        compile(archive.read("README.py"), "README.py", "exec")


@pytest.mark.parametrize("encoding", ["one-hot", "scalar", "embedding"])
def test_an_onnx_file_can_read_windows(make, tmp_path, encoding):
    model = make(units=(9,), encoding=encoding, embedding_size=5)
    assert_same(model, "onnx", *use(model, tmp_path, "onnx", 200, input="window"), 200)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "hard_sigmoid", "relu", "softsign", "linear"])
def test_an_onnx_file_has_every_activation(make, tmp_path, activation):
    model = make(units=(6,), activation=activation, recurrent_activation="hard_sigmoid")
    texts, found = use(model, tmp_path, "onnx", texts=[[1, 2, 3]])
    np.testing.assert_allclose(found["logits"][0], expected(model, texts[0]), rtol=1e-4, atol=1e-4)


def test_an_onnx_file_is_valid_and_says_what_it_is(make, tmp_path):
    import onnx

    make(units=(9, 7)).export(tmp_path / "tale.onnx")
    model = onnx.load(tmp_path / "tale.onnx")
    onnx.checker.check_model(model, full_check=True)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert metadata == {"name": "tale", "vocabulary": ALPHABET, "encoding": "one-hot", "units": "[9, 7]"}
    assert [node.op_type for node in model.graph.node].count("LSTM") == 2
    assert [each.name for each in model.graph.input] == ["ids", "h_1", "c_1", "h_2", "c_2"]


def test_the_program_runs_from_the_command_line(make, tmp_path):
    model = make(units=(16,))
    model.export(tmp_path / "tale.py")
    source = (tmp_path / "tale.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 150
    assert "charlstm" not in source.replace('metadata["charlstm"]', "")
    run = [sys.executable, "-I", "tale.py"]
    done = subprocess.run([*run, "The ", "80", "0"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == model.generate("The ", length=80, temperature=0, mode="stateful") + "\n"
    for arguments, said in {
        ("Ж",): "the model does not know ['Ж']",
        ("",): "give at least one character",
        ("The ", "x", "0"): "expected a number of characters and a temperature; found x 0",
    }.items():
        wrong = subprocess.run([*run, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (wrong.returncode, wrong.stderr) == (1, f"{said}\n")


def onnx_example(path):
    import onnx

    return onnx.load(path).graph.doc_string


def torch_example(path):
    pytest.importorskip("torch")
    with safe_open(path, "numpy") as file:
        return file.metadata()["readme"]


def example_in_archive(path):
    with zipfile.ZipFile(path) as archive:
        return archive.read("README.py").decode()


@pytest.mark.parametrize(("file", "example", "lines"), [
    ("tale.onnx", onnx_example, 1),
    ("tale.tflite", example_in_archive, 1),
    pytest.param("tale.keras", example_in_archive, 1, marks=pytest.mark.slow),
    pytest.param("savedmodel", lambda path: (path / "README.py").read_text(), 2, marks=pytest.mark.slow),
    pytest.param("tale.pt.safetensors", torch_example, 1, marks=pytest.mark.slow),
])  # fmt: skip
def test_examples_in_the_files_run(make, tmp_path, file, example, lines):
    model = make(units=(16,), vocabulary="#%ßä語")  # none of the characters of English
    file = file.replace("tale", "a 'tale' {0}")
    model.export(tmp_path / file)
    run = [sys.executable, "-c", example(tmp_path / file)]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert [len(line) for line in done.stdout.splitlines()] == [1] * lines  # the likeliest next character


def test_an_int8_file_is_smaller_and_its_loss_is_measured(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tale.txt").write_text(PANGRAM * 60)
    model = charlstm.train("tale.txt", units=64, seq_len=8, epochs=0.2, progress=False)
    exact, found = model.export("tale.tflite"), model.export("small.tflite", int8=True)
    assert exact.card.added_nats is None
    assert found.size < 0.5 * exact.size
    tail = (PANGRAM * 60)[-found.card.held_out :]
    ids = model.vocabulary.encode(tail)
    task = {"format": "litert", "file": "small.tflite", "texts": [ids.tolist()], "length": 0, "characters": 28}
    (tmp_path / "task.json").write_text(json.dumps(task))
    run = [sys.executable, Path(__file__).parent / "users.py", "task.json", "found.json"]
    subprocess.run(run, check=True, timeout=300)
    logits = np.array(json.loads((tmp_path / "found.json").read_text())["logits"][0])
    nats = -log_softmax(logits)[np.arange(len(ids) - 1), ids[1:]].mean()
    assert found.card.nats_per_char == pytest.approx(nats, abs=1e-5)
    assert found.card.added_nats == pytest.approx(nats - model.score(tail).nats_per_char, abs=1e-5)


@pytest.mark.parametrize(("to", "options", "said"), [
    ("a.onnx", {"weights": "float16"}, "float16 is for html and module"),
    ("a.onnx", {"stateful": True}, "onnx takes and returns the state"),
    ("a.keras", {"input": "window"}, "it is for .onnx files, not for keras"),
    ("a.keras", {"int8": True}, "it is for .tflite files, not for keras"),
    ("savedmodel", {"stateful": True}, "savedmodel has both modes"),
    (".", {"format": "savedmodel"}, "a folder other than the current one"),
    ("a.onnx", {"input": "letters"}, "expected ids or window"),
    ("a.txt", {}, "expected a file that ends in .html"),
    ("a.safetensors", {"format": "numpy"}, "expected a file that ends in .py"),
    ("nowhere/a.onnx", {}, "nowhere does not exist"),
])  # fmt: skip
def test_what_a_format_cannot_do_is_refused_before_anything_is_written(make, tmp_path, monkeypatch, to, options, said):
    model = make(units=(16,))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CharlstmError) as error:
        model.export(to, **options)
    assert said in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["tale"]


def test_activations_that_pytorch_lacks_are_refused(make, tmp_path):
    with pytest.raises(CharlstmError, match="tanh and sigmoid alone; the model has tanh and hard_sigmoid"):
        make(units=(16,), recurrent_activation="hard_sigmoid").export(tmp_path / "tale.pt.safetensors")
    assert not (tmp_path / "tale.pt.safetensors").exists()
