"""``charlstm inspect``: sections, their JSON, and activations along a text."""

import json
import re
from collections import Counter

import numpy as np
import pytest

from charlstm.checkpoint.config_file import read_config
from charlstm.nn.network import build_layers, keras_model

pytestmark = pytest.mark.usefixtures("two_layers")

SECTIONS = ["shapes", "weights", "step", "state", "units", "time-distributed", "activations", "kernel"]
TITLES = [
    "Input shapes",
    "Weights",
    "One step, written out",
    "Carried state",
    "units and return_sequences",
    "TimeDistributed",
    "Activations",
    "Kernel in use",
]


def test_json_keys(inspect_json, two_layers):
    found, config = inspect_json(), read_config(two_layers).model
    model = keras_model(build_layers(config), config.seq_len)
    assert found["parameters"] == model.count_params()
    assert [layer["name"] for layer in found["layers"]] == [layer.name for layer in model.layers]
    assert all(set(layer) == {"name", "type", "output_shape", "parameters", "weights"} for layer in found["layers"])
    assert found["layers"][2]["weights"]["kernel"] == [config.vocabulary_size, 64]
    assert list(found["sections"]) == SECTIONS
    assert "inside" not in found


@pytest.mark.parametrize("name", SECTIONS)
def test_one_section_by_name(charlstm, inspect_json, name):
    assert list(inspect_json(name)["sections"]) == [name]
    lines = charlstm("inspect", name).stdout.splitlines()
    assert [title for title in TITLES if title in lines] == [TITLES[SECTIONS.index(name)]]


def test_all_sections_fit_any_width_in_order(charlstm, monkeypatch):
    for columns in ("20", "80", "300"):
        monkeypatch.setenv("COLUMNS", columns)
        lines = charlstm("inspect").stdout.splitlines()
        assert max(map(len, lines)) <= min(int(columns), 110)
        if columns == "80":
            whole = {word for line in lines for word in line.split()}
            assert {"time_distributed", "lstm_1/recurrent_kernel", "hard_sigmoid", "sigmoid", "lstm_2"} <= whole
        if columns != "20":
            assert [line for line in lines if line in TITLES] == TITLES


@pytest.mark.parametrize("columns", ["40", "60", "72"])
def test_tables_break_no_number_or_word_in_any_width(charlstm, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", "110")
    wide = charlstm("inspect").stdout
    monkeypatch.setenv("COLUMNS", columns)
    narrow = charlstm("inspect").stdout
    unbroken = r"[-+]\d+\.\d+ … [-+]\d+\.\d+|\[\d+, \d+\]|[▁-█]+(?: +[▁-█]+)*|[-+]?\d+\.\d+"
    assert Counter(re.findall(unbroken, wide)) == Counter(re.findall(unbroken, narrow))
    assert {word.rstrip(":") for word in narrow.split()} <= {word.rstrip(":") for word in wide.split()}


@pytest.mark.slow
def test_keras_runs_only_with_the_keras_option(charlstm, inspect_json):
    assert not any("keras" in section for section in inspect_json()["sections"].values())
    result = charlstm("inspect", "--keras", "--json")
    found = json.loads(result.stdout)["sections"]
    assert all("keras" in section for section in found.values())
    assert "Starting TensorFlow" in result.stderr
    assert max(found["step"]["keras"]["layers"][1]["largest_difference"].values()) < 1e-5
    assert found["state"]["keras"]["stateful_layer_again"] > 0
    shown = " ".join(charlstm("inspect", "--keras").stdout.split())
    for sentence in (
        "Keras counts 12 and 16 for one unit",
        "Keras: kernel (8, 40), recurrent_kernel (10, 40), bias (40,).",
        "The same step by keras.layers.LSTM, all 16 units",
        "keras.layers.LSTM with the first layer's weights",
        "Keras gives (None, 256) for the two",
        "Keras, along that window: TimeDistributed(Dense) against Dense",
        "Keras at the same points, largest difference: sigmoid",
        "training runs charlstm's fast layer",
    ):
        assert sentence in shown


def test_activations_along_a_text(charlstm, inspect_json, tmp_path):
    text = 'The fox "ran" quer. The crown\nbrown. The "quick" brown ox "ran". The fox ran.'
    found = inspect_json("--text", text)["inside"]
    assert (found["text"], found["units"]) == (text, [16, 8])
    assert list(found["values"]) == ["i", "f", "g", "o", "c", "h"]
    assert all(len(values) == len(text) for values in found["values"].values())
    best = found["readable_cells"][0]
    assert (best["layer"], best["cell"]) == (found["layer"], found["cell"])
    (tmp_path / "story.txt").write_text(text)
    assert inspect_json("--text-file", "story.txt")["inside"] == found
    other = inspect_json("--text", text, "--layer", "2", "--unit", "7")["inside"]
    assert (other["layer"], other["cell"]) == (2, 7)
    lines = charlstm("inspect", "inside", "--text", text).stdout.splitlines()
    first, _ = text.split("\n")
    bars = lines[lines.index(first) + 1]
    assert len(bars) == len(first)
    values = found["values"]["c"][: len(bars)]
    assert set(bars) <= set("▁▂▃▄▅▆▇█")
    assert bars[int(np.argmax(values))] >= bars[int(np.argmin(values))]


def test_page_has_sections_and_activations(charlstm, tmp_path):
    result = charlstm("inspect", "--page", "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert result.stderr == "The page is in page.html.\n"
    assert all(title in text for title in TITLES)
    assert re.search(r'"start": \{"text": "[^"]+", "layer": \d, "unit": \d+, "view": "units"\}', text)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["paint"], 2, "SECTION: expected shapes, weights"),
        (["--unit", "16"], 2, "--unit: expected an integer from 0 to 15 for this model; found 16"),
        (["inside", "--layer", "3"], 2, "--layer: expected an integer from 1 to 2 for this model; found 3"),
        (["inside", "--layer", "2", "--unit", "8"], 2, "--unit: expected an integer from 0 to 7 for layer 2; found 8"),
        (["inside", "--cell", "16"], 2, "--unit: expected an integer from 0 to 15 for layer 1; found 16"),
        (["--character", "ox"], 2, "--character: expected one character; found 'ox'"),
        (["--character", ""], 2, "--character: expected one character; found ''"),
        (["--character", "Ö"], 1, "the model does not know 'Ö'"),
        (["--text", "fox"], 1, "need at least 50"),
        (["inside", "--text", "fox"], 1, "need at least 50"),
        (["step", "--text", ""], 1, "a step needs at least 1"),
        (["--text", "ÖÖÖÖÖÖÖÖÖ"], 1, "the model does not know 'Ö'"),
        (["--text", "fox", "--text-file", "a"], 2, "not both"),
        (["--page", "nowhere/page.html"], 2, "the folder nowhere does not exist"),
    ],
)
def test_invalid_arguments_are_refused(charlstm, arguments, code, said):
    result = charlstm("inspect", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr


UNUSED = {
    "--text": ({"step", "inside"}, "fox " * 20),
    "--text-file": ({"step", "inside"}, "text.txt"),
    "--on-unknown": ({"step", "inside"}, "skip"),
    "--character": ({"step"}, "Ö"),
    "--unit": ({"step", "inside"}, "5"),
    "--layer": ({"inside"}, "1"),
    "--keras": (set(SECTIONS), None),
}
"""For every option of some sections: those that use it, and a value."""


@pytest.mark.parametrize("option", UNUSED)
@pytest.mark.parametrize("name", [*SECTIONS, "inside"])
def test_section_refuses_an_option_that_it_does_not_use(charlstm, name, option):
    used_by, value = UNUSED[option]
    if name in used_by:
        return
    result = charlstm("inspect", name, option, *([value] if value else []))
    assert (result.exit_code, result.stdout) == (2, "")
    said = re.search(f"{option} is for (.*); {name} does not use it: remove {option};", result.stderr)
    assert set(re.split(", | or ", said[1])) == used_by


def test_page_of_a_section_shows_the_inside_with_its_options(charlstm, inspect_json):
    inside = ("--text", "The fox " * 10, "--unit", "3", "--layer", "1", "--page", "page.html")
    assert inspect_json("weights", *inside)["inside"]["cell"] == 3
    refused = charlstm("inspect", "weights", *inside, "--character", "x")
    assert "--character is for step" in refused.stderr


def test_all_sections_refuse_what_only_the_inside_uses(charlstm):
    result = charlstm("inspect", "--layer", "1")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--layer is for inside; the sections shown do not use it" in " ".join(result.stderr.split())
    assert charlstm("inspect", "--layer", "1", "--text", "The fox " * 10).exit_code == 0
    assert charlstm("inspect", "--unit", "3", "--character", "x").exit_code == 0
