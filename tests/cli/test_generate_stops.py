"""``charlstm generate --stop``: texts that end before a string."""

import json

import pytest

pytestmark = pytest.mark.usefixtures("checkpoint")


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
def test_stop_string_ends_the_text_before_it(spoken, mode):
    options = ("--seed", "The ", "--length", "200", "--random-seed", "2", "--mode", mode)
    whole = spoken(*options)["samples"][0]["text"]
    stop = whole[50:53]
    stopped = spoken(*options, "--stop", stop)["samples"][0]
    assert stopped == {"text": whole[: whole.index(stop)], "random_seed": 2, "stop_reason": "stop"}
    first = min((stop, "q"), key=whole.index)
    assert spoken(*options, "--stop", stop, "--stop", "q")["samples"][0]["text"] == whole[: whole.index(first)]


def test_line_end_as_stop_string(charlstm, spoken):
    options = ("--seed", "The ", "--length", "400", "--random-seed", "2", "--stop", "\\n")
    sample = spoken(*options)["samples"][0]
    assert sample["stop_reason"] == "stop"
    assert "\n" not in sample["text"]
    assert charlstm("generate", *options).stdout == f"The {sample['text']}\n"


def test_backslash_n_in_stop_strings(charlstm, tmp_path, make_checkpoint):
    make_checkpoint(tmp_path / "tex" / "tale", vocabulary="\n\\en")
    options = ("generate", "--checkpoints", "tex", "--seed", "e", "--length", "200", "--random-seed", "1", "--json")

    def text(*more):
        result = charlstm(*options, *more)
        return json.loads(result.stdout)["samples"][0]["text"], result.stderr

    whole, _ = text()
    assert whole.index("\n") < whole.index("\\n")
    assert text("--stop", "\\n")[0] == text("--stop", "\n")[0] == whole.partition("\n")[0]
    assert text("--stop", "\\\\n")[0] == whole.partition("\\n")[0]
    assert text("--stop", "\\n")[1].startswith("In --stop, \\n is read as a line end")


@pytest.mark.parametrize("stop", ["Z", "foxZ", "\u00e9", "\\\\n", "\t", "\U0001f98a", "”"], ids=ascii)
def test_impossible_stop_string_is_refused(charlstm, tmp_path, stop):
    for more in ((), ("--on-unknown", "replace"), ("--json",), ("--interactive",), ("--output", "many.jsonl")):
        result = charlstm("generate", "--seed", "The", "--stop", stop, *more)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "the model can never generate" in result.stderr
        assert result.stderr.startswith("charlstm: ")
        assert result.stderr.count("\n") == 1
    assert not (tmp_path / "many.jsonl").exists()


def test_respelled_stop_string_is_reported(charlstm, tmp_path, make_checkpoint):
    make_checkpoint(tmp_path / "cafe" / "tale", vocabulary="abé")
    options = ("generate", "--checkpoints", "cafe", "--seed", "a", "--length", "50", "--random-seed", "1")
    result = charlstm(*options, "--stop", "e\u0301")
    assert result.stdout == charlstm(*options, "--stop", "é").stdout
    assert len(result.stdout) < 52
    assert "U+0065 U+0301) → é (U+00E9)" in result.stderr


def test_an_empty_stop_string_is_refused(charlstm):
    result = charlstm("generate", "--seed", "The", "--stop", "")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--stop" in result.stderr


def test_unmatched_stop_string_keeps_the_whole_text(charlstm):
    options = ("--seed", "The ", "--length", "30", "--random-seed", "2")
    assert charlstm("generate", *options, "--stop", "zzzzzzzz").stdout == charlstm("generate", *options).stdout
