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
from charlstm.inference.logits import log_softmax
from charlstm.inference.modes import decoder
from charlstm.text.vocabulary import RareCharacters, Vocabulary
from charlstm.text.windows import model_ids
from tests.conftest import ALPHABET, PANGRAM

CHINESE = "".join(chr(0x4E00 + number) for number in range(1_530))
MODELS = {
    "one-hot": {"units": (16,)},
    "scalar, three layers": {"encoding": "scalar", "units": (9, 7, 5)},
    "embedding, equal layers": {"encoding": "embedding", "embedding_size": 6, "units": (12, 12)},
    "Chinese": {"units": (10,), "vocabulary": CHINESE},
    "without biases": {"units": (12,), "use_bias": False},
    "rare characters": {"units": (12,), "vocabulary": Vocabulary(ALPHABET, RareCharacters("é—", (3, 2)))},
    "last target": {"units": (12,), "targets": "last"},
    "other activations": {"units": (12,), "activation": "softsign", "recurrent_activation": "hard_sigmoid"},
}
FORMATS = {
    "onnx": ("tale.onnx", {}),
    "onnx, windows": ("tale.onnx", {"input": "window"}),
    "numpy": ("tale.py", {}),
    "litert": ("tale.tflite", {}),
    "torch": ("tale.pt.safetensors", {}),
    "savedmodel": ("savedmodel", {}),
    "keras": ("tale.keras", {}),
    "keras, stateful": ("tale.keras", {"stateful": True}),
}
MODES = {
    "onnx": {"stateful"}, "onnx, windows": {"stateful", "stateless"}, "numpy": {"stateful"}, "litert": {"stateful"},
    "torch": {"stateful"}, "savedmodel": {"stateful", "stateless"}, "keras": {"stateless"}, "keras, stateful": {"stateful"},
}  # fmt: skip
ANY_BATCH = {"onnx", "onnx, windows", "torch", "savedmodel", "keras"}
TENSORFLOW = ["savedmodel", "keras", "keras, stateful"]
"""Formats that TensorFlow reads; it takes seconds to start and to write a file."""


@pytest.fixture
def make(tmp_path, make_checkpoint):
    def made(folder="tale", vocabulary=ALPHABET, **settings):
        vocabulary = vocabulary if isinstance(vocabulary, Vocabulary) else Vocabulary(vocabulary)
        config = ModelConfig(vocabulary_size=vocabulary.model_size, **{"seq_len": 12, **settings})
        return charlstm.Model(make_checkpoint(tmp_path / folder, config, vocabulary=vocabulary))

    return made


def answers(tmp_path, tasks):
    """Return what users find who cannot import charlstm, all in one process."""
    (tmp_path / "tasks.json").write_text(json.dumps(tasks))
    run = [sys.executable, "-W", "error", Path(__file__).parent / "users.py", "tasks.json", "found.json"]
    if any(task["format"] in ("keras", "savedmodel") for task in tasks):
        run[1:3] = []  # TensorFlow itself has warnings
    subprocess.run(run, cwd=tmp_path, check=True, timeout=500)
    return json.loads((tmp_path / "found.json").read_text())


def task(model, kind, path, length=0, texts=None):
    random = np.random.default_rng(0)
    texts = texts or [random.integers(0, len(model.vocabulary), 12).tolist() for _ in range(3)]
    characters = len(model.vocabulary)
    return {"format": kind.partition(",")[0], "file": str(path), "texts": texts, "length": length, "characters": characters}


def expected(model, ids):
    """Return the logits after every character of a text."""
    reader = decoder(model.network, "stateful")
    state, found = reader.initial_state(1), []
    for character in np.array(ids)[:, None]:
        state = reader.step(character, state)
        found.append(reader.logits(state)[0].copy())
    return np.array(found)


def check(model, kind, given, found):
    """Compare what a user found with what the model computes."""
    learned = len(model.vocabulary)
    assert (found.keys() - {"logits", "batched"}) == MODES[kind]
    assert ("batched" in found) == (kind in ANY_BATCH)
    for way in ("logits", "batched"):
        for ids, logits in zip(given["texts"], found.get(way, found["logits"]), strict=True):
            wanted = expected(model, ids)
            if kind.startswith("keras"):  # which returns probabilities, and only the last ones if that was the target
                wanted = log_softmax(wanted.astype(np.float64))[-1 if model.config.targets == "last" else None :]
                wanted = wanted[-len(logits) :]
            np.testing.assert_allclose(np.array(logits)[:, :learned], wanted[:, :learned], atol=1e-4)
    seed = model.vocabulary.decode(given["texts"][0])
    for mode in MODES[kind]:
        text = model.generate(seed, length=given["length"], temperature=0, mode=mode, with_seed=False)
        assert model.vocabulary.decode(found[mode]) == text


def cases():
    """Yield formats and models that one process reads; further models in formats that take seconds are slow."""
    for kinds in (TENSORFLOW, *([kind] for kind in FORMATS if kind not in TENSORFLOW)):
        every = [(kind, name) for kind in kinds for name in MODELS if (kind, name) != ("torch", "other activations")]
        first = next(iter(MODELS))
        quick = [(kind, name) for kind, name in every if kind not in (*TENSORFLOW, "litert") or name == first]
        # Beside the tests of the plain Keras network that the files of TensorFlow hold.
        beside = kinds in (["torch"], TENSORFLOW)
        yield pytest.param(quick, marks=[pytest.mark.slow] * beside, id="; ".join(kinds))
        if rest := [case for case in every if case not in quick]:
            yield pytest.param(rest, marks=pytest.mark.slow, id=f"{'; '.join(kinds)}, more")


@pytest.mark.parametrize("cases", [*cases()])
def test_a_file_gives_the_logits_and_the_greedy_text(make, tmp_path, cases):
    if cases[0][0] == "torch":
        pytest.importorskip("torch")
    models, tasks = [make(f"model {number}", **MODELS[name]) for number, (_, name) in enumerate(cases)], []
    for number, (model, (kind, _)) in enumerate(zip(models, cases, strict=True)):
        file, options = FORMATS[kind]
        (tmp_path / str(number)).mkdir()
        model.export(tmp_path / str(number) / file, **options)
        tasks.append(task(model, kind, tmp_path / str(number) / file, length=1_000))
    for model, (kind, _), given, found in zip(models, cases, tasks, answers(tmp_path, tasks), strict=True):
        check(model, kind, given, found)


def test_a_keras_file_holds_its_vocabulary_and_an_example(make, tmp_path):
    make(units=(9, 7)).export(tmp_path / "tale.keras")
    with zipfile.ZipFile(tmp_path / "tale.keras") as archive:
        assert json.loads(archive.read("vocabulary.json")) == list(ALPHABET)
        compile(archive.read("README.py"), "README.py", "exec")


@pytest.mark.parametrize("kind", ["onnx", "numpy", pytest.param("litert", marks=pytest.mark.slow)])
def test_a_file_has_every_activation(make, tmp_path, kind):
    names = ["tanh", "sigmoid", "hard_sigmoid", "relu", "softsign", "linear"]
    models, tasks = [make(name, units=(6,), activation=name, recurrent_activation="hard_sigmoid") for name in names], []
    for name, model in zip(names, models, strict=True):
        file = tmp_path / FORMATS[kind][0].replace("tale", f"a {name}")
        model.export(file)
        tasks.append(task(model, kind, file, texts=[[1, 2, 3]]))
    for model, found in zip(models, answers(tmp_path, tasks), strict=True):
        np.testing.assert_allclose(found["logits"][0], expected(model, [1, 2, 3]), rtol=1e-4, atol=1e-4)


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


@pytest.mark.parametrize(("file", "options", "example", "lines"), [
    ("tale.onnx", {}, onnx_example, 1),
    ("tale.onnx", {"input": "window"}, onnx_example, 1),
    ("tale.tflite", {}, example_in_archive, 1),
    pytest.param("tale.keras", {}, example_in_archive, 1, marks=pytest.mark.slow),
    pytest.param("tale.keras", {"stateful": True}, example_in_archive, 1, marks=pytest.mark.slow),
    pytest.param("savedmodel", {}, lambda path: (path / "README.py").read_text(), 2, marks=pytest.mark.slow),
    pytest.param("tale.pt.safetensors", {}, torch_example, 1, marks=pytest.mark.slow),
])  # fmt: skip
@pytest.mark.parametrize("targets", ["every", pytest.param("last", marks=pytest.mark.slow)])
def test_examples_in_the_files_run(make, tmp_path, file, options, example, lines, targets):
    model = make(units=(16,), vocabulary="#%ßä語", targets=targets)  # none of the characters of English
    file = file.replace("tale", """a 'ta"le' {0}\\n""")
    model.export(tmp_path / file, **options)
    run = [sys.executable, "-c", example(tmp_path / file)]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert [len(line) for line in done.stdout.splitlines()] == [1] * lines  # the likeliest next character


@pytest.mark.slow
@pytest.mark.parametrize("min_count", [pytest.param(1, marks=pytest.mark.slow), 120])
def test_an_int8_file_is_smaller_and_its_loss_is_measured(tmp_path, monkeypatch, min_count):
    monkeypatch.chdir(tmp_path)
    text = PANGRAM * 60
    (tmp_path / "tale.txt").write_text(text)
    model = charlstm.train("tale.txt", units=64, seq_len=8, epochs=0.2, min_count=min_count, progress=False)
    assert (model.vocabulary.rare is not None) == (min_count > 1)
    exact, found = model.export("tale.tflite"), model.export("small.tflite", int8=True)
    assert exact.card.added_nats is None
    assert found.size < 0.5 * exact.size
    tail = text[-found.card.held_out :]
    ids = model.vocabulary.encode_any(tail)
    network_ids = model_ids(ids, model.config.vocabulary_size)
    (answer,) = answers(tmp_path, [task(model, "litert", "small.tflite", texts=[network_ids.tolist()])])
    nats = -log_softmax(np.array(answer["logits"][0]))[np.arange(len(ids) - 1), network_ids[1:]]
    score = (nats + model.vocabulary.naming_nats(ids)[1:]).mean()
    assert found.card.nats_per_char == pytest.approx(score, abs=1e-5)
    assert found.card.added_nats == pytest.approx(score - model.score(tail).nats_per_char, abs=1e-5)
