"""Writing an export: formats by name, what is refused, what is replaced and what is kept, and the card."""

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import charlstm
from charlstm.config import ModelConfig
from charlstm.errors import CharlstmError, ConfigError
from tests.cases import slow
from tests.conftest import ALPHABET, PANGRAM


@pytest.fixture
def model(tmp_path, make_checkpoint, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return charlstm.Model(make_checkpoint(tmp_path / "checkpoints" / "tale", nats_per_char=1.25))


def test_a_page_replaces_an_older_one(model, tmp_path):
    model.export("tale.html")
    with (tmp_path / "tale.html").open("a") as file:
        file.write("old")
    found = model.export("tale.html")
    assert (found.format, found.size) == ("html", (tmp_path / "tale.html").stat().st_size)
    assert "window, { charlstm" in (tmp_path / "tale.html").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoints", "tale.html"]


def test_a_folder_gets_a_module_that_can_be_renewed(model, tmp_path):
    model.export("site")
    names = {path.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site").rglob("*.*")}
    assert {"model.json", "weights.bin", "index.html", "README.md", "engine/index.js", "engine/lstm.js"} <= names
    (tmp_path / "site" / "index.html").write_text("mine")
    (tmp_path / "site" / "weights.bin").write_bytes(b"")
    model.export("site")
    assert (tmp_path / "site" / "index.html").read_text() == "mine"
    assert (tmp_path / "site" / "weights.bin").stat().st_size > 0


@pytest.fixture
def small_disk(monkeypatch):
    """Let files over 3 kB fail, as on a full disk; return a function that ends that."""
    write = os.write

    def limited(descriptor, content):
        if len(content) > 3_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, content)

    monkeypatch.setattr(os, "write", limited)
    return lambda: monkeypatch.setattr(os, "write", write)


@pytest.mark.parametrize("to", ["site", "empty", "."])
def test_a_module_that_does_not_fit_leaves_nothing_in_the_way_of_another_attempt(model, tmp_path, monkeypatch, small_disk, to):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(CharlstmError, match=r"cannot be written \(No space left on device\)") as error:
        model.export(to, format="module")
    assert ".new" not in str(error.value)
    assert sorted(tmp_path.rglob("*")) == before
    small_disk()
    model.export(to, format="module")
    assert (tmp_path / "empty" / to / "model.json").exists()


def test_a_program_is_never_without_its_weights(model, tmp_path, small_disk):
    with pytest.raises(CharlstmError, match=r"tale\.safetensors cannot be written"):
        model.export("tale.py")
    assert not (tmp_path / "tale.py").exists()


@pytest.mark.parametrize("name", ["tale.pt", "tale.pth", "tale.safetensors"])
def test_names_of_pytorch_files_lead_to_its_format(model, name):
    with pytest.raises(ConfigError, match=r"\.pt\.safetensors for PyTorch, such as tale\.pt\.safetensors; found"):
        model.export(name)


@pytest.mark.parametrize("metadata", [None, {}, {"charlstm": "{}"}, {"charlstm": "["}])
def test_a_program_does_not_replace_the_weights_of_another(model, tmp_path, metadata):
    model.export("mine.py")
    program = (tmp_path / "mine.py").read_bytes()
    (tmp_path / "mine.safetensors").write_bytes(b"mine")
    if metadata is not None:
        save_file({"x": np.zeros(3)}, tmp_path / "mine.safetensors", metadata)
    before = (tmp_path / "mine.safetensors").read_bytes()
    with pytest.raises(ConfigError, match=r"would replace mine\.safetensors, which is not theirs; name another file"):
        model.export("mine.py")
    assert ((tmp_path / "mine.py").read_bytes(), (tmp_path / "mine.safetensors").read_bytes()) == (program, before)


@pytest.mark.parametrize("suffix", [".py", ".html", ".onnx", ".pt.safetensors", slow(".keras"), slow(".tflite")])
def test_a_file_that_no_export_wrote_is_not_replaced(model, tmp_path, suffix):
    mine = tmp_path / f"mine{suffix}"
    mine.write_text("print('mine')\n")
    with pytest.raises(ConfigError, match=r"mine\S+ exists, and no export wrote it; name another file"):
        model.export(mine)
    assert mine.read_text() == "print('mine')\n"
    mine.write_text("")  # as programs leave that ask for a name
    assert model.export(mine).size >= mine.stat().st_size > 0
    model.export(mine)  # its own, it replaces


@pytest.mark.parametrize(("to", "file_format"), [("a.keras", "onnx"), ("a.onnx", "html"), ("a.html", "module")])
def test_a_format_that_contradicts_the_name_is_refused(model, tmp_path, to, file_format):
    with pytest.raises(ConfigError, match=f"is the name of a file for .*, not for {file_format}"):
        model.export(to, format=file_format)
    assert not (tmp_path / to).exists()


@pytest.mark.parametrize("content", ["{}", "[]", "null", "{", '{"weights": 1, "vocabulary": 2}', "[" * 100_000])
def test_a_folder_of_other_files_is_not_touched(model, tmp_path, content):
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "model.json").write_text(content)
    (folder / "index.html").write_text("mine")
    with pytest.raises(ConfigError, match="an empty folder, or one of an earlier export"):
        model.export(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["index.html", "model.json"]
    assert (folder / "index.html").read_text() == "mine"


def test_folders_that_cannot_be_made_are_refused_before_any_work(model, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    monkeypatch.setattr("charlstm.export.exporting.make_card", lambda *_: pytest.fail("it was scored first"))
    for to in ("file", "file/site", "link"):
        with pytest.raises(CharlstmError):
            model.export(to, format="module")


def test_a_saved_model_is_replaced_as_a_whole_and_other_files_are_kept(model, tmp_path):
    model.export("savedmodel")
    before = (tmp_path / "savedmodel").stat().st_ino
    model.export("savedmodel/")
    assert (tmp_path / "savedmodel").stat().st_ino != before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoints", "savedmodel"]
    (tmp_path / "savedmodel" / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match="an empty folder, or one of an earlier export"):
        model.export("savedmodel")
    assert (tmp_path / "savedmodel" / "notes.txt").read_text() == "mine"


def test_a_saved_model_that_cannot_be_moved_leaves_the_old_one(model, tmp_path, monkeypatch):
    model.export("savedmodel")
    before = (tmp_path / "savedmodel").stat().st_ino
    rename = Path.rename

    def failing(self, target):
        if self.name.endswith(".new"):
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(CharlstmError, match="Input/output error"):
        model.export("savedmodel")
    assert (tmp_path / "savedmodel").stat().st_ino == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoints", "savedmodel"]


@pytest.mark.parametrize("windows", [("\n\n\n",), (" " * 12,), ("The quick\n\n",)])
def test_a_blank_passage_makes_a_page_too(tmp_path, make_checkpoint, windows):
    config = ModelConfig(vocabulary_size=len(ALPHABET), seq_len=12, units=(8,))
    model = charlstm.Model(make_checkpoint(tmp_path / "tale", config, windows=windows))
    assert model.export(tmp_path / "tale.html").size > 10_000


def test_without_the_text_the_card_has_the_recorded_score(model):
    found = model.export("tale.html")
    assert (found.card.nats_per_char, found.card.added_nats, found.card.held_out) == (1.25, None, 200)
    assert "story.txt" in found.unmeasured


def test_the_stored_weights_are_scored_on_the_held_out_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tale.txt").write_text(PANGRAM * 60)
    model = charlstm.train("tale.txt", units=12, seq_len=8, epochs=0.2, progress=False)
    found = model.export("site", format="module")
    tail = (PANGRAM * 60)[-found.card.held_out :]
    rounded = charlstm.load("tale", weights="float16").score(tail).nats_per_char
    assert found.card.nats_per_char == pytest.approx(rounded, abs=1e-6)
    assert found.card.added_nats == pytest.approx(rounded - model.score(tail).nats_per_char, abs=1e-6)
    assert model.export("exact", weights="float32").card.added_nats == 0
    assert json.loads((tmp_path / "exact" / "model.json").read_text())["weights"]["dtype"] == "float32"


def test_a_program_does_not_replace_other_weights(model, tmp_path):
    model.export("tale.py")
    model.export("tale.py")  # its own, it does
    model.export("other.pt.safetensors")
    before = (tmp_path / "other.pt.safetensors").read_bytes()
    (tmp_path / "folder.safetensors").mkdir()
    for file in ("other.pt.py", "folder.py"):
        with pytest.raises(CharlstmError, match="which is not theirs; name another file"):
            model.export(file)
        assert not (tmp_path / file).exists()
    assert (tmp_path / "other.pt.safetensors").read_bytes() == before


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
def test_what_a_format_cannot_do_is_refused_before_anything_is_written(model, tmp_path, to, options, said):
    with pytest.raises(CharlstmError) as error:
        model.export(to, **options)
    assert said in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoints"]


def test_activations_that_pytorch_lacks_are_refused(tmp_path, make_checkpoint):
    config = ModelConfig(vocabulary_size=len(ALPHABET), seq_len=12, units=(16,), recurrent_activation="hard_sigmoid")
    model = charlstm.Model(make_checkpoint(tmp_path / "tale", config))
    with pytest.raises(CharlstmError, match="tanh and sigmoid alone, and the model has tanh and hard_sigmoid"):
        model.export(tmp_path / "tale.pt.safetensors")
    assert not (tmp_path / "tale.pt.safetensors").exists()
