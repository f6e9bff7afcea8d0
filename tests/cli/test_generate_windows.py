"""``charlstm generate --window``: what the stateless mode reads."""

import json

import pytest

pytestmark = pytest.mark.usefixtures("checkpoint")

OPTIONS = ("--seed", "The quick", "--length", "40", "--random-seed", "3")


def test_window_gives_the_text_that_compare_gives(charlstm, spoken):
    options = ("--seed", "The quick", "--length", "40", "--random-seed", "3", "--json")
    compared = json.loads(charlstm("compare", *options, "--windows", "5").stdout)
    assert spoken(*OPTIONS, "--window", "5")["samples"][0]["text"] == compared["windows"]["5"]["text"]


def test_window_that_holds_the_whole_text_is_like_stateful(spoken):
    assert spoken(*OPTIONS, "--window", "60")["samples"] == spoken(*OPTIONS, "--mode", "stateful")["samples"]


def test_files_have_the_window_too(charlstm, spoken, tmp_path):
    assert charlstm("generate", *OPTIONS, "--window", "3", "--output", "a.jsonl").exit_code == 0
    assert json.loads((tmp_path / "a.jsonl").read_text()) == spoken(*OPTIONS, "--window", "3")["samples"][0]


def test_window_is_refused_in_stateful_mode(refusal):
    assert refusal("generate", *OPTIONS, "--window", "3", "--mode", "stateful") == (
        "--window: expected none with --mode stateful, which has no window; found 3"
    )
