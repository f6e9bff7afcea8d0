"""``charlstm generate --probabilities``: the next character after a seed."""

import pytest

import charlstm as library

OPTIONS = ("--seed", "The quick", "--probabilities")


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
def test_probabilities_are_those_of_the_library(charlstm, spoken, checkpoint, mode):
    expected = library.load(checkpoint).next("The quick", top=None, mode=mode)
    told = spoken(*OPTIONS, "--mode", mode)
    assert list(told["probabilities"].items()) == expected
    assert sum(told["probabilities"].values()) == pytest.approx(1)
    assert (told["samples"], told["seed"]) == ([], "The quick")
    result = charlstm("generate", *OPTIONS, "--mode", mode)
    shown = {" ": "' '", "\n": "'\\n'"}
    assert result.stdout == "".join(f"{p:.4f}  {shown.get(character, character)}\n" for character, p in expected[:20])
    rest = sum(p for _, p in expected[20:])
    assert result.stderr == f"{len(expected) - 20} more have {rest:.4f} together; --json lists all.\n"


@pytest.mark.usefixtures("checkpoint")
@pytest.mark.parametrize("more", ["--interactive", "--output a.jsonl", "--seed fox"])
def test_probabilities_of_several_texts_are_a_usage_error(charlstm, more):
    assert charlstm("generate", *OPTIONS, *more.split()).exit_code == 2


@pytest.mark.usefixtures("checkpoint")
@pytest.mark.parametrize(
    "more",
    [
        "--only a-c",
        "--avoid e",
        "--words corpus",
        "--pattern a+",
        "--samples 3",
        "--stop e",
        "--end word",
        "--engine keras",
        "--length 500",
        "--temperature 0.6",
        "--top-k 3",
        "--word-temperature 1",
        "--dry-base 2",
        "--logprobs 2",
    ],
)
def test_options_of_a_text_are_refused_beside_probabilities(charlstm, more):
    result = charlstm("generate", *OPTIONS, *more.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"remove {more.split()[0]}" in result.stderr


@pytest.mark.usefixtures("checkpoint")
def test_a_separator_beside_json_is_refused(charlstm):
    result = charlstm("generate", "--seed", "The quick", "--json", "--separator", "* *")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "remove --separator" in result.stderr
