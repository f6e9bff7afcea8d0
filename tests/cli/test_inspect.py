"""``charlstm inspect``: sections, their JSON, and activations along a text."""

import json
import re
from collections import Counter

import numpy as np
import pytest

from charlstm.checkpoint.config_file import read_config
from charlstm.checkpoint.weights import read_weights
from charlstm.config import ModelConfig
from charlstm.inference.network import build_network
from charlstm.nn.network import build_layers, keras_model

SECTIONS = ["shapes", "weights", "step", "state", "units", "time-distributed", "activations", "kernel"]
TITLES = [
    "Input shapes",
    "Weights",
    "One step, written out",
    "What is carried",
    "units and return_sequences",
    "TimeDistributed",
    "Activations",
    "Which kernel runs",
]


@pytest.fixture(autouse=True)
def tale(tmp_path, make_checkpoint):
    text = 'The quick brown fox "ran". The crown\nquer'
    vocabulary = "".join(sorted(set(text)))
    config = ModelConfig(vocabulary_size=len(vocabulary), seq_len=12, units=(16, 8))
    windows = ("The quick br", "brown fox. T")
    return make_checkpoint(tmp_path / "checkpoints" / "tale", config, vocabulary=vocabulary, windows=windows)


@pytest.fixture
def told(charlstm):
    return lambda *arguments: json.loads(charlstm("inspect", *arguments, "--json").stdout)


def test_json_keys(told, tale):
    found, config = told(), read_config(tale).model
    model = keras_model(build_layers(config), config.seq_len)
    assert found["parameters"] == model.count_params()
    assert [layer["name"] for layer in found["layers"]] == [layer.name for layer in model.layers]
    assert all(set(layer) == {"name", "type", "output_shape", "parameters", "weights"} for layer in found["layers"])
    assert found["layers"][2]["weights"]["kernel"] == [config.vocabulary_size, 64]
    assert list(found["sections"]) == SECTIONS
    assert "inside" not in found


@pytest.mark.parametrize("name", SECTIONS)
def test_one_section_by_name(charlstm, told, name):
    assert list(told(name)["sections"]) == [name]
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


def test_step_uses_the_given_character(told, tale):
    config = read_config(tale)
    network = build_network(config.model, read_weights(tale, config.model))
    passage = config.corpus.windows[0]
    state = network.initial_state(1)
    for character in config.vocabulary.encode(passage + "x"):
        network.step(character[None], state)
    found = told("step", "--character", "x", "--unit", "3")["sections"]["step"]
    assert (found["character"], found["after"], found["unit"]) == ("x", passage, 3)
    np.testing.assert_allclose(found["layers"][1]["h"], state[1].h[0], atol=1e-5)
    likeliest = config.vocabulary.decode([network.logits(state[-1].h)[0].argmax()])
    assert found["likeliest"][0]["character"] == likeliest
    alone = told("step")["sections"]["step"]
    assert (alone["after"] + alone["character"], alone["unit"]) == (passage, 0)


@pytest.mark.parametrize("text", ["T", "The fox", 'The "crown"\nquer' * 4])
@pytest.mark.parametrize("character", [None, "x"])
@pytest.mark.parametrize("way", ["--text", "--text-file"])
def test_step_reads_the_given_text_first(charlstm, told, tale, tmp_path, text, character, way):
    config = read_config(tale)
    network = build_network(config.model, read_weights(tale, config.model))
    read = text + (character or "")
    state = network.initial_state(1)
    for known in config.vocabulary.encode(read):
        network.step(known[None], state)
    (tmp_path / "text.txt").write_text(text)
    arguments = ("step", way, text if way == "--text" else "text.txt", *(("--character", character) if character else ()))
    record = told(*arguments)
    found = record["sections"]["step"]
    assert "inside" not in record
    assert (found["after"], found["character"]) == (read[:-1], read[-1])
    np.testing.assert_allclose(found["layers"][1]["h"], state[1].h[0], atol=1e-5)
    np.testing.assert_allclose(found["layers"][0]["c"], state[0].c[0], atol=1e-5)
    context = "from a zero state" if read == "T" else f"after {read[:-1]!r}"
    shown = " ".join(charlstm("inspect", *arguments).stdout.split())
    assert " ".join(f"The character read is {read[-1]!r}, {context}.".split()) in shown


def test_step_reads_the_end_of_a_long_text(charlstm, told):
    text = "fox " * 1_000 + "The crown"
    found = told("step", "--text", text)["sections"]["step"]
    assert (found["after"] + found["character"]) == text[-len(found["after"]) - 1 :]
    assert "the last " in charlstm("inspect", "step", "--text", text).stderr
    whole = told("--text", text)
    assert whole["sections"]["step"]["after"].endswith("The crow")
    assert text.startswith(whole["inside"]["text"])


@pytest.mark.parametrize("name", [name for name in SECTIONS if name != "step"])
def test_section_that_reads_no_text_refuses_it_by_name(charlstm, tmp_path, name):
    (tmp_path / "text.txt").write_text("The fox")
    for option, value in (("--text", "fox " * 20), ("--text-file", "text.txt")):
        result = charlstm("inspect", name, option, value)
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"{option} is for step and inside; {name} reads no text" in result.stderr
    assert charlstm("inspect", name, "--text", "fox " * 20, "--page", "page.html").exit_code == 0


def test_step_in_all_sections_reads_the_text_first(told):
    text = "The fox quer. " * 5
    found = told("--text", text)
    assert found["sections"]["step"]["after"] == text[:-1]
    assert found["inside"]["text"] == text


def test_long_context_shows_its_end(charlstm):
    shown = " ".join(charlstm("inspect", "step", "--text", "xnx" * 100).stdout.split())
    assert f"after 299 characters that end with {('xnx' * 100)[-101:-1]!r}" in shown


def test_keras_runs_only_with_the_keras_option(charlstm, told):
    assert not any("keras" in section for section in told()["sections"].values())
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


def test_activations_along_a_text(charlstm, told, tmp_path):
    text = 'The fox "ran" quer. The crown\nbrown. The "quick" brown ox "ran". The fox ran.'
    found = told("--text", text)["inside"]
    assert (found["text"], found["units"]) == (text, [16, 8])
    assert list(found["values"]) == ["i", "f", "g", "o", "c", "h"]
    assert all(len(values) == len(text) for values in found["values"].values())
    best = found["readable_cells"][0]
    assert (best["layer"], best["cell"]) == (found["layer"], found["cell"])
    (tmp_path / "story.txt").write_text(text)
    assert told("--text-file", "story.txt")["inside"] == found
    other = told("--text", text, "--layer", "2", "--unit", "7")["inside"]
    assert (other["layer"], other["cell"]) == (2, 7)
    lines = charlstm("inspect", "inside", "--text", text).stdout.splitlines()
    first, _ = text.split("\n")
    bars = lines[lines.index(first) + 1]
    assert len(bars) == len(first)
    values = found["values"]["c"][: len(bars)]
    assert set(bars) <= set("▁▂▃▄▅▆▇█")
    assert bars[int(np.argmax(values))] >= bars[int(np.argmin(values))]


def test_inside_reads_stored_passages_by_default(told, tale):
    assert told("inside")["inside"]["text"] == "\n".join(read_config(tale).corpus.windows)


def test_short_stored_passage_is_shown(charlstm, tmp_path, make_checkpoint):
    make_checkpoint(tmp_path / "checkpoints" / "short", windows=("lazy",))
    found = charlstm("inspect", "inside", "--checkpoint", "short", "--page", "page.html")
    assert found.exit_code == 0
    assert "lazy" in found.stdout.splitlines()
    assert json.loads(charlstm("inspect", "inside", "--checkpoint", "short", "--json").stdout)["inside"]["readable_cells"] == []


def test_long_text_is_inspected_at_its_beginning(charlstm, tmp_path):
    (tmp_path / "long.txt").write_text("The brown fox\n" * 100)
    result = charlstm("inspect", "inside", "--text-file", "long.txt", "--json")
    assert len(json.loads(result.stdout)["inside"]["text"]) == 1_000
    assert result.stderr == "Of the text's 1,400 characters, the first 1,000 are shown along the text.\n"


def test_page_has_sections_and_activations(charlstm, tmp_path):
    result = charlstm("inspect", "--page", "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert result.stderr == "The page is in page.html.\n"
    assert all(title in text for title in TITLES)
    assert 'id="map"' in text


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["paint"], 2, "SECTION: expected shapes, weights"),
        (["--unit", "16"], 2, "--unit: expected an integer from 0 to 15 for this model; found 16"),
        (["--layer", "3"], 2, "--layer: expected an integer from 1 to 2 for this model; found 3"),
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


def test_character_and_text_are_unescaped_like_a_seed(charlstm, told, tmp_path, make_checkpoint):
    assert told("step", "--character", "\\n")["sections"]["step"] == told("step", "--character", "\n")["sections"]["step"]
    typed, real = (told("inside", "--text", f"The quick{end}brown fox ran " * 3)["inside"]["text"] for end in ("\\n", "\n"))
    assert typed == real
    make_checkpoint(tmp_path / "cafe" / "tale", vocabulary="abcé")
    spelled = charlstm("inspect", "step", "--checkpoints", "cafe", "--character", "e\u0301")
    assert spelled.stdout == charlstm("inspect", "step", "--checkpoints", "cafe", "--character", "é").stdout
    assert "U+0065 U+0301) → é (U+00E9)" in spelled.stderr


def test_replaced_quotation_marks_are_reported(charlstm, tmp_path):
    (tmp_path / "text.txt").write_text("The quick brown fox “ran”. " * 3)
    result = charlstm("inspect", "inside", "--text-file", "text.txt", "--on-unknown", "replace", "--json")
    assert json.loads(result.stdout)["inside"]["text"] == 'The quick brown fox "ran". ' * 3
    assert result.stderr.endswith('replaced by the nearest known ones: “ → ", ” → "\n')


@pytest.mark.parametrize(("written", "nearest"), [("Ĕ", "E"), ("’", "'"), ("ﬀ", "ff")])
def test_unknown_character_is_replaced_on_request(charlstm, tmp_path, make_checkpoint, written, nearest):
    make_checkpoint(
        tmp_path / "checkpoints" / "quotes",
        ModelConfig(vocabulary_size=4, seq_len=4, units=(3,)),
        vocabulary="'Efx",
        windows=("E",),
    )
    step = ("inspect", "step", "--checkpoint", "quotes", "--json", "--character")
    refused = charlstm(*step, written)
    assert refused.exit_code == 1
    shown = charlstm(*step, written, "--on-unknown", "replace")
    assert shown.exit_code == (0 if len(nearest) == 1 else 2), shown.stderr
    if len(nearest) == 1:
        assert shown.stdout == charlstm(*step, nearest).stdout
