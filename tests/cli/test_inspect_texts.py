"""``charlstm inspect``: the texts and characters that it reads."""

import json

import numpy as np
import pytest

from charlstm.checkpoint.config_file import read_config
from charlstm.checkpoint.weights import read_weights
from charlstm.config import ModelConfig
from charlstm.inference.network import build_network

pytestmark = pytest.mark.usefixtures("two_layers")


def test_step_uses_the_given_character(inspect_json, two_layers):
    config = read_config(two_layers)
    network = build_network(config.model, read_weights(two_layers, config.model))
    passage = config.corpus.windows[0]
    state = network.initial_state(1)
    for character in config.vocabulary.encode(passage + "x"):
        network.step(character[None], state)
    found = inspect_json("step", "--character", "x", "--unit", "3")["sections"]["step"]
    assert (found["character"], found["after"], found["unit"]) == ("x", passage, 3)
    np.testing.assert_allclose(found["layers"][1]["h"], state[1].h[0], atol=1e-5)
    likeliest = config.vocabulary.decode([network.logits(state[-1].h)[0].argmax()])
    assert found["likeliest"][0]["character"] == likeliest
    alone = inspect_json("step")["sections"]["step"]
    assert (alone["after"] + alone["character"], alone["unit"]) == (passage, 0)


@pytest.mark.parametrize("text", ["T", "The fox", 'The "crown"\nquer' * 4])
@pytest.mark.parametrize("character", [None, "x"])
@pytest.mark.parametrize("way", ["--text", "--text-file"])
def test_step_reads_the_given_text_first(charlstm, inspect_json, two_layers, tmp_path, text, character, way):
    config = read_config(two_layers)
    network = build_network(config.model, read_weights(two_layers, config.model))
    read = text + (character or "")
    state = network.initial_state(1)
    for known in config.vocabulary.encode(read):
        network.step(known[None], state)
    (tmp_path / "text.txt").write_text(text)
    arguments = ("step", way, text if way == "--text" else "text.txt", *(("--character", character) if character else ()))
    record = inspect_json(*arguments)
    found = record["sections"]["step"]
    assert "inside" not in record
    assert (found["after"], found["character"]) == (read[:-1], read[-1])
    np.testing.assert_allclose(found["layers"][1]["h"], state[1].h[0], atol=1e-5)
    np.testing.assert_allclose(found["layers"][0]["c"], state[0].c[0], atol=1e-5)
    context = "from a zero state" if read == "T" else f"after {read[:-1]!r}"
    shown = " ".join(charlstm("inspect", *arguments).stdout.split())
    assert " ".join(f"The character read is {read[-1]!r}, {context}.".split()) in shown


def test_step_reads_the_end_of_a_long_text(charlstm, inspect_json):
    text = "fox " * 1_000 + "The crown"
    found = inspect_json("step", "--text", text)["sections"]["step"]
    assert (found["after"] + found["character"]) == text[-len(found["after"]) - 1 :]
    assert "the last " in charlstm("inspect", "step", "--text", text).stderr
    whole = inspect_json("--text", text)
    assert whole["sections"]["step"]["after"].endswith("The crow")
    assert text.startswith(whole["inside"]["text"])


def test_step_in_all_sections_reads_the_text_first(inspect_json):
    text = "The fox quer. " * 5
    found = inspect_json("--text", text)
    assert found["sections"]["step"]["after"] == text[:-1]
    assert found["inside"]["text"] == text


def test_long_context_shows_its_end(charlstm):
    shown = " ".join(charlstm("inspect", "step", "--text", "xnx" * 100).stdout.split())
    assert f"after 299 characters that end with {('xnx' * 100)[-101:-1]!r}" in shown


def test_inside_reads_stored_passages_by_default(inspect_json, two_layers):
    assert inspect_json("inside")["inside"]["text"] == "\n".join(read_config(two_layers).corpus.windows)


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


def test_character_and_text_are_unescaped_like_a_seed(charlstm, inspect_json, tmp_path, make_checkpoint):
    steps = [inspect_json("step", "--character", end)["sections"]["step"] for end in ("\\n", "\n")]
    assert steps[0] == steps[1]
    texts = [inspect_json("inside", "--text", f"The quick{end}brown fox ran " * 3)["inside"]["text"] for end in ("\\n", "\n")]
    assert texts[0] == texts[1]
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
    skipped = charlstm(*step, written, "--on-unknown", "skip")
    assert skipped.exit_code == 2
    assert f"the model does not know {written!r}, and nothing is left without it" in " ".join(skipped.stderr.split())
