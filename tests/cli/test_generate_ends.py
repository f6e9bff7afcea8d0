"""``charlstm generate``: texts that continue to an end, end at a regular expression, or keep what ended them."""

import json
import re
from itertools import pairwise

import pytest

from tests.cli.session import SEED

OPTIONS = ("--seed", SEED, "--length", "60", "--random-seed", "3")
KINDS = ("word", "line", "sentence", "paragraph")


@pytest.fixture(autouse=True)
def checkpoint(tmp_path, make_checkpoint):
    return make_checkpoint(tmp_path / "checkpoints" / "tale", vocabulary="\n .ATabcdefghinqrstuvwx")


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
@pytest.mark.parametrize("end", KINDS)
def test_text_continues_to_its_end_and_no_further(spoken, mode, end):
    options = (*OPTIONS, "--mode", mode)
    (longer,) = spoken(*options, "--length", "180")["samples"]
    (sample,) = spoken(*options, "--end", end)["samples"]
    assert longer["text"].startswith(sample["text"])
    assert 60 <= len(sample["text"]) <= 180
    if end == "word":
        assert sample["stop_reason"] == "end"
    elif sample["stop_reason"] == "length":  # cut after the last word
        rest = longer["text"][len(sample["text"]) :]
        assert not any(before != " " and after == " " for before, after in pairwise(rest))


def test_each_text_of_several_has_its_own_end(spoken):
    together = spoken(*OPTIONS, "--end", "word", "--samples", "4")["samples"]
    assert together == [spoken(*OPTIONS, "--end", "word", "--random-seed", str(number))["samples"][0] for number in range(3, 7)]
    assert len({len(sample["text"]) for sample in together}) > 1


@pytest.mark.parametrize("keep", [False, True])
def test_regular_expression_ends_the_text(spoken, charlstm, keep):
    (whole,) = spoken(*OPTIONS)["samples"]
    match = re.search("[a-h][n-x]", whole["text"])
    more = ("--stop-regex", "[a-h][n-x]", *["--keep-stop"] * keep)
    (sample,) = spoken(*OPTIONS, *more)["samples"]
    assert sample == {**whole, "text": whole["text"][: match.end() if keep else match.start()], "stop_reason": "stop"}
    assert charlstm("generate", *OPTIONS, *more).stdout == SEED + sample["text"] + "\n"


def test_kept_stop_string_is_in_the_text(spoken):
    (whole,) = spoken(*OPTIONS)["samples"]
    stop = whole["text"][20:23]
    (sample,) = spoken(*OPTIONS, "--stop", stop, "--keep-stop")["samples"]
    assert sample["text"] == whole["text"][: whole["text"].index(stop) + 3]


def test_file_has_the_same_texts_and_is_refused_with_another_end(charlstm, spoken, tmp_path):
    options = (*OPTIONS, "--samples", "3", "--end", "word", "--stop-regex", "q+x")
    assert charlstm("generate", *options, "--output", "many.jsonl").exit_code == 0
    lines = [json.loads(line) for line in (tmp_path / "many.jsonl").read_text().splitlines()]
    assert lines == spoken(*options)["samples"]
    other = charlstm("generate", *options, "--end", "line", "--output", "many.jsonl")
    assert other.exit_code == 1
    assert "was written with --end word (now line)" in other.stderr


def test_session_ends_every_step_with_a_word(charlstm, spoken):
    options = (*OPTIONS, "--end", "word")
    result = charlstm("generate", "--interactive", *options, stdin="/quit\n")
    assert result.stdout == SEED + spoken(*options)["samples"][0]["text"] + "\n"


@pytest.mark.parametrize("expression", ["(", "a*"])
def test_invalid_expression_is_refused(refusal, expression):
    said = refusal("generate", *OPTIONS, "--stop-regex", expression)
    assert said.startswith("--stop-regex: expected ")
    assert repr(expression) in said


def test_keeping_a_stop_without_one_is_refused(charlstm):
    result = charlstm("generate", *OPTIONS, "--keep-stop")
    assert result.exit_code == 2
    assert "--keep-stop keeps what ended a text; give --stop or --stop-regex too" in result.stderr
