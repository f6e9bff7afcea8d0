"""``charlstm generate``: texts that obey constraints."""

import json
import re

import pytest

from tests.cli.session import SEED

OPTIONS = ("--seed", SEED, "--length", "60", "--random-seed", "3", "--mode", "stateful", "--particles", "4")
CASES = {
    "avoid": (("--avoid", "ae\\n"), "[^ae\n]{60}"),
    "only": (("--only", "a-h x"), "[a-h x]{60}"),
    "words": (("--words", "words.txt"), r"(?:(?:(?<!\w)(?:A|a|bed|Bed|de|De)(?!\w)|\W))*"),
    "pattern": (("--pattern", "[a-h]{5,9}\\.[T\\n]"), "[a-h]{5,9}\\.[T\\n]"),
    "line-length": (("--line-length", "9"), "(?:.{0,5}\n)?(?:.{0,9}\n)*.{0,9}"),
    "acrostic": (("--acrostic", "Ta b", "--line-length", "20"), "(?!\n).*\na.*\n\nb.*"),
}


@pytest.fixture(autouse=True)
def checkpoint(tmp_path, make_checkpoint):
    (tmp_path / "words.txt").write_text("a bed\nde\n")
    return make_checkpoint(tmp_path / "checkpoints" / "tale", vocabulary="\n .ATabcdefghinqrstuvwx")


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
@pytest.mark.parametrize("name", CASES)
def test_texts_obey(spoken, name, mode):
    arguments, expected = CASES[name]
    found = spoken(*OPTIONS, *arguments, "--mode", mode, "--samples", "3")["samples"]
    assert all(re.fullmatch(expected, sample["text"]) for sample in found)
    assert len({sample["text"] for sample in found}) > 1
    assert {sample["stop_reason"] for sample in found} == {"complete" if name in ("pattern", "acrostic") else "length"}


@pytest.mark.parametrize("name", CASES)
def test_text_is_the_same_in_every_form(charlstm, spoken, tmp_path, name):
    options = (*OPTIONS, *CASES[name][0])
    (sample,) = spoken(*options)["samples"]
    assert charlstm("generate", *options).stdout == SEED + sample["text"] + "\n"
    assert charlstm("generate", *options, "--output", "many.jsonl").exit_code == 0
    assert [json.loads(line) for line in (tmp_path / "many.jsonl").read_text().splitlines()] == [sample]


def test_stop_string_ends_a_complete_text(spoken):
    samples = spoken(*OPTIONS, "--words", "words.txt", "--stop", "\\n", "--samples", "8")["samples"]
    assert "stop" in {sample["stop_reason"] for sample in samples}
    assert all(re.fullmatch(CASES["words"][1], sample["text"]) and "\n" not in sample["text"] for sample in samples)


def test_passage_before_an_acrostic_ends_with_a_line_end(charlstm):
    result = charlstm("generate", "--acrostic", "ab", "--line-length", "9", "--random-seed", "1")
    assert "\\n' (of" in result.stderr
    assert [line[0] for line in result.stdout.splitlines()] == ["a", "b"]


def test_resumed_file_has_the_same_words(charlstm, refusal, tmp_path):
    options = ("--output", "many.jsonl", *OPTIONS, "--words", "words.txt")
    assert charlstm("generate", *options).exit_code == 0
    assert "already has 1 text" in charlstm("generate", *options).stderr
    (tmp_path / "words.txt").write_text("bed")
    assert "was written with other words" in refusal("generate", *options)


def test_session_constrains_each_addition(talk):
    finished, _ = talk("", "T", "/quit", more=("--avoid", "ae", "--line-length", "8"))
    assert not set(finished[len(SEED) :]) & set("ae")
    assert max(map(len, finished.split("\n"))) <= 8


@pytest.mark.parametrize("option", ["--pattern", "--acrostic"])
def test_session_refuses_what_concerns_the_whole_text(charlstm, option):
    result = charlstm("generate", "--interactive", option, "T")
    assert result.exit_code == 2
    assert f"remove {option}" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--particles", "4"), "--particles: expected none for texts without constraints"),
        (("--pattern", "(a"), "--pattern: '(a' is not a regular expression"),
        (("--avoid", "ab", "--only", "ab"), "--avoid and --only leave no character"),
        (("--only", ""), "leave no character"),
        (
            ("--only", "xyz", "--words", "words.txt"),
            "--words: expected at least one word that consists of the characters that --avoid and --only leave; found",
        ),
        (("--words", "corpus"), "--words: the training text, story.txt, is neither here nor in data/"),
        (("--words", "absent.txt"), "absent.txt does not exist"),
        (("--acrostic", "ab"), "the last line of the seed begins with 'T'"),
        (("--pattern", "a{90}"), "has 90 characters; raise --length"),
    ],
)
def test_what_cannot_be_obeyed_is_refused_before_writing(refusal, arguments, words):
    options = ("--seed", SEED, "--length", "60")
    assert words in refusal("generate", *options, *arguments)


def test_empty_list_of_characters_to_avoid_is_refused(charlstm):
    result = charlstm("generate", *OPTIONS[:-2], "--avoid", "")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--avoid: expected at least one character; found ''" in result.stderr


def test_characters_that_the_model_can_never_generate_are_reported(charlstm):
    options = ("generate", *OPTIONS, "--particles", "1")
    result = charlstm(*options, "--avoid", "e’€’", "--only", "a-h€а-я x-z")
    assert result.stderr == (
        "--avoid: the model can never generate '’' '€', whether excluded or not.\n"
        "--only: the model can never generate '€' 'а-я'.\n"
    )
    assert result.stdout == charlstm(*options, "--avoid", "e", "--only", "a-h x-z").stdout
    assert charlstm(*options, "--avoid", "e\\n", "--only", "a-z").stderr == ""


def test_words_that_the_model_can_never_generate_are_reported(charlstm, tmp_path):
    (tmp_path / "words.txt").write_text("bed\ncafé bad’s\nZoë-3\n")
    (tmp_path / "plain.txt").write_text("bed\n")
    options = ("generate", *OPTIONS, "--particles", "1", "--words")
    result, plain = charlstm(*options, "words.txt"), charlstm(*options, "plain.txt")
    assert result.stderr == "--words: the model can never generate 4 of the 5 words: '3' 'Zoë' 'bad’s' 'café'.\n"
    assert (plain.stdout, plain.stderr) == (result.stdout, "")


def test_several_seeds_each_begin_their_text(spoken):
    options = ("--length", "30", "--random-seed", "3", "--words", "words.txt", "--line-length", "12", "--particles", "4")
    together = spoken("--seed", "a be", "--seed", "de ", *options)["samples"]
    assert together[0]["text"].startswith("d")
    for seed, sample in zip(["a be", "de "], together, strict=True):
        assert sample["text"] == spoken("--seed", seed, *options)["samples"][0]["text"]


def test_log_probabilities_are_those_of_the_model(spoken):
    (sample,) = spoken(*OPTIONS, "--avoid", "ae", "--logprobs", "1")["samples"]
    (free,) = spoken(*OPTIONS, "--logprobs", "1", "--only", "\\n -z", "--particles", "1")["samples"]
    assert [each["character"] for each in sample["logprobs"]] == list(sample["text"])
    assert free["logprobs"][0]["top"] == sample["logprobs"][0]["top"]


def test_alternatives_in_a_session_are_words_that_obey(talk):
    finished, shown = talk("/alternatives", "/take 1", "", "/quit", more=("--avoid", "ae", "--end", "word"))
    listed = [line.split()[-1] for line in shown[1].splitlines()[:-1]]
    assert len(listed) == 10
    assert not any(set("ae") & set(word) for word in listed)
    assert not set("ae") & set(finished[len(SEED) :])


@pytest.mark.parametrize("particles", ["1", "8"])
def test_constrained_texts_end_with_a_word(spoken, particles):
    options = ("--avoid", "ae", "--length", "20", "--samples", "5", "--particles", particles, "--end", "word")
    for sample in spoken(*OPTIONS, *options)["samples"]:
        assert not set("ae") & set(sample["text"])
        assert 20 <= len(sample["text"]) <= 60
        assert sample["stop_reason"] == "length" or sample["text"][-1] != " "


def test_a_kept_stop_and_a_regular_expression_end_constrained_texts(spoken):
    options = ("--avoid", "ae", "--length", "300", "--samples", "4", "--particles", "4")
    for sample in spoken(*OPTIONS, *options, "--stop", "x", "--keep-stop")["samples"]:
        assert sample["stop_reason"] == "length" or sample["text"].index("x") == len(sample["text"]) - 1
    for sample in spoken(*OPTIONS, *options, "--stop-regex", "[xz]+")["samples"]:
        assert not set("aexz") & set(sample["text"])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "cp037"])
def test_words_are_read_in_the_given_text_encoding(spoken, tmp_path, encoding):
    (tmp_path / "other.txt").write_text("a bed\nde\n", encoding=encoding)
    expected = spoken(*OPTIONS, "--words", "words.txt")["samples"]
    assert spoken(*OPTIONS, "--words", "other.txt", "--text-encoding", encoding)["samples"] == expected
