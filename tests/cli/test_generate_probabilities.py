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
